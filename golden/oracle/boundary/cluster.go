package boundary

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Bounds of a cluster: of what is mentioned, this much is tried.
const (
	maxPods    = 60
	maxOutside = 40
)

// Cluster gives a cluster to try documents in: the namespaces and workloads that
// they declare, and around these pods, nodes and addresses that fit what they
// mention and that just do not. Equal seeds give equal clusters.
func Cluster(docs []oracle.Document, seed uint64) (*oracle.Cluster, error) {
	w, err := Collect(docs)
	if err != nil {
		return nil, err
	}
	b := &builder{Rand: rand.New(rand.NewPCG(seed, 0)), words: w, cluster: &oracle.Cluster{}, namespaces: map[string]map[string]string{}, taken: map[netip.Addr]bool{}}
	for _, d := range docs {
		if err := b.declare(d); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Source, err)
		}
	}
	b.name()
	b.populate()
	b.nodes()
	b.outside()
	return b.cluster, nil
}

type builder struct {
	*rand.Rand
	words      *Words
	cluster    *oracle.Cluster
	namespaces map[string]map[string]string // with their labels
	declared   []oracle.Endpoint            // pods of the documents' workloads
	taken      map[netip.Addr]bool
}

// object is what matters here of a namespace, of what makes pods, or of a
// Service.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Spec struct {
		pod
		Template struct {
			Metadata labelled
			Spec     pod
		}
		JobTemplate struct {
			Spec struct {
				Template struct {
					Metadata labelled
					Spec     pod
				}
			}
		}
		Selector any
		Ports    []struct {
			Name, Protocol string
			Port           uint16
			TargetPort     any
		}
	}
}

type labelled struct{ Labels map[string]string }

type pod struct {
	ServiceAccountName string
	HostNetwork        bool
	Containers         []struct {
		Ports []struct {
			Name, Protocol string
			ContainerPort  uint16
		}
	}
}

// declare takes in what a document says of the cluster.
func (b *builder) declare(d oracle.Document) error {
	var kind struct{ Kind string }
	if err := yaml.Unmarshal(d.Text, &kind); err != nil {
		return err
	}
	if !slices.Contains([]string{"Namespace", "Service", "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"}, kind.Kind) {
		return nil
	}
	var o object
	if err := yaml.Unmarshal(d.Text, &o); err != nil {
		return err
	}
	if o.Metadata.Namespace == "" {
		o.Metadata.Namespace = "default"
	}
	switch o.Kind {
	case "Namespace":
		b.namespaces[o.Metadata.Name] = o.Metadata.Labels
	case "Service":
		b.service(&o)
	case "Pod":
		b.workload(&o, labelled{o.Metadata.Labels}, o.Spec.pod)
	case "CronJob":
		b.workload(&o, o.Spec.JobTemplate.Spec.Template.Metadata, o.Spec.JobTemplate.Spec.Template.Spec)
	default:
		b.workload(&o, o.Spec.Template.Metadata, o.Spec.Template.Spec)
	}
	return nil
}

func (b *builder) workload(o *object, of labelled, p pod) {
	if p.HostNetwork {
		return // a pod there is its node
	}
	e := oracle.Endpoint{Endpoint: sem.Endpoint{Kind: sem.Pod, Namespace: o.Metadata.Namespace, Labels: of.Labels, Account: p.ServiceAccountName}}
	if e.Account == "" {
		e.Account = "default"
	}
	for _, c := range p.Containers {
		for _, port := range c.Ports {
			if port.Name != "" {
				e.Ports = append(e.Ports, oracle.NamedPort{Name: port.Name, Protocol: protocol(port.Protocol), Port: port.ContainerPort})
			}
		}
	}
	b.declared = append(b.declared, e)
}

func (b *builder) service(o *object) {
	s := oracle.Service{Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, Selector: map[string]string{}, Waypoint: o.Metadata.Labels["istio.io/use-waypoint"]}
	selector, _ := o.Spec.Selector.(map[string]any)
	for key, value := range selector {
		s.Selector[key], _ = value.(string)
	}
	for _, p := range o.Spec.Ports {
		target := p.Port
		if n, ok := p.TargetPort.(float64); ok {
			target = uint16(n)
		}
		s.Ports = append(s.Ports, oracle.NamedPort{Name: p.Name, Protocol: protocol(p.Protocol), Port: target})
	}
	b.cluster.Services = append(b.cluster.Services, s)
}

func protocol(name string) uint8 {
	switch name {
	case "UDP":
		return sem.UDP
	case "SCTP":
		return sem.SCTP
	}
	return sem.TCP
}

// name gives every namespace that is mentioned its labels, and makes one for
// every set of labels that namespaces are selected by, and one beside it.
func (b *builder) name() {
	sets := b.words.NamespaceLabels
	for _, name := range append(b.words.Namespaces, "default", "elsewhere") {
		if _, known := b.namespaces[name]; !known && name != "" {
			b.namespaces[name] = nil
			if len(sets) > 0 && b.IntN(2) == 0 {
				b.namespaces[name] = sets[b.IntN(len(sets))]
			}
		}
	}
	for i, set := range sets {
		b.namespaces[fmt.Sprintf("fits-%d", i)] = set
		b.namespaces[fmt.Sprintf("misses-%d", i)] = b.miss(set)
	}
}

// miss gives a set of labels with one of another value, or without it.
func (b *builder) miss(set map[string]string) map[string]string {
	out := maps.Clone(set)
	if len(out) == 0 {
		return nil
	}
	key := sorted(out)[b.IntN(len(out))]
	if b.IntN(2) == 0 {
		delete(out, key)
	} else {
		out[key] = "other-than-" + anything
	}
	return out
}

// populate makes the pods: the declared ones, and of all others as many as the
// bound lets.
func (b *builder) populate() {
	var more []oracle.Endpoint
	var sets []map[string]string
	for _, set := range append([]map[string]string{{}}, b.words.Pods...) {
		sets = append(sets, set, b.miss(set))
	}
	accounts := append([]string{"default"}, b.words.Accounts...)
	var ports []oracle.NamedPort
	for i, name := range b.words.PortNames {
		ports = append(ports, oracle.NamedPort{Name: name, Protocol: []uint8{sem.TCP, sem.UDP}[i%2], Port: uint16(7000 + i)})
	}
	for _, name := range sorted(b.namespaces) {
		for _, set := range sets {
			e := oracle.Endpoint{Endpoint: sem.Endpoint{Kind: sem.Pod, Namespace: name, Labels: set, Account: accounts[b.IntN(len(accounts))]}}
			if b.IntN(2) == 0 {
				e.Ports = ports
			}
			more = append(more, e)
		}
	}
	b.Shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
	all := append(slices.Clip(b.declared), more...)
	for _, e := range all[:min(len(all), maxPods)] {
		b.add(e)
	}
}

// add places a pod, unless there is one that nothing tells from it. Of pods of
// equal labels, those that are declared come first and say what ports they have.
func (b *builder) add(e oracle.Endpoint) {
	same := func(x oracle.Endpoint) bool { return x.Namespace == e.Namespace && maps.Equal(x.Labels, e.Labels) }
	if slices.ContainsFunc(b.cluster.Endpoints, func(x oracle.Endpoint) bool { return same(x) && x.Account == e.Account }) {
		return
	}
	if at := slices.IndexFunc(b.declared, same); at >= 0 {
		e.Ports = b.declared[at].Ports
	}
	n := len(b.cluster.Endpoints)
	e.ID = fmt.Sprintf("pod-%d", n)
	e.Node = fmt.Sprintf("node-%d", n%2)
	e.NamespaceLabels = maps.Clone(b.namespaces[e.Namespace])
	delete(e.NamespaceLabels, namespaceName)
	e.Labels = maps.Clone(e.Labels)
	e.Meshed = meshed(&e)
	e.Addresses = []netip.Addr{b.podAddress(n), netip.MustParseAddr(fmt.Sprintf("fd00:10:244:1::%x", n+1))}
	b.cluster.Endpoints = append(b.cluster.Endpoints, e)
}

// meshed reports whether a pod is in the mesh, where there is one: all are but
// for those that labels keep out (istio/istio, the injection webhook's selectors
// and cni/pkg/util).
func meshed(e *oracle.Endpoint) bool {
	return e.NamespaceLabels["istio-injection"] != "disabled" && e.NamespaceLabels["istio.io/dataplane-mode"] != "none" &&
		e.Labels["sidecar.istio.io/inject"] != "false" && e.Labels["istio.io/dataplane-mode"] != "none"
}

// podAddress gives the nth pod an address: one in a private range that documents
// mention, where one is left, since engines differ about ranges with pods.
func (b *builder) podAddress(n int) netip.Addr {
	for _, block := range b.words.Blocks {
		if a := block.Addr().Next(); block.Addr().Is4() && block.Addr().IsPrivate() && block.Contains(a) && !b.taken[a] {
			b.taken[a] = true
			return a
		}
	}
	return netip.AddrFrom4([4]byte{10, 244, 1, byte(n + 1)})
}

// nodes makes two nodes, and one for every set of labels that nodes are selected
// by, and one beside it.
func (b *builder) nodes() {
	sets := []map[string]string{{}, {}}
	for _, set := range b.words.Nodes {
		sets = append(sets, set, b.miss(set))
	}
	for i, set := range sets {
		b.cluster.Endpoints = append(b.cluster.Endpoints, oracle.Endpoint{
			ID: fmt.Sprintf("node-%d", i), Endpoint: sem.Endpoint{Kind: sem.OtherNode, Labels: maps.Clone(set)},
			Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 10, 0, byte(i + 1)}), netip.MustParseAddr(fmt.Sprintf("fd00:10:10::%x", i+1))},
		})
	}
}

// outside makes what is not of the cluster: an address that nothing mentions,
// the API server, what has names, and addresses about the ends of blocks.
func (b *builder) outside() {
	add := func(id string, e sem.Endpoint, addresses ...netip.Addr) {
		e.Kind = sem.External
		b.cluster.Endpoints = append(b.cluster.Endpoints, oracle.Endpoint{ID: id, Endpoint: e, Addresses: addresses})
	}
	add("far", sem.Endpoint{}, netip.MustParseAddr("203.0.113.200"), netip.MustParseAddr("2001:db8:abcd::1"))
	add("api-server", sem.Endpoint{APIServer: true}, netip.MustParseAddr("198.18.0.1"))
	for i, name := range b.words.Names {
		add(fmt.Sprintf("name-%d", i), sem.Endpoint{Names: []string{name}}, netip.AddrFrom4([4]byte{198, 18, 1, byte(i)}))
		add(fmt.Sprintf("below-%d", i), sem.Endpoint{Names: []string{"x." + name}}, netip.AddrFrom4([4]byte{198, 18, 2, byte(i)}))
	}
	list := Addresses(b.words.Blocks)
	b.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for i, a := range list[:min(len(list), maxOutside)] {
		if !b.taken[a] && !slices.ContainsFunc(b.cluster.Endpoints, func(e oracle.Endpoint) bool { return slices.Contains(e.Addresses, a) }) {
			add(fmt.Sprintf("outside-%d", i), sem.Endpoint{}, a)
		}
	}
	for _, name := range ir.InfrastructureNames {
		b.cluster.Endpoints = append(b.cluster.Endpoints, oracle.Endpoint{ID: "infra-" + name, Endpoint: sem.Endpoint{Kind: sem.Infrastructure, Name: name}})
	}
}
