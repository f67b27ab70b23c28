package intent

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// everythingJSON says what everything says, in JSON.
const everythingJSON = `{
  "//": "a comment",
  "portolan": { "required_version": ">= 0.1", "language": 1 },
  "cluster": {
    "pod_cidrs": ["10.0.0.0/16"], "service_cidrs": ["10.1.0.0/16"], "node_cidrs": ["10.2.0.0/16"],
    "api_server": ["10.2.0.1", "10.2.0.2/32"], "trust_domain": "cluster.local", "mesh_root_namespace": "istio-root",
    "default_deny": "ingress", "exempt": ["kube-system", "legacy"], "mtls": "strict", "cluster_mesh": true, "external_traffic": "rewritten", "mesh_metrics": ["monitoring.prometheus"],
    "switches": { "host_firewall": true, "named_ports": "wider" },
    "ingress": { "workload": "monitoring.prometheus" },
    "dns": { "namespace": "dns", "labels": { "app": "coredns" }, "port": 5353, "node_local": "169.254.20.10" }
  },
  "namespace": {
    "shop": {
      "name": "shop-prod", "labels": { "team": "a" }, "default_deny": "ingress", "dns": false, "mtls": "strict", "mesh": true, "waypoint": "way",
      "mode": "staged", "description": "the shop",
      "workload": {
        "web": {
          "labels": { "app.kubernetes.io/name": ["web", "web2"], "tier": "${any}", "canary": "${absent}", "env": "${not(\"dev\", \"test\")}" },
          "service_account": "web",
          "ports": { "http": 8080, "metrics": { "port": 9187, "protocol": "http" } },
          "services": { "web": { "80": 8080, "9187": "metrics" }, "metrics": "metrics" },
          "mesh": false, "host_network": false, "default_deny": "both", "dns": true, "mtls": "permissive",
          "mtls_ports": { "metrics": "disable", "8080": "strict" }
        },
        "db": { "service_account": "db" }
      },
      "allow": {
        "web-db": { "from": ["web"], "to": ["db"], "tcp": [5432, "6000-6010", "metrics"], "log": true },
        "many": {
          "from": ["web", "monitoring.prometheus", "${workload.db}", "${pods({ app = \"x\" })}"],
          "to": ["self", "others", "stripe", "${cidr(\"10.0.0.0/8\", \"10.1.0.0/16\")}", "${fqdn(\"*.example.com\", \"a.example.org\")}"],
          "except": ["db"],
          "except_to": ["${pods({ app = \"y\" }, { team = not(\"b\") })}", "${pods({ app = \"z\" }, any)}"],
          "udp": ["${any}"], "sctp": "${any}", "icmp": [8, "3/4"], "icmpv6": "${any}", "at": "source", "mode": "staged"
        },
        "cluster-web": {
          "from": ["cluster"], "to": ["web"], "tcp": [8080],
          "http": ["GET /api/**", "POST", "* /x/*", { "methods": ["GET", "PUT"], "paths": ["/a", "~/b.*"], "hosts": ["*.example.com"], "headers": { "X-Tenant": "a", "Debug": "${absent}" } }],
          "grpc": ["shop.Cart/Get", "shop.v1.Cart/*"]
        },
        "web-dns": { "from": ["web"], "to": ["dns"], "udp": [53], "dns": ["*.example.com", "example.com"] }
      },
      "test": { "the database is private": {
        "deny": { "world-db": { "from": ["world"], "to": ["db"] } },
        "allow": { "web-db": { "from": ["web"], "to": ["db"], "tcp": [5432] } }
      } }
    },
    "monitoring": { "managed": false, "targets": ["eu"], "offers": [
      { "to": ["prometheus"], "from": ["shop"], "tcp": [9090], "http": ["GET /metrics"] }, { "udp": [53] }
    ], "workload": { "prometheus": { "labels": { "app": "prometheus" } } } },
    "teams": { "match": { "team": "${any}" } },
    "far": { "name": "shop", "cluster": ["west", "north"], "workload": { "ledger": { "labels": { "app": "ledger" } } } }
  },
  "external": {
    "stripe": { "fqdns": ["api.stripe.com"] },
    "abuse": { "cidrs": ["192.0.2.0/24"], "except": ["192.0.2.128/25"], "targets": ["eu"] }
  },
  "nodes": { "workers": { "labels": { "role": "worker" }, "default_deny": "ingress", "mode": "staged" } },
  "issuer": {
    "auth": { "issuer": "https://auth.example.com", "jwks_uri": "https://auth.example.com/keys", "audiences": ["shop"] },
    "partners": { "issuer": "https://partners.example.org", "jwks": "{\"keys\": [{}]}" }
  },
  "group": { "outside": { "members": ["abuse", "external.stripe", "${namespaces({ team = \"a\" })}", "${teams}"] } },
  "deny": { "abuse-apiserver": { "from": ["abuse"], "to": ["apiserver"], "targets": ["eu"] } },
  "allow": {
    "nodes-web": { "from": ["nodes"], "to": ["shop.web"], "tcp": [8080] },
    "ingress-web": {
      "from": ["ingress"], "to": ["shop.web"], "tcp": [8080], "http": ["GET"], "client": ["192.0.2.0/24"],
      "jwt": ["partners", { "issuer": "auth", "subject": ["a"], "audiences": ["shop"], "claims": { "realm.role": "${any}", "x\\.y": ["b", "c"] } }]
    },
    "workers-ledger": { "from": ["workers"], "to": ["far.ledger"], "tcp": [8443], "sni": ["a.example.com", "*.example.org"] }
  },
  "tier": { "security": { "order": 100, "default": "deny", "targets": ["eu"],
    "deny": { "abuse-cluster": { "from": ["abuse"], "to": ["cluster"] } },
    "pass": { "later": { "from": ["cluster"], "to": ["world"] } },
    "log": { "anywhere-outside": { "from": ["anywhere"], "to": ["outside"] } }
  } },
  "target": { "eu": { "cni": "cilium@1.18", "mesh": "istio-ambient", "mode": "staged", "trust_domain": "eu.example.com",
    "dns": { "port": 53 }, "ingress": { "kind": "nodes" }, "external": { "abuse": { "cidrs": ["198.51.100.0/24"] } },
    "accept": { "widened": [ { "lacks": ["log", "http"], "rules": ["shop/web->db"], "reason": "for now", "until": "2027-03-31" } ] }
  } },
  "test": { "at top level": { "targets": ["eu"], "deny": { "abuse-db": { "from": ["abuse"], "to": ["shop.db"] } } } }
}`

// TestJSON demands the same Config of both syntaxes, but for the names that
// rules of JSON must have.
func TestJSON(t *testing.T) {
	c, _, diags := Load([]string{write(t, map[string]string{"a.portolan.hcl.json": everythingJSON})}, Options{Version: "0.1.0"})
	for _, d := range diags {
		t.Errorf("%s\n\t%s", d, d.Detail)
	}
	want := everythingShown
	for _, x := range [][2]string{
		{"rule abuse->apiserver ", "rule abuse-apiserver "}, {"rule nodes->shop.web ", "rule nodes-web "},
		{"rule ingress->shop.web ", "rule ingress-web "}, {"rule workers->far.ledger ", "rule workers-ledger "},
		{"rule shop/cluster->web ", "rule shop/cluster-web "}, {"rule shop/web->db ", "rule shop/web-db "},
		{"rule shop/web->dns ", "rule shop/web-dns "}, {"rule security/abuse->cluster ", "rule security/abuse-cluster "},
		{"rule security/anywhere->outside ", "rule security/anywhere-outside "}, {"rule abuse->shop.db ", "rule abuse-db "},
		{"rule shop/world->db ", "rule shop/world-db "},
	} {
		want = strings.ReplaceAll(want, x[0], x[1])
	}
	compareText(t, show(c), want)
}

// Standard input is JSON where it begins with a brace.
func TestJSONOnStandardInput(t *testing.T) {
	c, diags := loadText(t, "\n "+everythingJSON, Options{})
	if len(diags) != 0 || len(c.Namespaces) != 4 {
		t.Errorf("%d namespaces, %v", len(c.Namespaces), diags)
	}
}

func TestJSONVariables(t *testing.T) {
	text := `{
  "variable": { "ports": { "type": "list(number)", "default": [80], "validation": { "condition": "${length(var.ports) > 0}", "error_message": "No ports." } } },
  "locals": { "type": "${[for p in var.ports : p + 1]}", "text": "$${not a template}" },
  "namespace": { "t": { "for_each": { "a": { "port": 5 } }, "name": "x-${each.key}", "labels": { "${each.key}": "b" }, "workload": { "w": { "labels": { "text": "${length(local.text)}x" } } },
    "allow": { "r": { "from": ["${self}"], "to": ["w"], "tcp": "${concat(local.type, [each.value.port])}" } } } }
}`
	c, diags := loadText(t, text, Options{Vars: []string{"ports=[90]"}})
	for _, d := range diags {
		t.Errorf("%s\n\t%s", d, d.Detail)
	}
	got := show(c)
	compareText(t, got[strings.Index(got, "namespace"):], `namespace t["a"] name="x-a" match=[all] labels=map[a:b] managed=true deny=both dns=true mtls=unset mesh=true mode=enforce
  workload t["a"]/w [text=17x] account="" mesh=true host=false deny=both dns=true mtls=unset
rule t["a"]/r allow {self} -> {t["a"]/w} tcp 91-91 5-5 at=0 mode=enforce log=false
`)
}

// Errors in JSON have the same codes, and places in the JSON text.
func TestJSONErrors(t *testing.T) {
	for _, x := range []struct {
		text, code, at string
	}{
		{`{"namespace": {"shop": {"colour": 1}}}`, string(diag.UnknownArgument), `"colour"`},
		{`{"namespaces": {"shop": {}}}`, string(diag.UnknownArgument), `"namespaces"`},
		{`{"allow": {"x": {"to": ["cluster"]}}}`, string(diag.MissingArgument), `"x"`},
		{`{"allow": {"x": {"from": ["cluster"], "to": ["clusterr"]}}}`, string(diag.UnknownName), `"clusterr"`},
		{`{"allow": {"x": {"from": ["cluster"], "to": ["world"], "tcp": []}}}`, string(diag.EmptySelection), `[]`},
		{`{"allow": {"x": {"from": null, "to": ["world"]}}}`, string(diag.EmptySelection), `null`},
		{`{"allow": {"x": {"from": ["cluster"], "to": ["${upper(}"]}}}`, string(diag.Syntax), ``},
		{`{"allow": {"a b": {"from": ["cluster"], "to": ["world"]}}}`, string(diag.BadName), `"a b"`},
		{`{"allow": {"x": 5}}`, string(diag.Syntax), `5`},
		{`{"dynamic": {"x": {}}}`, string(diag.RefusedOnPurpose), `"dynamic"`},
		{`{"cluster": {"dns": true}}`, string(diag.Syntax), `true`},
		{`{"a": `, string(diag.Syntax), ``},
		{`[1]`, string(diag.Syntax), ``},
	} {
		dir := write(t, map[string]string{"a.portolan.hcl.json": x.text})
		_, sources, diags := Load([]string{dir}, Options{})
		if len(diags) == 0 {
			t.Errorf("%s: nothing was said", x.text)
			continue
		}
		for _, d := range diags[1:] {
			t.Errorf("%s: more was said: %s", x.text, d)
		}
		d := diags[0]
		got := string(sources[d.Range.File])[d.Range.Start.Byte:d.Range.End.Byte]
		if string(d.Code) != x.code || x.at != "" && got != x.at {
			t.Errorf("%s: %s at %q", x.text, d, got)
		}
	}
}
