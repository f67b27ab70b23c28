package intent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

func TestParsePath(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{`web`, `web`},
		{`2048-game`, `2048-game`},
		{`shop.web`, `shop.web`},
		{`tenant["a"]`, `tenant["a"]`},
		{`tenant["a.b"].web`, `tenant["a.b"].web`},
		{`tenant["a\"b"].web`, `tenant["a\"b"].web`},
		{`namespace.tenant["a"].web`, `namespace.tenant["a"].web`},
		{``, ``},
		{`.web`, ``},
		{`web.`, ``},
		{`shop..web`, ``},
		{`["a"]`, ``},
		{`tenant[a]`, ``},
		{`tenant["a"]web`, ``},
		{`shop/web`, ``},
		{`shop web`, ``},
		{`shöp`, ``},
	} {
		p, ok := parsePath(x.text)
		if ok != (x.want != "") || ok && p.String() != x.want {
			t.Errorf("%s: %s %t", x.text, p, ok)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, x := range []struct{ given, want string }{
		{"udpp", "udp"}, {"tpc", "tcp"}, {"tcpp", "tcp"}, {"pdu", ""}, {"labls", "labels"}, {"xyz", ""}, {"t", ""}, {"tcp", ""}, {"servce_acount", "service_account"},
	} {
		if got := nearest(x.given, []string{"tcp", "udp", "labels", "service_account"}); got != x.want {
			t.Errorf("%s: %q, want %q", x.given, got, x.want)
		}
	}
}

// Every name that the language reserves is refused for every kind of block.
func TestReserved(t *testing.T) {
	for _, name := range strings.Fields("world cluster nodes anywhere apiserver dns self others workload namespace external group var local each any absent true null") {
		for _, block := range []string{`namespace "%s" {}`, `external "%s" { fqdns = ["a.example"] }`, `group "%s" { members = [cluster] }`, "namespace \"ok\" {\n workload \"%s\" { service_account = \"x\" }\n}"} {
			_, diags := loadText(t, fmt.Sprintf(block, name), Options{})
			if len(diags) == 0 || diags[0].Code != diag.ReservedName {
				t.Errorf(block+": %v", name, diags)
			}
		}
	}
}

// Names are resolved alike in labels, in expressions, in strings, in JSON.
func TestNames(t *testing.T) {
	const text = `
namespace "shop" {
  workload "web" { service_account = "web" }
  workload "2048-game" { service_account = "game" }
  workload "shop" { service_account = "shop" }
  allow "r" {
    from = [%s]
    to   = [cluster]
  }
}
namespace "kube-dns-2" {
  workload "web" { service_account = "web" }
}
external "web" { cidrs = ["192.0.2.0/24"] }
group "web" { members = [external.web] }
group "shop-all" { members = [namespace.shop, shop.web, namespace.shop.web, group.web] }
`
	for _, x := range []struct {
		name string
		want string // peers, or the code of the error
	}{
		{`workload.web`, "shop/web"},
		{`external.web`, "external web"},
		{`group.web`, "group web"},
		{`web`, "P1202"},
		{`namespace.shop`, "namespace shop"},
		{`workload.shop`, "shop/shop"},
		{`shop`, "P1202"},
		{`shop.web`, "shop/web"},
		{`shop.shop`, "shop/shop"},
		{`kube-dns-2`, "namespace kube-dns-2"},
		{`kube-dns-2.web`, "kube-dns-2/web"},
		{`namespace.kube-dns-2.web`, "kube-dns-2/web"},
		{`shop-all`, "group shop-all"},
		{`shop-all.web`, "P1201"},
		{`external.shop`, "P1201"},
		{`workload.nobody`, "P1201"},
		{`shop.web.x`, "P1201"},
		{`self`, "self"},
		{`self.web`, "P1201"},
		{`external`, "P1201"},
	} {
		for _, form := range []string{x.name, fmt.Sprintf("%q", x.name)} {
			c, diags := loadText(t, fmt.Sprintf(text, form), Options{})
			switch {
			case strings.HasPrefix(x.want, "P"):
				found := 0
				for _, d := range diags {
					if string(d.Code) == x.want {
						found++
					} else if d.Code != diag.NeverUsed {
						t.Errorf("%s: %s", form, d)
					}
				}
				if found != 1 {
					t.Errorf("%s: %v", form, diags)
				}
			case diags.HasErrors():
				t.Errorf("%s: %v", form, diags)
			default:
				if got := showPeers(c.Rules[0].From); got != "{"+x.want+"}" {
					t.Errorf("%s: %s, want %s", form, got, x.want)
				}
			}
		}
	}
	if c, diags := loadText(t, fmt.Sprintf(text, `"2048-game"`), Options{}); diags.HasErrors() || showPeers(c.Rules[0].From) != "{shop/2048-game}" {
		t.Error(diags)
	}
}

// A name that cannot be had is reported once, and what depends on it not.
func TestNoCascades(t *testing.T) {
	for _, text := range []string{
		"external \"bad.name\" { fqdns = [\"a.example\"] }\nallow cluster to \"bad.name\" {}\ngroup \"g\" { members = [bad.name] }\nallow cluster to g {}",
		"locals { a = nobody }\nallow \"x\" {\n from = local.a\n to = [for x in local.a : x]\n}",
		"namespace \"t\" {\n for_each = nobody\n workload \"w\" { service_account = each.key }\n allow w to w {}\n}\nallow t to \"t.w\" {}\nallow \"t[\\\"x\\\"]\" to cluster {}",
		"variable \"v\" { type = nothing }\nallow \"x\" {\n from = [cluster]\n to = [world]\n tcp = var.v\n}",
		"external \"x\" { cidrs = [\"10.0.0.0/99\"] }\nallow x to cluster {}",
		"group \"a\" { members = [b] }\ngroup \"b\" { members = [a] }\nallow a to b {}",
		"namespace \"shop\" {\n workload \"web\" { labels = { app = \"web\" ",
		"namespace \"shop\" {\n workload web \"x\" { labels = 5\n }\n}\nallow shop to web {}",
	} {
		_, diags := loadText(t, text, Options{})
		if len(diags) != 1 {
			t.Errorf("%s\n%d diagnostics:", text, len(diags))
			for _, d := range diags {
				t.Error(d)
			}
		}
	}
}
