package pipeline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portolan-dev/portolan/backends/kubernetes"
	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"

	networkingv1 "k8s.io/api/networking/v1"
)

const proved = `
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
target "eu" { cni = "kubernetes" }
`

// wrong is a backend with a mistake: it changes what the right one gives.
type wrong struct {
	kubernetes.Backend
	change func([]manifest.Object) []manifest.Object
}

func (w wrong) Lower(p *ir.Program, t lower.Target) ([]manifest.Object, diag.List) {
	objects, diags := w.Backend.Lower(p, t)
	return w.change(objects), diags
}

// prove renders with a backend that has a mistake.
func prove(t *testing.T, change func([]manifest.Object) []manifest.Object, opts Options) Rendered {
	t.Helper()
	real := backendFor
	backendFor = func(lower.Target) lower.Backend { return wrong{change: change} }
	defer func() { backendFor = real }()
	cfg, _, diags := intent.Load(nil, intent.Options{Files: map[string][]byte{"shop.portolan.hcl": []byte(proved)}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	targets, diags := Targets(cfg, nil, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	opts.Now = time.Now()
	rendered, diags := Render(cfg, targets, opts)
	if diags.HasErrors() || len(rendered) != 1 {
		t.Fatal(diags)
	}
	return rendered[0]
}

func policies(objects []manifest.Object) []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	for _, o := range objects {
		out = append(out, o.Value.(*networkingv1.NetworkPolicy))
	}
	return out
}

// TestProof: a backend's mistake is found on the bytes that it would have
// written, shown with a flow and both places, and nothing is written.
func TestProof(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]manifest.Object) []manifest.Object
		code   diag.Code
		says   []string
	}{
		"none": {change: func(o []manifest.Object) []manifest.Object { return o }},
		"a port is forgotten": {
			func(o []manifest.Object) []manifest.Object {
				for _, p := range policies(o) {
					for i := range p.Spec.Ingress {
						p.Spec.Ingress[i].Ports = nil
					}
					for i := range p.Spec.Egress {
						p.Spec.Egress[i].Ports = nil
					}
				}
				return o
			},
			diag.Widened, []string{"shop/web -> shop/db tcp/80", "shop closes its"},
		},
		"a policy is left out": {
			func(o []manifest.Object) []manifest.Object {
				return slices.DeleteFunc(o, func(o manifest.Object) bool { return o.Name == "db" })
			},
			diag.Narrowed, []string{"shop/web -> shop/db tcp/5432", "allowed by shop/web->db"},
		},
		"what is written is no policy": {
			func(o []manifest.Object) []manifest.Object {
				policies(o)[0].Spec.PolicyTypes = []networkingv1.PolicyType{"Sideways"}
				return o
			},
			diag.NotReadBack, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := prove(t, c.change, Options{})
			if c.code == "" {
				if len(r.Diags) > 0 || r.Refused {
					t.Errorf("%v", r.Diags)
				}
				return
			}
			i := slices.IndexFunc(r.Diags, func(d diag.Diagnostic) bool { return d.Code == c.code })
			if i < 0 || !r.Refused || len(r.Parts) > 0 || !r.Unproved() {
				t.Fatalf("no %s: %v", c.code, r.Diags)
			}
			d := r.Diags[i]
			for _, text := range c.says {
				if !strings.Contains(d.Detail, text) {
					t.Errorf("%q is not in %q", text, d.Detail)
				}
			}
			if d.Range.IsZero() || d.Target != "eu" {
				t.Errorf("no place: %+v", d)
			}
		})
	}
}

// TestUnproved: --no-verify renders what was not compared, and says so.
func TestUnproved(t *testing.T) {
	r := prove(t, func(o []manifest.Object) []manifest.Object { return o[:1] }, Options{Unproved: true})
	if r.Refused || len(r.Diags) != 1 || r.Diags[0].Code != diag.Unverified || r.Diags[0].Severity != diag.Warning {
		t.Errorf("%v", r.Diags)
	}
}
