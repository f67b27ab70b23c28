package istio

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// outcomes are intents with what must and must not be in the manifests, and the
// codes of the errors and warnings, the counted one left out.
var outcomes = []struct {
	name   string
	target string
	intent string
	has    []string
	lacks  []string
	codes  []diag.Code
}{
	{
		name: "a workload of the root namespace", target: "istio",
		intent: `
namespace "istio-system" {
  default_deny = "none"
  workload "gateway" {
    labels       = { istio = "ingressgateway" }
    default_deny = "ingress"
  }
  allow anywhere to gateway { tcp = [8443] }
}`,
		codes: []diag.Code{diag.CannotSay},
	},
	{
		name: "a subject known by its account only", target: "istio",
		intent: `
namespace "shop" {
  workload "api" { service_account = "api" }
  allow anywhere to api { tcp = [8080] }
}`,
		codes: []diag.Code{diag.CannotSay},
	},
	{
		name: "an open namespace has no policies", target: "istio",
		intent: `
namespace "shop" {
  default_deny = "none"
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
}`,
		lacks: []string{"kind:"},
	},
	{
		name: "a namespace outside the mesh has no policies", target: "istio",
		intent: `
namespace "shop" {
  mesh = false
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
}`,
		lacks: []string{"kind:"},
	},
	{
		name: "one workload of the mesh in a namespace outside it", target: "istio",
		intent: `
namespace "shop" {
  mesh = false
  workload "api" {
    labels = { app = "api" }
    mesh   = true
  }
  allow anywhere to api { tcp = [8080] }
}`,
		has: []string{"name: api", "name: shop--all"},
	},
	{
		name: "accounts in groups of sixteen", target: "istio",
		intent: `
namespace "shop" {
  workload "api" { labels = { app = "api" } }
` + many(20, `  workload "w%02d" {
    labels          = { app = "w%02[1]d" }
    service_account = "w%02[1]d"
  }
`) + `
  allow "all" {
    from = [` + many(20, "w%02d, ") + `]
    to   = [api]
    tcp  = [8080]
  }
}`,
		has: []string{"        - shop/w15\n    - source:\n        serviceAccounts:\n        - shop/w16\n"},
	},
	{
		name: "accounts of an unmeshed workload are nobody's siblings", target: "istio",
		intent: `
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "old" {
    labels          = { app = "old" }
    service_account = "web"
    mesh            = false
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = [8080] }
}`,
		has: []string{"- shop/web"},
	},
	{
		name: "a namespace with a pod outside the mesh", target: "istio",
		intent: `
namespace "shop" {
  workload "old" {
    labels = { app = "old" }
    mesh   = false
  }
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
}`,
		codes: []diag.Code{diag.LacksIdentity},
	},
	{
		name: "taken out, it is no obstacle", target: "istio",
		intent: `
namespace "shop" {
  workload "old" {
    labels = { app = "old" }
    mesh   = false
  }
  workload "api" { labels = { app = "api" } }
  allow "but-old" {
    from   = [self]
    except = [old]
    to     = [api]
    tcp    = [8080]
  }
}`,
		has:   []string{"        namespaces:\n        - shop\n"},
		lacks: []string{"notPrincipals"},
	},
	{
		name: "identity where mutual TLS is disabled", target: "istio",
		intent: `
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels     = { app = "api" }
    mtls_ports = { 8080 = "disable" }
  }
  allow web to api { tcp = [8080] }
  allow "other-port" {
    from = [web]
    to   = [api]
    tcp  = [9090]
  }
}`,
		codes: []diag.Code{diag.LacksIdentity},
	},
	{
		name: "workloads that may be one pod and state different modes", target: "istio",
		intent: `
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    mtls   = "strict"
  }
  workload "canary" {
    labels = { canary = "yes" }
    mtls   = "permissive"
  }
}`,
		codes: []diag.Code{diag.LacksMTLS},
	},
	{
		name: "workloads that may be one pod and state the same", target: "istio",
		intent: `
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    mtls   = "strict"
  }
  workload "canary" {
    labels = { canary = "yes" }
    mtls   = "strict"
  }
}`,
		has: []string{"canary: \"yes\""},
	},
	{
		name: "mutual TLS of the root namespace alone", target: "istio",
		intent: `
namespace "istio-system" {
  default_deny = "none"
  mtls         = "strict"
}`,
		codes: []diag.Code{diag.LacksMTLS},
	},
	{
		name: "an inherited mode with a port's own", target: "istio",
		intent: `
namespace "shop" {
  workload "api" {
    labels     = { app = "api" }
    mtls_ports = { 9187 = "permissive" }
  }
}`,
		has:   []string{"    \"9187\":\n      mode: PERMISSIVE\n"},
		lacks: []string{"  mtls:\n", "UNSET"},
	},
	{
		name: "requests on every port", target: "istio",
		intent: `
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow "get" {
    from = [anywhere]
    to   = [api]
    tcp  = any
    http = ["GET"]
  }
}`,
		has:   []string{"methods:\n        - GET\n"},
		lacks: []string{"ports:"},
		codes: []diag.Code{diag.LeftOut},
	},
	{
		name: "a deny of an open path within", target: "istio",
		intent: `
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  deny "segment" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    http = ["GET /users/*/keys"]
  }
  deny "below" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    http = ["GET /admin/**"]
  }
}`,
		codes: []diag.Code{diag.LacksHTTP},
	},
	{
		name: "a header value with a star", target: "istio",
		intent: `
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow "star" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    http = [{ headers = { accept = "text/*" } }]
  }
}`,
		codes: []diag.Code{diag.LacksHTTP},
	},
	{
		name: "a host with a wildcard", target: "istio",
		intent: `
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow "wild" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    http = [{ hosts = ["*.example.com"] }]
  }
}`,
		codes: []diag.Code{diag.LacksHTTP},
	},
	{
		name: "an open namespace in a closed cluster, with a closed workload", target: "istio",
		intent: `
cluster { default_deny = "ingress" }
namespace "istio-system" {
  managed = false
  mesh    = false
}
namespace "lab" {
  default_deny = "none"
  workload "vault" {
    labels       = { app = "vault" }
    default_deny = "ingress"
  }
}`,
		codes: []diag.Code{diag.CannotSay},
	},
	{
		name: "the root namespace closed with the cluster", target: "istio",
		intent: `
cluster {
  default_deny = "ingress"
  exempt       = ["kube-system"]
}`,
		has: []string{"name: cluster--default", "namespace: istio-system", "name: kube-system--all"},
	},
	{
		name: "an allow into every namespace of a closed cluster", target: "istio",
		intent: `
cluster {
  default_deny = "ingress"
  exempt       = ["kube-system"]
}
namespace "mon" {
  managed = false
  workload "prom" {
    labels          = { app = "prom" }
    service_account = "prom"
  }
}
allow "scrape" {
  from = ["mon.prom"]
  to   = [cluster]
  tcp  = [9090]
  at   = "destination"
}`,
		has:   []string{"portolan.dev/rules: scrape", "name: cluster--default"},
		lacks: []string{"name: mon--all"},
	},
	{
		name: "requests between pods of the mesh, restricted where they are sent", target: "cilium+istio",
		intent: `
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
}
namespace "lab" {
  default_deny = "none"
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
}
allow "get" {
  from = ["shop.web"]
  to   = ["lab.api"]
  tcp  = [8080]
  http = ["GET /"]
}`,
		codes: []diag.Code{diag.LacksHTTP},
	},
	{
		name: "a stack leaves what the CNI has to the CNI", target: "cilium+istio",
		intent: `
external "stripe" { fqdns = ["api.stripe.com"] }
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to stripe { tcp = [443] }
  allow "ping" {
    from = [web]
    to   = [api]
    icmp = [8]
  }
  allow "dns" {
    from = [web]
    to   = [api]
    udp  = [53]
  }
  deny web to api { tcp = [22] }
  allow "logged" {
    from = [world]
    to   = [api]
    tcp  = [443]
    log  = true
  }
}`,
		has:   []string{"  - to:\n    - operation:\n        ports:\n        - \"443\"\n"},
		lacks: []string{"DENY", "from:"},
	},
	{
		name: "peers of every kind without identity in a stack", target: "kubernetes+istio",
		intent: `
namespace "shop" {
  workload "job" { labels = { app = "job" } }
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /"]
  }
  allow "everything" {
    from = [job, world]
    to   = [api]
    tcp  = [8080, 9090]
  }
}`,
		codes: []diag.Code{diag.LacksIdentity},
	},
	{
		name: "a staged pass that takes from an allow", target: "istio",
		intent: `
namespace "shop" {
  workload "api" { labels = { app = "api" } }
}
tier "first" {
  order = 10
  allow anywhere to "shop.api" { tcp = [80, 81] }
  pass "p" {
    from = [anywhere]
    to   = ["shop.api"]
    tcp  = [81]
    mode = "staged"
  }
}`,
		codes: []diag.Code{diag.LacksStaged},
	},
	{
		name: "a staged pass that changes nothing", target: "istio",
		intent: `
tier "first" {
  order = 10
  pass "p" {
    from = [cluster]
    to   = [cluster]
    mode = "staged"
    at   = "destination"
  }
}`,
	},
	{
		name: "a label over many values", target: "istio",
		intent: `
namespace "shop" {
  workload "api" { labels = { app = [` + many(101, `"a%d", `) + `] } }
  allow anywhere to api { tcp = [80] }
}`,
		codes: []diag.Code{diag.CannotSay},
	},
	{
		name: "more rules than a policy takes", target: "istio",
		intent: `
namespace "shop" {
  workload "api" { labels = { app = "api" } }
` + many(513, `  allow "r%d" {
    from = [anywhere]
    to   = [api]
    tcp  = [80]
  }
`) + `}`,
		codes: []diag.Code{diag.OverBound},
	},
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestOutcomes(t *testing.T) {
	for _, tt := range outcomes {
		t.Run(tt.name, func(t *testing.T) {
			out, diags := render(t, tt.target, tt.intent)
			var codes []diag.Code
			for _, d := range diags {
				if d.Code != diag.OutOfScope && !slices.Contains(codes, d.Code) {
					codes = append(codes, d.Code)
				}
			}
			if !slices.Equal(codes, tt.codes) {
				t.Errorf("codes %v, want %v: %v", codes, tt.codes, diags)
			}
			for _, s := range tt.has {
				if !strings.Contains(out, s) {
					t.Errorf("lacks %q", s)
				}
			}
			for _, s := range tt.lacks {
				if strings.Contains(out, s) {
					t.Errorf("has %q", s)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}
