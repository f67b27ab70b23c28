package cilium

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/lift"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
	"github.com/portolan-dev/portolan/ir/set"
)

func options(t testing.TB, engine string) lift.Options {
	t.Helper()
	p, err := profile.Parse(engine)
	if err != nil {
		t.Fatal(err)
	}
	return lift.Options{Profile: p, Inventory: ir.Inventory{
		Facts: ir.Facts{APIServer: set.AddressesOf(netip.MustParsePrefix(serverAddress + "/32"))},
	}}
}

// lifted gives the program of manifests, and what is said of them.
func lifted(t testing.TB, engine, yaml string) (*ir.Program, diag.List) {
	t.Helper()
	return (Frontend{}).Lift(read(t, yaml), options(t, engine))
}

const serverAddress = "203.0.113.1"

var teams = map[string]map[string]string{"a": {"team": "x"}, "b": {}, "c": {"team": "x"}}

// endpoint gives an endpoint by its name: a/1 is a pod of namespace a with label
// app=1, a/1/s one that runs as s, west:a/1 one of the cluster west; own, node,
// server and infrastructure go by their names, own{x} and node{x} are nodes with
// the label role=x, addresses outside by themselves, names outside with a dot.
func endpoint(name string) sem.Endpoint {
	if cluster, pod, remote := strings.Cut(name, ":"); remote && strings.Contains(pod, "/") {
		e := endpoint(pod)
		e.Kind, e.Cluster = sem.Remote, cluster
		return e
	}
	if node, role, labelled := strings.Cut(name, "{"); labelled {
		e := endpoint(node)
		e.Labels = map[string]string{"role": strings.TrimSuffix(role, "}")}
		return e
	}
	switch name {
	case "own":
		return sem.Endpoint{Kind: sem.OwnNode, Address: netip.MustParseAddr("172.16.0.1")}
	case "node":
		return sem.Endpoint{Kind: sem.OtherNode, Address: netip.MustParseAddr("172.16.0.2")}
	case "server":
		return sem.Endpoint{Kind: sem.External, APIServer: true, Address: netip.MustParseAddr(serverAddress)}
	case "health", "ingress", "init", "unmanaged":
		return sem.Endpoint{Kind: sem.Infrastructure, Name: name, Address: netip.MustParseAddr("10.9.9.9")}
	}
	if a, err := netip.ParseAddr(name); err == nil {
		return sem.Endpoint{Kind: sem.External, Address: a}
	}
	if strings.Contains(name, ".") {
		return sem.Endpoint{Kind: sem.External, Address: netip.MustParseAddr("198.51.100.7"), Names: []string{name}}
	}
	parts := strings.Split(name, "/")
	e := sem.Endpoint{
		Kind: sem.Pod, Namespace: parts[0], NamespaceLabels: teams[parts[0]], Account: "default",
		Labels: map[string]string{"app": parts[1]}, Address: netip.MustParseAddr("10.0.0.1"),
	}
	if len(parts) == 3 {
		e.Account = parts[2]
	}
	return e
}

// traffic reads "tcp 80", "udp 53 name", "icmp 8", or "GET /path" with a host
// behind it, which is on TCP 80.
func traffic(text string) sem.Flow {
	words := strings.Fields(text)
	number := func() uint16 {
		n, err := strconv.ParseUint(words[1], 10, 16)
		if err != nil {
			panic(err)
		}
		return uint16(n)
	}
	var f sem.Flow
	switch words[0] {
	case "tcp", "udp", "sctp":
		f.Protocol, f.Port = map[string]uint8{"tcp": sem.TCP, "udp": sem.UDP, "sctp": sem.SCTP}[words[0]], number()
		if len(words) > 2 {
			f.Query = words[2]
		}
	case "icmp", "icmpv6":
		f.Protocol, f.ICMPType = map[string]uint8{"icmp": sem.ICMP, "icmpv6": sem.ICMPv6}[words[0]], uint8(number())
	default:
		f.Protocol, f.Port = sem.TCP, 80
		f.Request = &sem.Request{Method: words[0], Target: words[1], Host: "example.com"}
		if len(words) > 2 {
			f.Request.Host = words[2]
		}
	}
	return f
}

// ask gives the verdict on "a/1 > b/2: tcp 80", each end of which asks its own
// program.
func ask(p *ir.Program, question string) sem.Outcome {
	ends, what, _ := strings.Cut(question, ": ")
	from, to, _ := strings.Cut(ends, " > ")
	f := traffic(what)
	f.Source, f.Destination = endpoint(from), endpoint(to)
	f.Holds = map[string]bool{}
	for _, r := range p.All() {
		for _, c := range r.Rule.If {
			if text, ok := strings.CutPrefix(c.Atom, ir.ServerName(ir.Name{}).Atom); ok {
				n, err := ir.ParseName(text)
				if err != nil {
					n, _ = ir.NameRegexp(strings.TrimPrefix(text, "~"))
				}
				f.Holds[c.Atom] = serverOf(what) != "" && n.Matches(serverOf(what))
			}
		}
	}
	return sem.Decide(sem.Policy{{Program: p, Scope: sem.CNI}}, f).Outcome
}

// serverOf gives the server that "tcp 443 tls api.x.io" names; "" for none.
func serverOf(what string) string {
	_, name, _ := strings.Cut(what, " tls ")
	return name
}

// cnp is a policy of namespace a with this spec.
func cnp(spec string) string { return object("CiliumNetworkPolicy", "  namespace: a\n", spec) }

// ccnp is a clusterwide policy with this spec.
func ccnp(spec string) string { return object("CiliumClusterwideNetworkPolicy", "", spec) }

// kcnp is a ClusterNetworkPolicy with this spec.
func kcnp(spec string) string {
	return strings.NewReplacer("cilium.io/v2", "policy.networking.k8s.io/v1alpha2", "CiliumClusterwideNetworkPolicy", "ClusterNetworkPolicy").Replace(ccnp(spec))
}

var serial int

func object(kind, namespace, spec string) string {
	serial++
	return fmt.Sprintf("apiVersion: cilium.io/v2\nkind: %s\nmetadata:\n  name: p%d\n%sspec: %s\n", kind, serial, namespace, spec)
}

// read gives the documents of a stream.
func read(t testing.TB, yaml string) []manifest.Document {
	t.Helper()
	in, diags := manifest.ReadFiles([]manifest.File{{Name: "test.yaml", Data: []byte(yaml)}}, manifest.Options{})
	if diags.HasErrors() {
		t.Fatalf("%v in\n%s", diags, yaml)
	}
	return in.Documents
}
