package sem

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/portolan-dev/portolan/ir"
)

var parsedIn = ir.Inventory{
	Namespaces: []ir.Namespace{{Address: "shop", Name: "shop", Labels: map[string]string{"team": "a"}}},
	Workloads: []ir.Workload{{
		Address: "shop/web", Name: "web", Namespace: "shop", Account: "web", Mesh: true,
		Pods: ir.Pods{Namespace: ir.InNamespace("shop").Namespace, Labels: ir.MatchLabels(map[string]string{"app": "web"}), Account: ir.Anything()},
	}},
}

func TestParseEndpoint(t *testing.T) {
	team := map[string]string{"team": "a"}
	for text, want := range map[string]Endpoint{
		"shop/web":               {Kind: Pod, Namespace: "shop", NamespaceLabels: team, Labels: map[string]string{"app": "web"}, Account: "web", Meshed: true},
		"shop{app=web}":          {Kind: Pod, Namespace: "shop", NamespaceLabels: team, Labels: map[string]string{"app": "web"}, Account: "web", Meshed: true},
		"shop{app=web,x=}@other": {Kind: Pod, Namespace: "shop", NamespaceLabels: team, Labels: map[string]string{"app": "web", "x": ""}, Account: "other", Meshed: true},
		"away{}":                 {Kind: Pod, Namespace: "away", Labels: map[string]string{}, Meshed: true},
		"10.0.0.1":               {Kind: External, Address: netip.MustParseAddr("10.0.0.1")},
		"::ffff:10.0.0.1":        {Kind: External, Address: netip.MustParseAddr("10.0.0.1")},
		"API.example.com.":       {Kind: External, Names: []string{"api.example.com"}},
		"world":                  {Kind: External},
		"node":                   {Kind: OtherNode},
		"own-node@192.0.2.1":     {Kind: OwnNode, Address: netip.MustParseAddr("192.0.2.1")},
	} {
		got, err := ParseEndpoint(text, &parsedIn)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "shop", "shop/api", "away/web", "shop{app}", "shop{app=web", "{a=b}", "shop{a=b}x", "shop{a=b,a=c}", "*.example.com", "node@x", "10.0.0.0/8"} {
		if got, err := ParseEndpoint(text, &parsedIn); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

func TestParseTransport(t *testing.T) {
	for text, want := range map[string]Flow{
		"tcp/8080": {Protocol: TCP, Port: 8080}, "udp/53": {Protocol: UDP, Port: 53}, "sctp/1": {Protocol: SCTP, Port: 1},
		"icmp/8": {Protocol: ICMP, ICMPType: 8}, "icmpv6/1/4": {Protocol: ICMPv6, ICMPType: 1, ICMPCode: 4}, "protocol/47": {Protocol: 47},
	} {
		var got Flow
		if err := got.ParseTransport(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "8080", "tcp", "tcp/0", "tcp/65536", "tcp/http", "icmp", "icmp/256", "icmp/8/x", "protocol/256", "gre/1"} {
		if err := new(Flow).ParseTransport(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// FuzzParse: what a question is made of is read or refused, and what was read
// and written out again is the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"shop/web", "shop{app=web,tier=x}@a", "10.0.0.1", "api.example.com", "node@::1", "tcp/80", "icmp/8/0", "GET /x", "GET h:80/x?y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_ = new(Flow).ParseTransport(text)
		_, _ = ParseRequest(text)
		e, err := ParseEndpoint(text, &parsedIn)
		if err != nil || e.Kind == OwnNode || e.Kind == OtherNode || e.Kind == External && e.Names == nil && !e.Address.IsValid() {
			return
		}
		again, err := ParseEndpoint(e.Text(&parsedIn), &parsedIn)
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Errorf("%q is %+v, and %q is %+v, %v", text, e, e.Text(&parsedIn), again, err)
		}
	})
}
