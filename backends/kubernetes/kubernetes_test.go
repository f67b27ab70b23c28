package kubernetes

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
)

// program lowers an intent's text, which must be without errors.
func program(t *testing.T, text string) *ir.Program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.portolan.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, diags := intent.Load([]string{file}, intent.Options{})
	var on *intent.Target
	if len(cfg.Targets) > 0 {
		on = cfg.Targets[0]
	}
	p, more := intent.Lower(cfg, on)
	for _, d := range append(diags, more...) {
		if d.Severity == diag.Error {
			t.Fatalf("the intent: %s", d)
		}
	}
	return p
}

func target(role lower.Role) lower.Target {
	p, err := profile.Parse("kubernetes")
	if err != nil {
		panic(err)
	}
	return lower.Target{Name: "kubernetes", Profile: p, Role: role}
}

// rendered is what an intent becomes: the text of each object by
// namespace/name, and the diagnostics as "code address".
type rendered struct {
	texts    map[string]string
	policies []*networkingv1.NetworkPolicy
	codes    []string
	diags    diag.List
}

func render(t *testing.T, role lower.Role, text string) rendered {
	t.Helper()
	objects, diags := (Backend{}).Lower(program(t, text), target(role))
	out := rendered{texts: map[string]string{}, diags: diags}
	for _, o := range objects {
		text, err := manifest.Append(nil, o)
		if err != nil {
			t.Fatal(err)
		}
		key := o.Namespace + "/" + o.Name
		if _, twice := out.texts[key]; twice {
			t.Errorf("two objects are called %s", key)
		}
		out.texts[key] = string(text)
		out.policies = append(out.policies, o.Value.(*networkingv1.NetworkPolicy))
	}
	for _, d := range diags {
		out.codes = append(out.codes, string(d.Code)+" "+d.Address)
	}
	slices.Sort(out.codes)
	return out
}

func (r rendered) policy(t *testing.T, key string) networkingv1.NetworkPolicySpec {
	t.Helper()
	for _, p := range r.policies {
		if p.Namespace+"/"+p.Name == key {
			return p.Spec
		}
	}
	t.Fatalf("there is no %s", key)
	return networkingv1.NetworkPolicySpec{}
}

// The traps that the golden cases do not show.
func TestRefusals(t *testing.T) {
	const two = `
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
`
	for _, c := range []struct {
		name, text string
		want       []string // codes and addresses
	}{
		{"a rule at two ends is refused once", two + `allow web to db { icmp = [8] }
}`, []string{"P4007 shop/web->db"}},
		{"several lacks of one rule", two + `allow web to db {
  tcp = [80]
  log = true
  mode = "staged"
}
}`, []string{"P4011 shop/web->db", "P4012 shop/web->db"}},
		{"mutual TLS that is not demanded", `namespace "shop" {
  mtls = "permissive"
}`, nil},
		{"mutual TLS on a port", `namespace "shop" {
  workload "web" {
    labels     = { app = "web" }
    mtls       = "permissive"
    mtls_ports = { "8443" = "strict" }
  }
}`, []string{"P4010 shop/web"}},
		{"nodes without the pods' range", `cluster { node_cidrs = ["192.168.0.0/24"] }
` + two + `allow nodes to web { tcp = [80] }
}`, []string{"P4102 shop/nodes->web"}},
		{"all but some pods, without facts", two + `allow "others" {
  from   = [anywhere]
  to     = [db]
  except = [web]
}
}`, []string{"P4103 shop/others"}},
		{"all but private addresses, without facts", two + `allow "public" {
  from   = [anywhere]
  to     = [db]
  except = [cidr("10.0.0.0/8")]
}
}`, []string{"P4103 shop/public"}},
		{"nodes and public addresses, without facts", two + `allow "some" {
  from = [nodes, cidr("192.0.2.0/24")]
  to   = [db]
}
}`, []string{"P4102 shop/some"}},
		{"only private addresses, without facts", two + `allow "office" {
  from = [cidr("10.0.0.0/8")]
  to   = [db]
}
}`, []string{"P4102 shop/office"}},
		{"an account at the protected end", `namespace "shop" {
  workload "web" { service_account = "web" }
  allow others to web { tcp = [80] }
}`, []string{"P4009 shop/others->web"}},
		{"a deny of an account that nothing allows", `namespace "shop" {
  workload "web" { service_account = "web" }
  workload "db" { labels = { app = "db" } }
  allow others to db { tcp = [5432] }
  deny web to db {}
}`, nil},
		{"a deny of an account out of an allow", `namespace "shop" {
  workload "web" { service_account = "web" }
  workload "db" { labels = { app = "db" } }
  allow self to db { tcp = [5432] }
  deny web to db {}
}`, []string{"P4005 shop/web->db"}},
		{"a deny of requests out of ports", two + `allow self to db { tcp = [80] }
deny web to db {
  tcp  = [80]
  http = ["DELETE"]
}
}`, []string{"P4005 shop/web->db"}},
		{"a deny for every namespace", two + `}
external "abuse" { cidrs = ["192.0.2.0/24"] }
tier "t" {
  order = 1
  deny abuse to cluster {}
}`, []string{"P4005 t/abuse->cluster"}},
		{"a deny of other namespaces that their end cannot say and ours does", two + `allow others to db { tcp = ["5432-5440"] }
deny "old" {
  from = [others]
  to   = [db]
  tcp  = [5433]
}
}`, nil},
		{"too many alternatives", two + `allow self to db { tcp = [80] }
` + manyDenies(11) + `
}`, []string{"P4006 shop/self->db"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := render(t, lower.Alone, c.text)
			if !slices.Equal(got.codes, c.want) {
				t.Errorf("got %q, want %q", got.codes, c.want)
				for _, d := range got.diags {
					t.Log(d)
				}
			}
		})
	}
}

// manyDenies gives denies each of which parts what is allowed in two: pods
// without one label and pods without the other.
func manyDenies(n int) string {
	var b strings.Builder
	for i := range n {
		k := string(rune('a' + i))
		b.WriteString(`deny "` + k + `" {
  from = [pods({ one` + k + ` = "x", two` + k + ` = "y" })]
  to   = [db]
}
`)
	}
	return b.String()
}

const stack = `
target "t" {
  cni  = "kubernetes"
  mesh = "istio"
}
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET"]
  }
}`

// In a stack the mesh has requests and mutual TLS, and the policies the ports.
func TestRoles(t *testing.T) {
	if got := render(t, lower.Alone, stack); !slices.Equal(got.codes, []string{"P4001 shop/web->api", "P4010 shop"}) {
		t.Errorf("alone: %q", got.codes)
	}
	got := render(t, lower.WithMesh, stack)
	if len(got.codes) > 0 {
		t.Fatalf("with a mesh: %q", got.codes)
	}
	if ports := got.policy(t, "shop/api").Ingress[0].Ports; len(ports) != 1 || ports[0].Port.IntVal != 8080 {
		t.Errorf("with a mesh: %v", ports)
	}
}

const base = `
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  workload "cache" { labels = { app = "cache" } }
  allow web to db { tcp = [5432] }
  allow web to cache { tcp = [6379] }
  # more
}
namespace "blog" {
  workload "web" { labels = { app = "web" } }
  allow others to web { tcp = [80] }
}`

// Adding a rule changes the objects of its two ends and no other.
func TestOneRuleChangesItsEnds(t *testing.T) {
	before := render(t, lower.Alone, base).texts
	after := render(t, lower.Alone, strings.Replace(base, "# more", `allow cache to db { tcp = [5433] }`, 1)).texts
	var changed []string
	for k, text := range after {
		if before[k] != text {
			changed = append(changed, k)
		}
	}
	slices.Sort(changed)
	if want := []string{"shop/cache", "shop/db"}; !slices.Equal(changed, want) || len(after) < len(before) {
		t.Errorf("changed %q, want %q", changed, want)
	}
}

// Neither the order of the file nor anything else but meaning shows.
func TestOrderDoesNotShow(t *testing.T) {
	one := render(t, lower.Alone, base).texts
	two := render(t, lower.Alone, strings.Replace(strings.Replace(base, "  allow web to cache { tcp = [6379] }\n", "", 1),
		"  allow web to db", "\n  allow web to cache { tcp = [6379] }\n  allow web to db", 1)).texts
	for k := range one {
		if one[k] != two[k] {
			t.Errorf("%s differs", k)
		}
	}
}

// Every emitted object keeps the API server's rules and is read back, strictly,
// as what it is.
func TestGoldenInputsAreValid(t *testing.T) {
	inputs, _ := filepath.Glob("../../golden/kubernetes/*/input.portolan.hcl")
	if len(inputs) == 0 {
		t.Fatal("no golden cases")
	}
	for _, input := range inputs {
		t.Run(filepath.Base(filepath.Dir(input)), func(t *testing.T) {
			text, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			got := render(t, lower.Alone, string(text))
			for _, np := range got.policies {
				validate(t, np)
				var back networkingv1.NetworkPolicy
				if err := yaml.UnmarshalStrict([]byte(got.texts[np.Namespace+"/"+np.Name]), &back); err != nil {
					t.Error(err)
				}
				if !reflect.DeepEqual(&back, np) {
					t.Errorf("read back as %v, not as %v", back, np)
				}
			}
		})
	}
}

// The table has a row for each feature, in order, and each has its case.
func TestCapabilities(t *testing.T) {
	rows := (Backend{}).Capabilities()
	if len(rows) != len(lower.Features) {
		t.Fatalf("%d rows for %d features", len(rows), len(lower.Features))
	}
	for i, row := range rows {
		if row.Feature != lower.Features[i] {
			t.Errorf("row %d is %q, want %q", i, row.Feature, lower.Features[i])
		}
		if row.Support == 0 || row.Note == "" || row.Source == "" {
			t.Errorf("%q: incomplete row", row.Feature)
		}
		if _, err := os.Stat("../../golden/" + row.Golden + "/input.portolan.hcl"); err != nil {
			t.Errorf("%q: %v", row.Feature, err)
		}
	}
}
