package sem

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diagram"
	"github.com/portolan-dev/portolan/ir/set"
)

// pair is two policies to compare.
type pair struct {
	a, b    Policy
	options Options
}

func (d draw) pair() pair {
	inv := d.inventory()
	p := pair{a: d.policy(inv), options: d.options(&inv)}
	if d.bool(2) {
		p.b = d.variant(p.a)
	} else {
		p.b = d.policy(inv)
	}
	if d.bool(2) {
		p.a, p.b = p.b, p.a
	}
	return p
}

func (p pair) String() string {
	text := fmt.Sprintf("%+v\n%+v\n", p.options, *p.options.Inventory)
	for i, policy := range []Policy{p.a, p.b} {
		for _, l := range policy {
			text += fmt.Sprintf("--- %c, scope %d\n%s", 'A'+i, l.Scope, l.Program.Text())
		}
	}
	return text
}

func (c *Comparison) has(d diagram.Set, values []int) bool {
	for v, value := range values {
		d = c.space.Restrict(d, v, value)
	}
	return d != c.space.None()
}

// TestCompare holds the sets of flows that a comparison finds to the reference
// evaluator: a flow is in one exactly if there can be such a flow and the
// verdicts on it are so.
func TestCompare(t *testing.T) {
	differ, flows := 0, [2][2]int{}
	rapid.Check(t, func(rt *rapid.T) {
		d := draw{T: rt}
		p := d.pair()
		c, err := Compare(p.a, p.b, p.options)
		if err != nil {
			rt.Fatal(err)
		}
		if !c.Equal() {
			differ++
		}
		s := newSampler(rapid.Uint64().Draw(rt, "seed"), c.universe)
		for range 400 {
			f := s.flow()
			if !c.expressible(&f) {
				continue
			}
			can := possible(&f, c.universe) && compared(&f, p.options)
			a, b := Decide(p.a, f), Decide(p.b, f)
			more := can && a.Outcome == Denied && b.Outcome == Allowed
			less := can && a.Outcome == Allowed && b.Outcome == Denied && kept(&f, c.universe)
			at := c.assignment(&f)
			if c.has(c.more, at) != more || c.has(c.less, at) != less {
				rt.Fatalf("%+v %+v\ncan be %t, %s by A and %s by B; compared as more %t, less %t\n%s",
					f, f.Request, can, a.Outcome, b.Outcome, c.has(c.more, at), c.has(c.less, at), p)
			}
			if can {
				flows[a.Outcome-1][b.Outcome-1]++
			}
		}
		p.checkDifferences(rt, c, c.More, false)
		p.checkDifferences(rt, c, c.Less, true)
	})
	t.Logf("%d pairs differ; of the flows %d both allow, %d both deny, %d only B allows, %d only A", differ,
		flows[0][0], flows[1][1], flows[1][0], flows[0][1])
}

// checkDifferences checks that what is reported can be, and differs.
func (p pair) checkDifferences(rt *rapid.T, c *Comparison, report func(int) ([]Difference, error), less bool) {
	list, err := report(4)
	if err != nil {
		rt.Fatalf("%v\n%s", err, p)
	}
	for _, diff := range list {
		f := &diff.Flow
		if !possible(f, c.universe) || !compared(f, p.options) || less && !kept(f, c.universe) {
			rt.Fatalf("there is no such flow as %+v %+v\n%s", *f, f.Request, p)
		}
		want := [2]Outcome{Denied, Allowed}
		if less {
			slices.Reverse(want[:])
		}
		if [2]Outcome{diff.A.Outcome, diff.B.Outcome} != want {
			rt.Fatalf("%+v is %s and %s\n%s", *f, diff.A.Outcome, diff.B.Outcome, p)
		}
	}
}

// TestOrders checks that the order of variables changes nothing.
func TestOrders(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := draw{T: rt}.pair()
		var first string
		for _, o := range orders {
			c, err := compare(p.a, p.b, p.options, o)
			if err != nil {
				rt.Fatal(err)
			}
			more, err1 := c.More(2)
			less, err2 := c.Less(2)
			text := c.witnesses(more) + "\n" + c.witnesses(less)
			if err1 != nil || err2 != nil || first != "" && text != first {
				rt.Fatalf("%v %v\n%s\norder %d\n%s\n%s", err1, err2, first, o, text, p)
			}
			first = text
		}
	})
}

func (c *Comparison) witnesses(list []Difference) (text string) {
	for _, d := range list {
		text += fmt.Sprintf("%s %v %v\n", d.Flow.Text(c.inventory), d.Hangs, d.Facts)
	}
	return text
}

// TestConditions checks what a difference is said to hang on. One that hangs on
// nothing is there for every value of the conditions of its flow, and for each
// value of a switch on some flow.
func TestConditions(t *testing.T) {
	hanging, sure := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		p := draw{rt, 2}.pair()
		first, ok := p.more(rt)
		if !ok {
			return
		}
		certain := first.Hangs == nil
		for _, on := range []bool{true, false} {
			q := pair{switched(p.a, on), switched(p.b, on), p.options}
			diff, differ := q.more(rt)
			certain = certain && differ
			if certain != (differ && first.Hangs == nil) || certain && diff.Hangs != nil {
				rt.Fatalf("%+v, but with the switch %t\n%s", first, on, p)
			}
			always := true
			for i := range 4 {
				diff.Flow.Holds = map[string]bool{"x one": i&1 != 0, "x two": i&2 != 0}
				a, b := Decide(q.a, diff.Flow), Decide(q.b, diff.Flow)
				always = always && a.Outcome == Denied && b.Outcome == Allowed
			}
			if differ && always != (diff.Hangs == nil) {
				rt.Fatalf("%+v with the switch %t, always %t\n%s", diff, on, always, p)
			}
		}
		if certain {
			sure++
		} else {
			hanging++
		}
	})
	t.Logf("%d certain, %d not", sure, hanging)
}

func (p pair) more(rt *rapid.T) (Difference, bool) {
	c, err := Compare(p.a, p.b, p.options)
	if err != nil {
		rt.Fatal(err)
	}
	list, err := c.More(1)
	if err != nil {
		rt.Fatal(err)
	}
	if len(list) == 0 {
		return Difference{}, false
	}
	return list[0], true
}

// switched is the policy in a cluster with the switch on or off.
func switched(p Policy, on bool) Policy {
	settle := func(all []ir.Condition) (rest []ir.Condition, never bool) {
		for _, c := range all {
			if c.Fact == "" {
				rest = append(rest, c)
			} else if c.Not == on {
				never = true
			}
		}
		return rest, never
	}
	out := make(Policy, len(p))
	for i, l := range p {
		q := l.Program.Clone()
		if q.Via == nil {
			q.Via = &ir.Via{}
		}
		second := ir.Program{Egress: q.Via.Egress, Ingress: q.Via.Ingress}
		for _, d := range slices.Concat(q.All(), q.Hosts.All(), second.All()) {
			never := false
			if d.Rule.If, never = settle(d.Rule.If); never {
				d.Rule.Mode = ir.Staged
			}
		}
		for _, s := range slices.Concat(q.Egress, q.Ingress, q.Hosts.Egress, q.Hosts.Ingress, q.Via.Egress, q.Via.Ingress) {
			for j := range s.Isolate {
				never := false
				if s.Isolate[j].If, never = settle(s.Isolate[j].If); never {
					s.Isolate[j].Mode = ir.Staged
				}
			}
		}
		out[i] = Layer{q, l.Scope}
	}
	return out
}

// TestStable checks that a rule which changes no verdict changes no witness,
// whatever it cuts.
func TestStable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := draw{T: rt}.pair()
		last := func(name string, rules ...ir.Rule) (out [2]Policy) {
			for i, policy := range []Policy{p.a, p.b} {
				q := policy[0].Program.Clone()
				// At the very end all that is left is allowed.
				stage := ir.Stage{Name: name, Levels: []ir.Level{{Rules: rules}}}
				q.Egress, q.Ingress = append(q.Egress, stage), append(q.Ingress, stage)
				out[i] = append(Policy{{q, policy[0].Scope}}, policy[1:]...)
			}
			return out
		}
		// Both look at the same parts of flows.
		known := harmless("shop", "web", "s", "10.0.0.0/16", "/a", "GET", "api.example", 80, 8, 47, "health")
		var witnesses [2]string
		for i, policies := range [][2]Policy{
			last("one", known...),
			last("two", append(known, harmless("aaa", "aardvark", "aa", "198.51.0.0/16", "/0", "AA", "0.test", 5, 1, 2, "init")...)...),
		} {
			c, err := Compare(policies[0], policies[1], p.options)
			if err != nil {
				rt.Fatal(err)
			}
			more, err1 := c.More(1)
			less, err2 := c.Less(1)
			if err1 != nil || err2 != nil {
				rt.Fatal(err1, err2)
			}
			witnesses[i] = c.witnesses(more) + c.witnesses(less)
		}
		if witnesses[0] != witnesses[1] {
			rt.Fatalf("%s\n%s\n%s", witnesses[0], witnesses[1], p)
		}
	})
}

// harmless is rules that look at every part of a flow.
func harmless(ns, app, account, cidr, path, method, name string, port uint16, icmp, protocol uint8, infra string) []ir.Rule {
	pods := must(must(ir.InNamespace(ns).WithLabels(ir.MatchLabels(map[string]string{"app": app}))).WithAccount(ir.OneOf(account)))
	labelled := ir.AllPods()
	labelled.Namespace = ir.MatchLabels(map[string]string{"team": app})
	dns := parsed(ir.ParseName(name))
	ports := set.SinglePort(port)
	request := must(ir.NewRequest(ir.OneOf(method), []ir.Path{parsed(ir.ParsePath(path))}, []ir.Name{dns}, ir.MatchLabels(map[string]string{"x-v": app})))
	http := must(ir.PortTraffic(ir.TCP, ports).WithRequests(request))
	query := must(ir.PortTraffic(ir.UDP, ports).WithNames(dns))
	messages := ir.ICMPOf(ir.ICMPType{Type: icmp, Code: -1})
	other := ir.ICMPTraffic(messages, messages).Or(ir.NumberedTraffic(ir.NumbersOf(protocol)))
	return []ir.Rule{
		allow(pods, http, labelled, ir.External{Addresses: cidrs(cidr)}, ir.Infrastructure{Name: infra}),
		allow(pods, query, ir.Names{Patterns: []ir.Name{dns}}),
		allow(pods, must(ir.PortTraffic(ir.SCTP, ports).WithSourcePorts(ports)), ir.AnyPeer{}),
		allow(pods, other, ir.AnyPeer{}),
	}
}

// TestBound checks that what a bound stops is an error, whenever it is hit.
func TestBound(t *testing.T) {
	p := large(100)
	q := &ir.Program{Inventory: p.Inventory}
	late := false
	for nodes := 100; ; nodes += nodes / 50 {
		c, err := Compare(Policy{{Program: p}}, Policy{{Program: q}}, Options{Inventory: &p.Inventory, MaxNodes: nodes})
		if err == nil {
			if _, err = c.More(5); err == nil {
				break
			}
			late = true
		}
		var unproved *Unproved
		if !errors.As(err, &unproved) {
			t.Fatal(err)
		}
	}
	if !late {
		t.Error("no bound was hit while differences were listed")
	}
}

// TestEveryMessage names all codes of a type, and then all types: nothing is
// left for the classes of the rest.
func TestEveryMessage(t *testing.T) {
	var codes, types []ir.ICMPType
	for i := range 256 {
		codes = append(codes, ir.ICMPType{Type: 8, Code: int16(i)})
		types = append(types, ir.ICMPType{Type: uint8(i), Code: -1})
	}
	for _, list := range [][]ir.ICMPType{codes, types} {
		program := func(list ...ir.ICMPType) Policy {
			r := allow(ir.AllPods(), ir.ICMPTraffic(ir.ICMPOf(list...), ir.ICMP{}), ir.AnyPeer{})
			return Policy{{Program: &ir.Program{Ingress: []ir.Stage{{Levels: []ir.Level{{Rules: []ir.Rule{r}}}, Isolate: closed}}}}}
		}
		c := parsed(Compare(program(list...), program(list[:255]...), Options{Inventory: &ir.Inventory{}}))
		lost, err := c.Less(5)
		if err != nil || len(lost) != 1 || lost[0].Flow.ICMPType != list[255].Type {
			t.Errorf("%v %+v", err, lost)
		}
	}
}
