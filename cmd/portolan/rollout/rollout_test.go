package rollout

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends"
	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// engine is what manifests are read for in a test.
type engine struct {
	profile profile.Profile
	options sem.Options
}

func engineOf(t testing.TB, name string, o sem.Options) engine {
	t.Helper()
	p, err := profile.Of(name, "")
	if err != nil {
		t.Fatal(err)
	}
	return engine{p, o}
}

func (e engine) lift(docs []manifest.Document) (sem.Policy, diag.List) {
	p, diags := frontends.For(e.profile.Engine).Lift(docs, lift.Options{Profile: e.profile, Inventory: *e.options.Inventory})
	return sem.Policy{{Program: p, Scope: e.options.Scope}}, diags
}

func documents(t testing.TB, text string) []manifest.Document {
	t.Helper()
	in, diags := manifest.ReadFiles([]manifest.File{{Name: "in.yaml", Data: []byte(text)}}, manifest.Options{})
	if diags.HasErrors() {
		t.Fatal(diags, text)
	}
	return in.Documents
}

func (e engine) input(t testing.TB, before, after string) Input {
	return Input{Old: documents(t, before), New: documents(t, after), Profiles: []profile.Profile{e.profile}, Lift: e.lift, Options: e.options}
}

// policies writes some policies of the kind that write writes, under names of
// which the ends share some.
func policies(rng *rand.Rand, write func(*rand.Rand, string) string) string {
	var b strings.Builder
	for _, name := range []string{"p0", "p1", "p2", "p3"} {
		if rng.IntN(3) > 0 {
			b.WriteString("---\n" + write(rng, name))
		}
	}
	return b.String()
}

func pick(rng *rand.Rand, of ...string) string { return of[rng.IntN(len(of))] }

func native(rng *rand.Rand, name string) string {
	peer := func(key string) string {
		switch rng.IntN(4) {
		case 0:
			return "[{}]"
		case 1:
			return "[]"
		case 2:
			return "[{ports: [{port: " + pick(rng, "80", "81") + "}]}]"
		}
		return "[{" + key + ": [{podSelector: {matchLabels: {app: " + pick(rng, "a", "b") + "}}}]}]"
	}
	spec := "podSelector: " + pick(rng, "{}", "{matchLabels: {app: a}}", "{matchLabels: {app: b}}")
	switch rng.IntN(3) {
	case 0:
		spec += ", policyTypes: [Ingress], ingress: " + peer("from")
	case 1:
		spec += ", policyTypes: [Egress], egress: " + peer("to")
	default:
		spec += ", policyTypes: [Ingress, Egress], ingress: " + peer("from") + ", egress: " + peer("to")
	}
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\nspec: {" + spec + "}\n"
}

func cilium(rng *rand.Rand, name string) string {
	peer := func(key string) string {
		entity := "{" + key + "Entities: [all]}"
		from := "{" + key + "Endpoints: [{matchLabels: {app: " + pick(rng, "a", "b") + "}}]}"
		port := "{toPorts: [{ports: [{port: \"" + pick(rng, "80", "81") + "\", protocol: TCP}]}]}"
		return "[" + pick(rng, entity, from, port, "{}") + "]"
	}
	spec := "endpointSelector: " + pick(rng, "{}", "{matchLabels: {app: a}}", "{matchLabels: {app: b}}")
	deny := pick(rng, "", "Deny")
	switch rng.IntN(3) {
	case 0:
		spec += ", ingress" + deny + ": " + peer("from")
	case 1:
		spec += ", egress" + deny + ": " + peer("to")
	default:
		spec += ", ingress: " + peer("from") + ", egress" + deny + ": " + peer("to")
	}
	return "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\nspec: {" + spec + "}\n"
}

// calico writes policies of two tiers' worth of orders, of which one can be
// before the other.
func calico(rng *rand.Rand, name string) string {
	rules := func(side string) string {
		rule := "action: " + pick(rng, "Allow", "Deny", "Pass")
		switch rng.IntN(3) {
		case 0:
			rule += ", " + side + ": {selector: \"app == '" + pick(rng, "a", "b") + "'\"}"
		case 1:
			rule += ", protocol: TCP, destination: {ports: [" + pick(rng, "80", "81") + "]}"
		}
		return "[{" + rule + "}]"
	}
	spec := "order: " + pick(rng, "1", "2", "3") + ", selector: " + pick(rng, "all()", "\"app == 'a'\"", "\"app == 'b'\"")
	switch rng.IntN(3) {
	case 0:
		spec += ", types: [Ingress], ingress: " + rules("source")
	case 1:
		spec += ", types: [Egress], egress: " + rules("destination")
	default:
		spec += ", types: [Ingress, Egress], ingress: " + rules("source") + ", egress: " + rules("destination")
	}
	return "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\nspec: {" + spec + "}\n"
}

// flows is all that the policies above can tell apart.
func flows() []sem.Flow {
	pod := func(namespace, app string) sem.Endpoint {
		return sem.Endpoint{Kind: sem.Pod, Namespace: namespace, Labels: map[string]string{"app": app}}
	}
	ends := []sem.Endpoint{pod("shop", "a"), pod("shop", "b"), pod("shop", "c"), pod("other", "a"), {Kind: sem.External},
		{Kind: sem.OwnNode}, {Kind: sem.OtherNode}, {Kind: sem.Infrastructure, Name: "health"}, {Kind: sem.Remote, Cluster: "x", Namespace: "shop", Labels: map[string]string{"app": "a"}}}
	var out []sem.Flow
	for _, from := range ends {
		for _, to := range ends {
			if from.Kind != sem.Pod && to.Kind != sem.Pod {
				continue
			}
			for _, port := range []uint16{80, 81, 82} {
				out = append(out, sem.Flow{Source: from, Destination: to, Protocol: sem.TCP, Port: port})
			}
		}
	}
	return out
}

// brute is every order of few changes, judged by the reference evaluator.
type brute struct {
	n             int
	wider, narrow []bool // by set of changes
}

func newBrute(t *testing.T, e engine, in Input) (*brute, [][2]*manifest.Document) {
	var changes [][2]*manifest.Document // before and after
	var fixed []manifest.Document
	all, err := identityUnder(in.Profiles).objects(in.Old, in.New)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		if o.isChanged() {
			changes = append(changes, [2]*manifest.Document{o.old, o.new})
		} else {
			fixed = append(fixed, *o.old)
		}
	}
	b := &brute{n: len(changes)}
	decide := func(docs []manifest.Document) []bool {
		p, diags := e.lift(docs)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		var out []bool
		for _, f := range flows() {
			out = append(out, sem.Decide(p, f).Outcome == sem.Allowed)
		}
		return out
	}
	before, after := decide(in.Old), decide(in.New)
	for set := range 1 << b.n {
		docs := slices.Clone(fixed)
		for i, c := range changes {
			if d := c[set>>i&1]; d != nil {
				docs = append(docs, *d)
			}
		}
		wider, narrow := false, false
		for i, passes := range decide(docs) {
			wider = wider || passes && !before[i] && !after[i]
			narrow = narrow || !passes && before[i] && after[i]
		}
		b.wider, b.narrow = append(b.wider, wider), append(b.narrow, narrow)
	}
	return b, changes
}

// least gives the fewest moments that a safe order stops something at; false
// where no order is safe.
func (b *brute) least() (int, bool) {
	least, found := 0, false
	var try func(set, left, narrow int)
	try = func(set, left, narrow int) {
		if left == 0 {
			if !found || narrow < least {
				least, found = narrow, true
			}
			return
		}
		for i := range b.n {
			if next := set | 1<<i; next != set && !b.wider[next] {
				more := 0
				if b.narrow[next] {
					more = 1
				}
				try(next, left-1, narrow+more)
			}
		}
	}
	try(0, b.n, 0)
	return least, found
}

// TestAgainstEveryOrder holds plans to what trying every order gives, by the
// evaluator that the search does not use, on every kind of flow that there is.
func TestAgainstEveryOrder(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 60
	}
	inv := &ir.Inventory{}
	for _, c := range []struct {
		engine engine
		write  func(*rand.Rand, string) string
	}{
		{engineOf(t, "kubernetes", sem.Options{Inventory: inv, Scope: sem.CNI, Plain: true, Transports: true}), native},
		{engineOf(t, "cilium", sem.Options{Inventory: inv, Scope: sem.CNI}), cilium},
		{engineOf(t, "calico", sem.Options{Inventory: inv, Scope: sem.CNI, Plain: true}), calico},
	} {
		t.Run(string(c.engine.profile.Engine), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(4, 8))
			conflicts, narrow := 0, 0
			for range rounds {
				before, after := policies(rng, c.write), policies(rng, c.write)
				in := c.engine.input(t, before, after)
				plan, err := Find(in)
				if err != nil {
					t.Fatalf("%s\n=>\n%s\n%s", before, after, err)
				}
				b, changes := newBrute(t, c.engine, in)
				least, possible := b.least()
				if (plan.Conflict == nil) != possible {
					for _, f := range plan.Conflict.Flows {
						t.Log(f.Flow.Text(inv))
					}
					t.Fatalf("%s\n=>\n%s\na conflict: %v, and a safe order: %v", before, after, plan.Conflict != nil, possible)
				}
				if !possible {
					conflicts++
					continue
				}
				set, stopped := 0, 0
				for _, s := range plan.Steps {
					i := slices.IndexFunc(changes, func(c [2]*manifest.Document) bool {
						return c[0] != nil && keyOf(c[0]) == keyOf(s.Object) || c[1] != nil && keyOf(c[1]) == keyOf(s.Object)
					})
					set |= 1 << i
					if b.wider[set] || b.narrow[set] != (s.Stopped != nil) {
						t.Fatalf("%s\n=>\n%s\nafter %s: wider %v, narrower %v, said %v", before, after, s.Object, b.wider[set], b.narrow[set], s.Stopped)
					}
					if s.Stopped != nil {
						stopped++
					}
				}
				if set != 1<<b.n-1 {
					t.Fatal("steps are missing", plan.Steps)
				}
				if stopped != least {
					for _, s := range plan.Steps {
						t.Log(s.Action, s.Object, len(s.Stopped))
						for _, c := range s.Stopped {
							t.Log(c.Source.Name, c.Destination.Name, c.Traffic, c.Least.Flow.Text(inv))
						}
					}
					t.Errorf("%s\n=>\n%s\n%d moments stop something, and %d have to", before, after, stopped, least)
				}
				if least > 0 {
					narrow++
				}
			}
			if conflicts == 0 || narrow == 0 {
				t.Errorf("%d conflicts and %d plans with something stopped: too few to say anything", conflicts, narrow)
			}
			t.Logf("%d conflicts, %d plans with something stopped", conflicts, narrow)
		})
	}
}
