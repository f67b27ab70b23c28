package intent

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// TestMeaningOfTokens goes through everything that can be true of a request's
// tokens, and demands what the language page says of the rules.
func TestMeaningOfTokens(t *testing.T) {
	program := lowered(t, `
issuer "staff" {
  issuer   = "https://staff.example"
  jwks_uri = "https://staff.example/keys"
}
issuer "partners" {
  issuer   = "https://partners.example"
  jwks_uri = "https://partners.example/keys"
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow "orders" {
    from = [web]
    to   = [api]
    tcp  = [8080]
    http = ["GET"]
    jwt  = ["partners", { issuer = "staff", audiences = ["shop", "till"], claims = { role = ["clerk", "admin"], "realm.tenant" = any } }]
  }
  deny "robots" {
    from = [anywhere]
    to   = [api]
    tcp  = [8080]
    jwt  = { issuer = "staff", subject = "robot" }
  }
}
tier "probes" {
  order = 1
  allow "shop.web" to "shop.api" {
    tcp  = [8080]
    http = ["GET /health"]
  }
}
`)
	atoms := map[string]string{}
	for name, c := range map[string]ir.Condition{
		"staff": ir.Token("https://staff.example", ""), "robot": ir.Token("https://staff.example", "robot"), "partner": ir.Token("https://partners.example", ""),
		"shop": ir.TokenAudience("shop"), "till": ir.TokenAudience("till"), "tenant": ir.TokenClaim([]string{"realm", "tenant"}, ""),
		"clerk": ir.TokenClaim([]string{"role"}, "clerk"), "admin": ir.TokenClaim([]string{"role"}, "admin"),
		"bad staff": ir.BadToken("https://staff.example"), "bad partner": ir.BadToken("https://partners.example"),
	} {
		atoms[name] = c.Atom
	}
	names := sortedKeys(atoms)
	for bits := range 1 << len(names) {
		is := map[string]bool{}
		f := flow("web", "api", 8080)
		for i, name := range names {
			is[name] = bits>>i&1 == 1
			f.Holds[atoms[name]] = is[name]
		}
		for _, target := range []string{"/orders", "/health"} {
			f.Request = &sem.Request{Method: "GET", Target: target}
			asked := is["partner"] || is["staff"] && (is["shop"] || is["till"]) && (is["clerk"] || is["admin"]) && is["tenant"]
			want := !is["bad staff"] && !is["bad partner"] && (target == "/health" || asked && !is["robot"])
			if got := sem.Decide(sem.Policy{{Program: program}}, f); (got.Outcome == sem.Allowed) != want {
				t.Fatalf("%s %v: %v\n%s", target, is, got.Outcome, program.Text())
			}
		}
	}
	f := flow("web", "api", 8080) // bytes that are no request have no token
	if got := sem.Decide(sem.Policy{{Program: program}}, f); got.Outcome != sem.Denied {
		t.Errorf("no request: %v", got.Outcome)
	}
}

// Where a condition stands: at the receiver that is closed, else at the sender.
func TestWhereConditionsStand(t *testing.T) {
	name, err := ir.ParseName("a.example")
	if err != nil {
		t.Fatal(err)
	}
	atom := ir.ServerName(name).Atom
	for _, x := range []struct {
		web, api, action   string // default_deny, and what the rule does
		known, others, all ir.Directions
	}{ // whose programs pass it with the name, without it, and where the rule has no condition
		{"both", "both", "allow", ir.Both, ir.EgressOnly, ir.Both},
		{"both", "egress", "allow", ir.Both, ir.IngressOnly, ir.Both},
		{"ingress", "both", "allow", ir.Both, ir.EgressOnly, ir.Both},
		{"none", "none", "deny", ir.EgressOnly, ir.Both, ir.NoDirection},
	} {
		const config = `namespace "shop" {
  workload "web" {
    labels       = { app = "web" }
    default_deny = "WEB"
  }
  workload "api" {
    labels       = { app = "api" }
    default_deny = "API"
  }
  ACTION web to api {
    tcp = [8443]
    sni = ["a.example"]
  }
}
`
		text := strings.NewReplacer("WEB", x.web, "API", x.api, "ACTION", x.action).Replace(config)
		for _, y := range []struct {
			text  string
			named bool
			want  ir.Directions
		}{{text, true, x.known}, {text, false, x.others}, {strings.Replace(text, `    sni = ["a.example"]`+"\n", "", 1), false, x.all}} {
			program := lowered(t, y.text)
			f := flow("web", "api", 8443)
			f.Holds[atom] = y.named
			if got := passing(program, f); got != y.want {
				t.Errorf("%+v named %t: %s, want %s\n%s", x, y.named, got, y.want, program.Text())
			}
		}
	}
}

// passing gives the directions whose program lets a flow pass.
func passing(p *ir.Program, f sem.Flow) ir.Directions {
	out := ir.NoDirection
	for _, d := range []ir.Direction{ir.Egress, ir.Ingress} {
		one := p.Clone()
		if d == ir.Egress {
			one.Ingress = nil
		} else {
			one.Egress = nil
		}
		if sem.Decide(sem.Policy{{Program: one}}, f).Outcome == sem.Allowed {
			out |= d.Set()
		}
	}
	return out
}

func flow(from, to string, port uint16) sem.Flow {
	pod := func(app string) sem.Endpoint {
		return sem.Endpoint{Kind: sem.Pod, Namespace: "shop", NamespaceLabels: map[string]string{ir.NamespaceName: "shop"}, Labels: map[string]string{"app": app}}
	}
	return sem.Flow{Source: pod(from), Destination: pod(to), Protocol: sem.TCP, Port: port, Holds: map[string]bool{}}
}

// lowered gives the program of a configuration without mistakes.
func lowered(t *testing.T, text string) *ir.Program {
	t.Helper()
	c, diags := loadText(t, text, Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := Lower(c, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}
