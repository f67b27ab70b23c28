package ir

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/set"
)

// conditional is a program with one rule for each condition, as alternatives
// where there are two, what validates their tokens, and a rule about nodes.
func conditional(t *testing.T) *Program {
	t.Helper()
	peers, _ := PeersOf(InNamespace("web"))
	any, _ := PeersOf(AnyPeer{})
	every, _ := NewRequest(Anything(), []Path{AnyPath()}, nil, Selector{})
	get, _ := NewRequest(OneOf("GET"), []Path{AnyPath()}, nil, Selector{})
	tcp := PortTraffic(TCP, set.SinglePort(80))
	asked, _ := tcp.WithRequests(every)
	read, _ := tcp.WithRequests(get)
	name, err := ParseName("a.example.com")
	if err != nil {
		t.Fatal(err)
	}
	pods, nodes := SubjectOf(InNamespace("shop")), Subject{Kind: SubjectNodes, Address: "nodes/workers"}
	rule := func(address string, a Action, s Subject, t Traffic, c ...Condition) Rule {
		return Rule{Subject: s, Peers: peers, Traffic: t, Action: a, If: c, Origin: Origin{Kind: FromRule, Address: address}}
	}
	validation := Rule{
		Subject: pods, Peers: any, Traffic: asked, Action: Deny, If: []Condition{BadToken("i")},
		Origin: Origin{Kind: FromCompanion, Address: "token", Purpose: ForTokens},
	}
	client := Client(set.AddressesOf(netip.MustParsePrefix("192.0.2.0/24")))
	return &Program{
		Ingress: []Stage{{Name: StageRules, Levels: []Level{
			{Rules: []Rule{validation}},
			{Rules: []Rule{rule("bots", Deny, pods, asked, Token("i", "bot"))}},
			{Rules: []Rule{
				rule("token", Allow, pods, asked, Token("i", ""), TokenClaim([]string{"role"}, "a"), client),
				rule("token", Allow, pods, asked, Token("i", ""), TokenClaim([]string{"role"}, "b"), client),
				rule("read", Allow, pods, read, Token("i", "")),
				rule("name", Allow, pods, tcp, ServerName(name)),
				rule("node", Allow, pods, tcp),
			}},
		}}},
		Hosts: Hosts{Egress: []Stage{{Name: StageRules, Levels: []Level{{Rules: []Rule{rule("node", Allow, nodes, tcp)}}},
			Isolate: []Isolation{{Subject: nodes, Origin: Origin{Kind: FromDefault, Address: "nodes/workers"}}}}}},
	}
}

func TestAcceptConditions(t *testing.T) {
	const validated = "a token that is not valid"
	for _, x := range []struct {
		loss, address string
		lacks         []string
		ok            bool
		gone, left    []string // of the program's text
	}{
		{"widened", "token", []string{"jwt"}, true, []string{validated, `"a"`, `"b"`}, []string{"if the original client is in 192.0.2.0/24, rule token", "traffic tcp 80\n"}},
		{"widened", "token", []string{"client"}, true, []string{"original client"}, []string{validated, `has "a"`, `has "b"`}},
		{"widened", "token", []string{"client", "jwt"}, true, []string{"original client", validated, `"a"`}, []string{"# rule token\n"}},
		{"narrowed", "token", []string{"jwt"}, true, []string{"rule token", validated}, []string{"rule read"}},
		{"widened", "read", []string{"jwt"}, true, nil, []string{"http GET any\n        # rule read\n"}},
		{"widened", "bots", []string{"jwt"}, true, []string{"rule bots"}, []string{validated}},
		{"narrowed", "bots", []string{"jwt"}, false, nil, nil},
		{"widened", "name", []string{"sni"}, true, []string{"TLS names"}, []string{"# rule name\n"}},
		{"widened", "name", []string{"jwt"}, false, nil, nil},
		{"widened", "name", []string{"remote"}, false, nil, nil},
		{"widened", "node", []string{"hosts"}, true, []string{"allow nodes{"}, []string{"rule node\n", "closed nodes{"}},
		{"narrowed", "node", []string{"hosts"}, true, []string{"rule node\n"}, []string{"closed nodes{"}},
		{"widened", "nodes/workers", []string{"hosts"}, true, []string{"closed nodes{"}, []string{"allow nodes{"}},
		{"unenforced", "nodes/workers", []string{"hosts"}, false, nil, nil},
		{"widened", "name", []string{"hosts"}, false, nil, nil},
	} {
		p := conditional(t)
		before := p.Text()
		q, ok := Accept(p, x.loss, x.lacks, x.address)
		if ok != x.ok || p.Text() != before {
			t.Errorf("%+v: %t, or the program itself changed", x, ok)
			continue
		}
		text := q.Text()
		if !ok && text != before {
			t.Errorf("%+v changed\n%s", x, text)
		}
		for _, s := range x.gone {
			if strings.Contains(text, s) {
				t.Errorf("%+v: %q is still in\n%s", x, s, text)
			}
		}
		for _, s := range x.left {
			if !strings.Contains(text, s) {
				t.Errorf("%+v: %q is not in\n%s", x, s, text)
			}
		}
		if n := strings.Count(text, "rule token\n"); len(x.lacks) == 2 && n != 1 {
			t.Errorf("%+v: the alternatives are left %d times\n%s", x, n, text)
		}
	}
}
