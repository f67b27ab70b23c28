package calico

import (
	"net/netip"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

// The flows of the traps: pods of two namespaces, a host and the outside.
func pod(namespace, address string, labels ...string) sem.Endpoint {
	e := sem.Endpoint{Kind: sem.Pod, Address: netip.MustParseAddr(address), Namespace: namespace, Labels: map[string]string{}, Account: "default"}
	for i := 0; i < len(labels); i += 2 {
		e.Labels[labels[i]] = labels[i+1]
	}
	return e
}

func endpoint(kind sem.EndpointKind, address string) sem.Endpoint {
	return sem.Endpoint{Kind: kind, Address: netip.MustParseAddr(address)}
}

func tcp(from, to sem.Endpoint, port uint16) sem.Flow {
	return sem.Flow{Source: from, Destination: to, Protocol: sem.TCP, SourcePort: 40000, Port: port}
}

func TestTraps(t *testing.T) {
	web, other := pod("a", "10.0.0.1", "app", "web"), pod("b", "10.0.0.2", "app", "web")
	db := pod("a", "10.0.0.3", "app", "db")
	web6, db6 := pod("a", "fd00::1", "app", "web"), pod("a", "fd00::3", "app", "db")
	outside, node, own := endpoint(sem.External, "192.0.2.1"), endpoint(sem.OtherNode, "172.16.0.1"), endpoint(sem.OwnNode, "172.16.0.2")
	server := endpoint(sem.External, "203.0.113.1")
	server.APIServer = true
	ping := sem.Flow{Source: web, Destination: db, Protocol: sem.ICMP, ICMPType: 8}
	named := tcp(web, db, 80)
	named.Calls = []string{"http"}
	udp := named
	udp.Protocol = sem.UDP

	const allow = "types: [Ingress], ingress: [{action: Allow, source: "
	gnp, np := "GlobalNetworkPolicy p", "NetworkPolicy a/p"
	set := object("GlobalNetworkSet s", "nets: [192.0.2.0/24, 10.0.0.2]")
	native := object("k8s:NetworkPolicy a/native", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]")
	early := func(action string) string { return object("Tier early", "order: 5, defaultAction: "+action) }
	type flows map[*sem.Flow]sem.Outcome
	f := func(x sem.Flow) *sem.Flow { return &x }
	for name, c := range map[string]struct {
		version, text string
		want          flows
	}{
		"egress rules alone govern egress alone": {"3.33", object(np, "egress: [{action: Deny}]"),
			flows{f(tcp(web, db, 80)): sem.Denied, f(tcp(other, db, 80)): sem.Allowed}},
		"storage without types governs both": {"3.33", object("crd:NetworkPolicy a/p", "egress: [{action: Allow}]"),
			flows{f(tcp(web, db, 80)): sem.Denied, f(tcp(web, outside, 80)): sem.Allowed, f(tcp(other, db, 80)): sem.Denied}},
		"a selector in a namespace is of that namespace": {"3.33", object(np, allow+"{selector: app == 'web'}}]"),
			flows{f(tcp(web, db, 80)): sem.Allowed, f(tcp(other, db, 80)): sem.Denied}},
		"a selector in a global policy is of every namespace, and of sets": {"3.33", set + object(gnp, allow+"{selector: app == 'web' || k == 'v'}}]"),
			flows{f(tcp(web, db, 80)): sem.Allowed, f(tcp(other, db, 80)): sem.Allowed, f(tcp(outside, db, 80)): sem.Allowed, f(tcp(node, db, 80)): sem.Denied}},
		"a pod in a set has the set's labels": {"3.33", set + object(gnp, allow+"{selector: k == 'v'}}]"),
			flows{f(tcp(other, db, 80)): sem.Allowed, f(tcp(web, db, 80)): sem.Denied}},
		"notSelector in a namespace": {"3.33", object(np, allow+"{notSelector: app == 'web'}}]"),
			flows{f(tcp(db, web, 80)): sem.Allowed, f(tcp(outside, web, 80)): sem.Denied, f(tcp(other, web, 80)): sem.Denied}},
		"notSelector in a global policy": {"3.33", object(gnp, allow+"{notSelector: app == 'web'}}]"),
			flows{f(tcp(db, web, 80)): sem.Allowed, f(tcp(outside, web, 80)): sem.Allowed, f(tcp(other, web, 80)): sem.Denied}},
		"a negative namespaceSelector matches global sets": {"3.33", set + object(gnp, allow+"{namespaceSelector: x != 'y'}}]"),
			flows{f(tcp(outside, web, 80)): sem.Allowed, f(tcp(node, web, 80)): sem.Denied}},
		"namespaceSelector all() does not": {"3.33", set + object(gnp, allow+"{namespaceSelector: all()}}]"),
			flows{f(tcp(outside, web, 80)): sem.Denied, f(tcp(db, web, 80)): sem.Allowed}},
		"namespaceSelector global() matches nothing else": {"3.33", set + object(gnp, allow+"{namespaceSelector: global()}}]"),
			flows{f(tcp(outside, web, 80)): sem.Allowed, f(tcp(db, web, 80)): sem.Denied}},
		"host endpoints are peers by address": {"3.33", object("HostEndpoint h", "node: node1, expectedIPs: [172.16.0.1]") + object(gnp, allow+"{selector: k == 'v'}}]"),
			flows{f(tcp(node, web, 80)): sem.Allowed, f(tcp(outside, web, 80)): sem.Denied}},
		"empty serviceAccounts restrict nothing": {"3.33", object(np, allow+"{serviceAccounts: {}}}]"),
			flows{f(tcp(outside, web, 80)): sem.Allowed}},
		"account labels are not known": {"3.33", object(np, allow+"{serviceAccounts: {selector: team == 'x'}}}]"),
			flows{f(tcp(db, web, 80)): sem.Unknown, f(tcp(outside, web, 80)): sem.Denied}},
		"account labels both ways": {"3.33", object(np, "types: [Ingress], ingress: [{action: Allow, source: {serviceAccounts: {selector: team == 'x'}}}, {action: Allow, source: {serviceAccounts: {selector: team != 'x'}}}]"),
			flows{f(tcp(db, web, 80)): sem.Allowed, f(tcp(outside, web, 80)): sem.Denied}},
		"account labels by pattern both ways": {"3.33", object(np, "types: [Ingress], ingress: [{action: Allow, source: {serviceAccounts: {selector: team contains 'x'}}}, {action: Allow, source: {serviceAccounts: {selector: \"!team contains 'x'\"}}}]"),
			flows{f(tcp(db, web, 80)): sem.Allowed}},
		"account names of the pods that a policy governs": {"3.33", object(np, "types: [Ingress], serviceAccountSelector: projectcalico.org/name == 'default'"),
			flows{f(tcp(db, web, 80)): sem.Denied}},
		"the node of the pod": {"3.33", object(np, "types: [Ingress]"),
			flows{f(tcp(own, web, 80)): sem.Allowed, f(tcp(node, web, 80)): sem.Denied}},
		"notNets are of one family": {"3.33", object(np, allow+"{notNets: [10.9.0.0/16]}}]"),
			flows{f(tcp(db, web, 80)): sem.Allowed, f(tcp(db6, web6, 80)): sem.Denied}},
		"nets match pods": {"3.33", object(np, allow+"{nets: [10.0.0.0/8]}}]"), flows{f(tcp(db, web, 80)): sem.Allowed}},
		"an ingress rule's destination is a filter": {"3.33", object(np, "types: [Ingress], ingress: [{action: Allow, destination: {selector: app == 'web'}}]"),
			flows{f(tcp(db, web, 80)): sem.Allowed, f(tcp(web, db, 80)): sem.Denied}},
		"an egress rule's source is a filter": {"3.33", object(np, "types: [Egress], egress: [{action: Allow, source: {nets: [10.0.0.1/32]}}]"),
			flows{f(tcp(web, other, 80)): sem.Allowed, f(tcp(db, other, 80)): sem.Denied}},
		"source ports": {"3.33", object(np, "types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {ports: ['1:39999']}}]"),
			flows{f(tcp(web, db, 80)): sem.Denied}},
		"ports by name without a protocol": {"3.33", object(np, "types: [Ingress], ingress: [{action: Allow, destination: {ports: [http]}}]"),
			flows{&named: sem.Allowed, &udp: sem.Allowed, f(tcp(web, db, 80)): sem.Denied}},
		"names of ports of pods that a set's labels select": {"3.33", object("GlobalNetworkSet s", "nets: [10.0.0.3]") +
			object("GlobalNetworkPolicy p", "types: [Egress], egress: [{action: Allow, protocol: TCP, destination: {selector: k == 'v', ports: [http]}}]"),
			flows{&named: sem.Denied}},
		"and of pods that the policy governs": {"3.33", object("GlobalNetworkSet s", "nets: [10.0.0.3]") +
			object(gnp, "types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {selector: k == 'v', ports: [http, 81]}}]"),
			flows{&named: sem.Denied, f(tcp(web, db, 81)): sem.Allowed}},
		"a number of a protocol": {"3.33", object(np, "types: [Ingress], ingress: [{action: Deny, protocol: '6'}, {action: Allow}]"),
			flows{f(tcp(web, db, 80)): sem.Denied, &ping: sem.Allowed}},
		"messages but one": {"3.33", object(np, "types: [Ingress], ingress: [{action: Allow, protocol: ICMP, notICMP: {type: 8, code: 1}}]"),
			flows{&ping: sem.Allowed}},

		"a tier closes what it selects": {"3.33", early("Deny") + object("NetworkPolicy a/early.p", "tier: early, types: [Ingress], selector: app == 'db'") + native,
			flows{f(tcp(web, db, 80)): sem.Denied, f(tcp(db, web, 80)): sem.Allowed}},
		"a tier that passes closes nothing": {"3.33", early("Pass") + object("NetworkPolicy a/early.p", "tier: early, types: [Ingress]") + native,
			flows{f(tcp(web, db, 80)): sem.Allowed, f(tcp(other, db, 80)): sem.Denied}},
		"Pass in the last tier allows": {"3.33", object(np, "types: [Ingress], ingress: [{action: Pass}, {action: Deny}]"),
			flows{f(tcp(web, db, 80)): sem.Allowed}},
		"a tier without an order stands beside default": {"3.33", object("Tier a", "defaultAction: Pass") + object("NetworkPolicy a/a.p", "tier: a, types: [Ingress], ingress: [{action: Allow}]") + object(np, "types: [Ingress]"),
			flows{f(tcp(web, db, 80)): sem.Allowed}},
		"a log decides nothing": {"3.33", object(np, "types: [Ingress], ingress: [{action: Log}, {action: Deny, protocol: UDP}, {action: Allow}]"),
			flows{f(tcp(web, db, 80)): sem.Allowed, &udp: sem.Denied}},
		"a staged policy decides and closes nothing": {"3.33", object("StagedGlobalNetworkPolicy p", "types: [Ingress, Egress], ingress: [{action: Deny}]"),
			flows{f(tcp(web, db, 80)): sem.Allowed}},
		"an untracked policy closes no pod": {"3.33", object(gnp, "types: [Ingress], applyOnForward: true, doNotTrack: true"),
			flows{f(tcp(web, db, 80)): sem.Allowed}},
		"a global policy over global sets governs nothing": {"3.33", object(gnp, "types: [Ingress], namespaceSelector: '!all()'"),
			flows{f(tcp(web, db, 80)): sem.Allowed}},

		"native policies stand at order 1000": {"3.33", native + object(gnp, "order: 999, types: [Ingress], ingress: [{action: Deny, source: {selector: app == 'web'}}]"),
			flows{f(tcp(web, db, 80)): sem.Denied, f(tcp(db, web, 80)): sem.Allowed}},
		"a deny after native policies": {"3.33", native + object(gnp, "order: 1001, types: [Ingress], ingress: [{action: Deny, source: {selector: app == 'web'}}]"),
			flows{f(tcp(web, db, 80)): sem.Allowed, f(tcp(other, db, 80)): sem.Denied}},
		"an allow before native policies": {"3.33", native + object(gnp, "order: 1, types: [Ingress], ingress: [{action: Allow, source: {selector: app == 'web'}}]"),
			flows{f(tcp(other, db, 80)): sem.Allowed}},
		"ties from 3.32 go by name": {"3.33", object(np, "order: 1, types: [Ingress], ingress: [{action: Deny}]") + object("GlobalNetworkPolicy o", "order: 1, types: [Ingress], ingress: [{action: Allow}]"),
			flows{f(tcp(web, db, 80)): sem.Allowed}},
		"ties up to 3.31 go by namespace": {"3.31", object(np, "order: 1, types: [Ingress], ingress: [{action: Deny}]") + object("GlobalNetworkPolicy o", "order: 1, types: [Ingress], ingress: [{action: Allow}]"),
			flows{f(tcp(web, db, 80)): sem.Denied}},
		"ties up to 3.31 go by the name with its tier": {"3.31", object("NetworkPolicy h/p", "order: 1, types: [Ingress], ingress: [{action: Deny}]") + object("GlobalNetworkPolicy o", "order: 1, types: [Ingress], ingress: [{action: Allow}]"),
			flows{f(tcp(web, pod("h", "10.0.0.9"), 80)): sem.Allowed}},
		"cluster policies stand around tier default": {"3.33", native +
			object("cnp:ClusterNetworkPolicy c", "tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{pods: {podSelector: {matchLabels: {app: web}}}}]}]") +
			object("cnp:ClusterNetworkPolicy d", "tier: Baseline, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{pods: {podSelector: {}}}]}]"),
			flows{f(tcp(web, db, 80)): sem.Denied, f(tcp(db, web, 80)): sem.Allowed, f(tcp(db, other, 80)): sem.Denied}},

		"the API server's Service": {"3.33", object(np, "types: [Egress], egress: [{action: Allow, destination: {services: {name: kubernetes, namespace: default}}}]"),
			flows{f(tcp(web, server, 6443)): sem.Unknown, f(tcp(web, outside, 6443)): sem.Denied}},
		"a Service": {"3.33", object(np, "types: [Egress], egress: [{action: Allow, destination: {services: {name: db, namespace: a}}}]"),
			flows{f(tcp(web, db, 80)): sem.Unknown}},
		"a Service of no namespace": {"3.33", object(np, "types: [Egress], egress: [{action: Allow, destination: {services: {name: db}}}]"),
			flows{f(tcp(web, db, 80)): sem.Denied}},
		"the API server as a source": {"3.33", object(np, "types: [Ingress], ingress: [{action: Allow, source: {services: {name: kubernetes, namespace: default}}}]"),
			flows{f(tcp(server, web, 80)): sem.Allowed, f(tcp(outside, web, 80)): sem.Denied}},
	} {
		t.Run(name, func(t *testing.T) {
			p, diags := liftText(t, c.version, c.text, inventory())
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			for f, want := range c.want {
				if v := sem.Decide(sem.Policy{{Program: p, Scope: sem.CNI}}, *f); v.Outcome != want {
					t.Errorf("%s:%d to %s is %s, want %s\n%s", f.Source.Address, f.Port, f.Destination.Address, v.Outcome, want, p.Text())
				}
			}
		})
	}
}

func inventory() ir.Inventory {
	return ir.Inventory{
		Namespaces: []ir.Namespace{{Address: "a", Name: "a"}, {Address: "b", Name: "b"}},
		Facts:      ir.Facts{NodeCIDRs: set.AddressesOf(netip.MustParsePrefix("172.16.0.0/24"))},
	}
}

// TestUndeclared refuses what hangs on labels of a namespace that is not known.
func TestUndeclared(t *testing.T) {
	text := object("NetworkSet c/s", "nets: [192.0.2.0/24]") + object("GlobalNetworkPolicy p", "types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: team == 'x'}}]")
	if _, diags := liftText(t, "3.33", text, inventory()); len(diags) != 1 || !diags.HasErrors() {
		t.Error(diags)
	}
	text = object("NetworkSet c/s", "nets: [192.0.2.0/24]") + object("GlobalNetworkPolicy p", "types: [Ingress], ingress: [{action: Allow, source: {namespaceSelector: team == 'x', selector: k == 'w'}}]")
	if _, diags := liftText(t, "3.33", text, inventory()); len(diags) != 0 {
		t.Error(diags)
	}
}
