package cilium

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/policy/api"
)

func TestPrefixesOf(t *testing.T) {
	for _, c := range []struct {
		first, last, want int
	}{{80, 0, 1}, {80, 80, 1}, {80, 81, 1}, {81, 82, 2}, {1, 65535, 16}, {1024, 65535, 6}, {8000, 8999, 6}, {0, 0, 1}} {
		if got := prefixesOf(api.PortProtocol{Port: strconv.Itoa(c.first), EndPort: int32(c.last)}); got != c.want {
			t.Errorf("%d-%d: %d prefixes, not %d", c.first, c.last, got, c.want)
		}
	}
	if got := prefixesOf(api.PortProtocol{Port: "web"}); got != 1 {
		t.Errorf("a name: %d", got)
	}
}

// bulky gives rules of about two kilobytes each.
func bulky(n int) api.Rules {
	var out api.Rules
	for i := range n {
		out = append(out, &api.Rule{Description: fmt.Sprintf("shop/r%d: %s", i, strings.Repeat("x", 2000))})
	}
	return out
}

func TestDivide(t *testing.T) {
	if parts, ok := divide(bulky(3), 3); !ok || len(parts) != 1 || parts[0].suffix != "" {
		t.Errorf("few: %v", parts)
	}
	at := func(rules api.Rules) map[string]string {
		parts, ok := divide(rules, unmeasured)
		if !ok || len(parts) < 2 {
			t.Fatalf("%d parts, %v", len(parts), ok)
		}
		out := map[string]string{}
		for _, p := range parts {
			size := 0
			for _, r := range p.rules {
				size += sizeOf(r)
				out[r.Description] = p.suffix
			}
			if size > maxObject || p.suffix == "" {
				t.Errorf("part %q has %d bytes", p.suffix, size)
			}
		}
		if len(out) != len(rules) {
			t.Errorf("%d of %d rules", len(out), len(rules))
		}
		return out
	}
	few, more := at(bulky(400)), at(bulky(401))
	for r, suffix := range few {
		if more[r] != suffix {
			t.Errorf("a rule that is added moves %.10s from %s to %s", r, suffix, more[r])
		}
	}
	large := bulky(1)
	large[0].Description = strings.Repeat("x", maxObject)
	if _, ok := divide(append(bulky(300), large...), unmeasured); ok {
		t.Error("a rule that no object holds")
	}
}
