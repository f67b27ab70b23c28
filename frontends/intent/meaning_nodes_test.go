package intent

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// TestMeaningOfNodes holds nodes by labels and other clusters' pods to what the
// language page says of them, as TestMeaning does the rest: rules stand at nodes
// that are named, at pods of this cluster, and nowhere else.
func TestMeaningOfNodes(t *testing.T) {
	ends := fleet()
	drawn, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		x := drawFleet(rt)
		cfg, _, diags := Load([]string{"-"}, Options{Stdin: strings.NewReader(x.text())})
		if diags.HasErrors() {
			rt.Fatalf("%s\n%s", diags, x.text())
		}
		program, diags := Lower(cfg, nil)
		drawn++
		if diags.HasErrors() {
			refused++
			return // an allow that a deny covers, an exception that cannot be told
		}
		policy := sem.Policy{{Program: program}}
		for _, from := range ends {
			for _, to := range ends {
				policed := func(e sem.Endpoint) bool { return e.Kind == sem.Pod || e.IsNode() }
				if !policed(from) && !policed(to) || from.IsNode() && to.IsNode() && (from.Kind == sem.OwnNode || to.Kind == sem.OwnNode) {
					continue
				}
				for _, port := range []uint16{80, 81} {
					f := sem.Flow{Source: from, Destination: to, Protocol: sem.TCP, Port: port}
					want := x.passes("egress", from, to, port) && (from.Kind == sem.OwnNode && to.Kind == sem.Pod || x.passes("ingress", to, from, port))
					if got := sem.Decide(policy, f); (got.Outcome == sem.Allowed) != want {
						rt.Fatalf("the page says %t\nfrom %+v\nto   %+v\nport %d\n%s\n%s", want, from, to, port, x.text(), program.Text())
					}
				}
			}
		}
	})
	if !t.Failed() && refused*3 > drawn {
		t.Errorf("%d of %d configurations are refused, and test nothing", refused, drawn)
	}
}

// fleet is endpoints of every kind, and one of each that exceptions leave: a
// rule ends where there is none.
func fleet() []sem.Endpoint {
	var out []sem.Endpoint
	for _, labels := range []map[string]string{{}, {"pool": "a"}, {"pool": "b"}, {"pool": "a", "zone": "x"}, {"pool": "b", "zone": "x"}, {"pool": "c"}, {"pool": "c", "zone": "x"}} {
		out = append(out, sem.Endpoint{Kind: sem.OwnNode, Labels: labels}, sem.Endpoint{Kind: sem.OtherNode, Labels: labels})
	}
	pod := func(kind sem.EndpointKind, cluster, namespace, app string) {
		out = append(out, sem.Endpoint{
			Kind: kind, Cluster: cluster, Namespace: namespace, Labels: map[string]string{"app": app},
			NamespaceLabels: map[string]string{ir.NamespaceName: namespace},
		})
	}
	for _, app := range []string{"web", "db"} {
		pod(sem.Pod, "", "shop", app)
		pod(sem.Pod, "", "stray", app)
		pod(sem.Remote, "west", "payments", app)
		pod(sem.Remote, "north", "payments", app)
		pod(sem.Remote, "north", "shop", app)
	}
	return append(out, sem.Endpoint{Kind: sem.External, Address: netip.MustParseAddr("192.0.2.1")})
}

// fleetSketch is a configuration about nodes and other clusters.
type fleetSketch struct {
	sets  map[string]string // default_deny by name
	rules []fleetRule
	tier  string // the tier's default
}

type fleetRule struct {
	action           string
	from, to         []string
	except, exceptTo string
	port             int
	at               string
	tiered           bool
}

// selects is the labels of the node sets, in the text and by hand.
var selects = map[string]struct {
	text string
	has  func(labels map[string]string) bool
}{
	"ab":   {`{ pool = ["a", "b"] }`, func(l map[string]string) bool { return l["pool"] == "a" || l["pool"] == "b" }},
	"b":    {`{ pool = "b" }`, func(l map[string]string) bool { return l["pool"] == "b" }},
	"notb": {`{ pool = not("b") }`, func(l map[string]string) bool { return l["pool"] != "b" }},
	"zone": {`{ zone = any }`, func(l map[string]string) bool { return l["zone"] != "" }},
}

var fleetPeers = []string{"ab", "b", "notb", "zone", "shop.web", "shop", "nodes", "world", "cluster", "anywhere", "payments", "payments.db", "everywhere"}

func drawFleet(t *rapid.T) *fleetSketch {
	x := &fleetSketch{sets: map[string]string{}, tier: usual(t, "tier's default", "pass", "deny")}
	for _, name := range sortedKeys(selects) {
		x.sets[name] = usual(t, "default "+name, "none", "ingress", "both", "egress")
	}
	for range rapid.IntRange(1, 4).Draw(t, "rules") {
		peers := func(what string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(fleetPeers), 1, 2, rapid.ID).Draw(t, what)
		}
		x.rules = append(x.rules, fleetRule{
			action: usual(t, "action", "allow", "allow", "deny"), from: peers("from"), to: peers("to"),
			except: usual(t, "except", "", "", "b", "zone", "payments", "nodes", "shop.web"), exceptTo: usual(t, "except_to", "", "", "zone", "ab", "everywhere"),
			port: usual(t, "port", 80, 0), at: usual(t, "at", "both", "source", "destination"), tiered: chance(t, "tier", 3),
		})
	}
	return x
}

func (x *fleetSketch) text() string {
	var b strings.Builder
	for _, name := range sortedKeys(x.sets) {
		fmt.Fprintf(&b, "nodes %q {\n  labels       = %s\n  default_deny = %q\n}\n", name, selects[name].text, x.sets[name])
	}
	b.WriteString(`namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
namespace "payments" {
  cluster = "west"
  workload "db" { labels = { app = "db" } }
}
namespace "everywhere" {
  name    = "shop"
  cluster = any
}
`)
	write := func(i int, r fleetRule) {
		fmt.Fprintf(&b, "  %s \"r%d\" {\n", r.action, i)
		list := func(name string, refs ...string) {
			if refs[0] != "" {
				fmt.Fprintf(&b, "    %s = [%s]\n", name, strings.Join(refs, ", "))
			}
		}
		list("from", r.from...)
		list("to", r.to...)
		list("except", r.except)
		list("except_to", r.exceptTo)
		if r.port > 0 {
			list("tcp", fmt.Sprint(r.port))
		}
		fmt.Fprintf(&b, "    at = %q\n  }\n", r.at)
	}
	fmt.Fprintf(&b, "tier \"guard\" {\n  order   = 1\n  default = %q\n", x.tier)
	for i, r := range x.rules {
		if r.tiered {
			write(i, r)
		}
	}
	b.WriteString("}\n")
	for i, r := range x.rules {
		if !r.tiered {
			write(i, r)
		}
	}
	return b.String()
}

// fleetMember reports whether an endpoint is a peer's.
func fleetMember(name string, e sem.Endpoint) bool {
	if s, ok := selects[name]; ok {
		return e.IsNode() && s.has(e.Labels)
	}
	return map[string]bool{
		"":            false,
		"anywhere":    true,
		"nodes":       e.IsNode(),
		"world":       e.Kind == sem.External,
		"cluster":     e.Kind == sem.Pod,
		"shop":        e.Kind == sem.Pod && e.Namespace == "shop",
		"shop.web":    e.Kind == sem.Pod && e.Namespace == "shop" && e.Labels["app"] == "web",
		"payments":    e.Kind == sem.Remote && e.Namespace == "payments" && e.Cluster == "west",
		"payments.db": e.Kind == sem.Remote && e.Namespace == "payments" && e.Cluster == "west" && e.Labels["app"] == "db",
		"everywhere":  e.Kind == sem.Remote && e.Namespace == "shop",
	}[name]
}

// ends gives a rule's own end and its other one in a direction, each with what
// is taken out of it.
func (r *fleetRule) ends(direction string) (own, other []string, ownExcept, otherExcept string, stands bool) {
	if direction == "egress" {
		return r.from, r.to, r.except, r.exceptTo, r.at != "destination"
	}
	return r.to, r.from, r.exceptTo, r.except, r.at != "source"
}

// governs reports whether the rule stands in the endpoint's policy: "a rule
// stands at both ends", at nodes where they are named by their labels.
func (r *fleetRule) governs(direction string, e sem.Endpoint) bool {
	own, _, except, _, stands := r.ends(direction)
	return stands && slices.ContainsFunc(own, func(p string) bool {
		_, labelled := selects[p]
		return fleetMember(p, e) && !fleetMember(except, e) && (e.Kind == sem.Pod || labelled)
	})
}

// passes is the verdict at one end.
func (x *fleetSketch) passes(direction string, own, other sem.Endpoint, port uint16) bool {
	if own.Kind != sem.Pod && !own.IsNode() {
		return true
	}
	for _, tiered := range []bool{true, false} {
		allowed, subject := false, false
		for _, r := range x.rules {
			if r.tiered != tiered || !r.governs(direction, own) || !r.endures() {
				continue
			}
			subject = true
			_, others, _, except, _ := r.ends(direction)
			if r.port != 0 && r.port != int(port) || fleetMember(except, other) || !slices.ContainsFunc(others, func(p string) bool { return fleetMember(p, other) }) {
				continue
			}
			if r.action == "deny" {
				return false
			}
			allowed = true
		}
		if allowed {
			return true
		}
		if tiered && subject && x.tier == "deny" {
			return false
		}
	}
	if own.Kind == sem.Pod {
		return own.Namespace != "shop"
	}
	closed := false
	for name, deny := range maps.All(x.sets) {
		closed = closed || selects[name].has(own.Labels) && (deny == "both" || deny == direction)
	}
	return !closed
}

// endures reports that exceptions leave the rule endpoints at both ends.
func (r *fleetRule) endures() bool {
	left := func(refs []string, except string) bool {
		return slices.ContainsFunc(fleet(), func(e sem.Endpoint) bool {
			return !fleetMember(except, e) && slices.ContainsFunc(refs, func(p string) bool { return fleetMember(p, e) })
		})
	}
	return left(r.from, r.except) && left(r.to, r.exceptTo)
}
