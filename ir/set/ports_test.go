package set

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// portModel is a set of ports said as plainly as can be.
type portModel [1 << 16]bool

// drawPorts draws ranges from the ends and the middle of the domain, where
// they overlap and touch, and gives the model beside the set.
func drawPorts(t *rapid.T, name string) (Ports, *portModel) {
	edge := rapid.OneOf(rapid.Uint16Range(1, 8), rapid.Uint16Range(400, 440), rapid.Uint16Range(65528, 65535))
	ranges := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) PortRange {
		a, b := edge.Draw(t, "a"), edge.Draw(t, "b")
		if rapid.Bool().Draw(t, "single") {
			b = a
		}
		return PortRange{min(a, b), max(a, b)}
	}), 0, 8).Draw(t, name)
	var m portModel
	for _, r := range ranges {
		for p := int(r.First); p <= int(r.Last); p++ {
			m[p] = true
		}
	}
	return PortsOf(ranges...), &m
}

func checkPorts(t *rapid.T, what string, s Ports, m func(p int) bool) {
	t.Helper()
	count, first, last := 0, true, uint16(0)
	for p := range 1 << 16 {
		want := p != 0 && m(p)
		if want {
			count++
		}
		if s.Contains(uint16(p)) != want {
			t.Fatalf("%s: %s: has %d: %v, want %v", what, s, p, !want, want)
		}
	}
	if s.Count() != count || s.IsEmpty() != (count == 0) || s.IsAll() != (count == 65535) {
		t.Fatalf("%s: %s: count %d, want %d", what, s, s.Count(), count)
	}
	for _, r := range s.Ranges() {
		if r.First == 0 || r.First > r.Last || !first && int(r.First) <= int(last)+1 {
			t.Fatalf("%s: ranges of %s are not canonical", what, s)
		}
		first, last = false, r.Last
	}
	if again := PortsOf(s.Ranges()...); !again.Equal(s) || !reflect.DeepEqual(again, s) {
		t.Fatalf("%s: %s is not what its ranges make: %s", what, s, again)
	}
}

func TestPortsAgreeWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, inA := drawPorts(t, "a")
		b, inB := drawPorts(t, "b")
		checkPorts(t, "a", a, func(p int) bool { return inA[p] })
		checkPorts(t, "union", a.Union(b), func(p int) bool { return inA[p] || inB[p] })
		checkPorts(t, "intersect", a.Intersect(b), func(p int) bool { return inA[p] && inB[p] })
		checkPorts(t, "subtract", a.Subtract(b), func(p int) bool { return inA[p] && !inB[p] })
		checkPorts(t, "complement", a.Complement(), func(p int) bool { return !inA[p] })
		all := true
		for p := range inA {
			all = all && (inA[p] || !inB[p])
		}
		if a.ContainsAll(b) != all {
			t.Fatalf("%s contains all of %s: %v", a, b, !all)
		}
		if a.Equal(b) != (*inA == *inB) || (a.String() == b.String()) != (*inA == *inB) {
			t.Fatalf("%s equal to %s: %v", a, b, a.Equal(b))
		}
	})
}

func TestPortsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _ := drawPorts(t, "a")
		b, _ := drawPorts(t, "b")
		for law, pair := range map[string][2]Ports{
			"a+a = a":             {a.Union(a), a},
			"a+b = b+a":           {a.Union(b), b.Union(a)},
			"a-a = none":          {a.Subtract(a), {}},
			"not not a = a":       {a.Complement().Complement(), a},
			"not(a+b)":            {a.Union(b).Complement(), a.Complement().Intersect(b.Complement())},
			"not(a*b)":            {a.Intersect(b).Complement(), a.Complement().Union(b.Complement())},
			"a-b = a * not b":     {a.Subtract(b), a.Intersect(b.Complement())},
			"a + not a = any":     {a.Union(a.Complement()), AllPorts()},
			"(a-b) + (a*b) = a":   {a.Subtract(b).Union(a.Intersect(b)), a},
			"a + none, none + a":  {a.Union(Ports{}), Ports{}.Union(a)},
			"a * any = any * a":   {a.Intersect(AllPorts()), AllPorts().Intersect(a)},
			"any - a = not a":     {AllPorts().Subtract(a), a.Complement()},
			"none - a = a * none": {Ports{}.Subtract(a), a.Intersect(Ports{})},
		} {
			if !pair[0].Equal(pair[1]) || !reflect.DeepEqual(pair[0], pair[1]) || pair[0].String() != pair[1].String() {
				t.Fatalf("%s: %s is not %s", law, pair[0], pair[1])
			}
		}
		if !a.Union(b).ContainsAll(a) || !a.ContainsAll(a.Intersect(b)) || !a.ContainsAll(Ports{}) {
			t.Fatalf("inclusion fails for %s and %s", a, b)
		}
	})
}

func TestPortsText(t *testing.T) {
	for _, test := range []struct {
		ports Ports
		want  string
	}{
		{Ports{}, "none"},
		{PortsOf(), "none"},
		{SinglePort(80).Subtract(SinglePort(80)), "none"},
		{AllPorts(), "any"},
		{AllPorts().Complement(), "none"},
		{Ports{}.Complement(), "any"},
		{PortsOf(PortRange{1, 65535}), "any"},
		{PortsOf(PortRange{8000, 8080}, PortRange{443, 443}, PortRange{80, 80}), "80,443,8000-8080"},
		{PortsOf(PortRange{80, 80}, PortRange{81, 81}), "80-81"},
		{SinglePort(65535), "65535"},
		{SinglePort(1).Complement(), "2-65535"},
		{SinglePort(65535).Complement(), "1-65534"},
		{AllPorts().Subtract(SinglePort(22)), "1-21,23-65535"},
	} {
		if got := test.ports.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestPortsRefuseWhatIsNoRange(t *testing.T) {
	for _, r := range []PortRange{{0, 0}, {0, 80}, {81, 80}} {
		t.Run(r.String(), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			PortsOf(r)
		})
	}
}

func TestPortsOrderDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ranges := []PortRange{{80, 90}, {85, 100}, {101, 101}, {443, 443}, {1, 10}, {65530, 65535}, {80, 80}}
	want := PortsOf(ranges...)
	for range 100 {
		random.Shuffle(len(ranges), func(i, j int) { ranges[i], ranges[j] = ranges[j], ranges[i] })
		var got Ports
		for _, r := range ranges {
			got = got.Union(PortsOf(r))
		}
		if !got.Equal(want) || got.String() != "1-10,80-101,443,65530-65535" {
			t.Fatalf("%v give %s", ranges, got)
		}
	}
}

// TestPortsNeverChange holds that results which share memory stay apart.
func TestPortsNeverChange(t *testing.T) {
	a := PortsOf(PortRange{1, 5}, PortRange{10, 20})
	b := a.Complement()
	for _, s := range []Ports{a.Union(SinglePort(30)), b.Union(SinglePort(30)), a.Complement().Complement(), b.Subtract(a)} {
		s.Complement()
		s.Union(AllPorts())
	}
	a.Ranges()[0] = PortRange{7, 8}
	if a.String() != "1-5,10-20" || b.String() != "6-9,21-65535" {
		t.Errorf("changed to %s and %s", a, b)
	}
}
