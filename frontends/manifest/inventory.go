package manifest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Cluster is what documents that are no policies say of the cluster.
type Cluster struct {
	Inventory   ir.Inventory // namespaces, and workloads on the pod network
	Workloads   []Workload   // those of Inventory in its order, with what that does not say
	HostNetwork []Workload   // whose pods have their node's address; sorted by address
	Services    []Service    // sorted by namespace and name
}

// Workload is an object that makes pods, or a pod by itself: the pods of its
// namespace that have its template's labels.
type Workload struct {
	ir.Workload // its Ports are the named ones of TCP; a name with two numbers is not there
	Kind        string
	Containers  []ContainerPort // all declared ports, in the order written
	Range       diag.Range
}

// ContainerPort is a port that a container declares.
type ContainerPort struct {
	Name     string // "" where it has none
	Number   uint16
	Protocol ir.Protocol
}

// Service is a Service of the core group.
type Service struct {
	Namespace, Name string
	Selector        map[string]string // empty selects nothing: others write its endpoints
	External        bool              // type ExternalName: a DNS alias without endpoints
	Ports           []ServicePort
	Range           diag.Range
}

// ServicePort is a port of a Service.
type ServicePort struct {
	Name        string
	Number      uint16
	Protocol    ir.Protocol
	AppProtocol string // as written; "" where it was not
	Target      uint16 // the pods' port by number; 0 where TargetName gives it
	TargetName  string
}

// templates says where a kind has the template of its pods.
var templates = map[string][]string{
	"/Pod":             nil,
	"apps/Deployment":  {"spec", "template"},
	"apps/StatefulSet": {"spec", "template"},
	"apps/DaemonSet":   {"spec", "template"},
	"apps/ReplicaSet":  {"spec", "template"},
	"batch/Job":        {"spec", "template"},
	"batch/CronJob":    {"spec", "jobTemplate", "spec", "template"},
}

// TakeCluster reads Namespaces, workloads (Pod, Deployment, StatefulSet,
// DaemonSet, ReplicaSet, Job, CronJob), Services and ServiceAccounts, and gives
// the other documents back, in their order. Of these kinds it reads what
// concerns policies and passes over the rest.
func TakeCluster(docs []Document) (Cluster, []Document, diag.List) {
	t := &taker{owners: owners(docs)}
	var rest []Document
	for i := range docs {
		if !t.take(&docs[i]) {
			rest = append(rest, docs[i])
		}
	}
	t.finish()
	t.diags.Sort()
	return t.cluster, rest, t.diags
}

type taker struct {
	cluster Cluster
	owners  map[string]bool
	diags   diag.List
}

// owners gives the workloads among the documents, which controllers make others
// from.
func owners(docs []Document) map[string]bool {
	out := map[string]bool{}
	for i := range docs {
		d := &docs[i]
		if _, ok := templates[d.groupKind()]; ok {
			out[ownerKey(d.Kind, d.InNamespace(), d.Name)] = true
		}
	}
	return out
}

func (d *Document) groupKind() string { return d.Group() + "/" + d.Kind }

func ownerKey(kind, namespace, name string) string { return kind + "/" + namespace + "/" + name }

// take reads a document, and reports whether it is of the cluster.
func (t *taker) take(d *Document) bool {
	read := t.workload
	switch kind := d.groupKind(); kind {
	case "/Namespace":
		read = t.namespace
	case "/Service":
		read = t.service
	case "/ServiceAccount":
		read = func(*Document, Value) {}
	default:
		if _, ok := templates[kind]; !ok {
			return false
		}
	}
	v := d.value(nil, &t.diags)
	checkMetadata(v.field("metadata"), true)
	read(d, v)
	return true
}

func (t *taker) namespace(d *Document, v Value) {
	labels := v.field("metadata").field("labels").labels()
	// The server sets it, whatever the manifest says (kubernetes/kubernetes,
	// pkg/registry/core/namespace/strategy.go).
	labels[ir.NamespaceName] = d.Name
	t.cluster.Inventory.Namespaces = append(t.cluster.Inventory.Namespaces, ir.Namespace{Address: d.Name, Name: d.Name, Labels: labels, Managed: true})
}

// labels reads labels of an object, which must be valid.
func (v Value) labels() map[string]string {
	out := map[string]string{}
	for _, e := range v.Entries() {
		e.Value.checkLabelKey(e.Key)
		out[e.Key] = e.Value.labelText()
	}
	return out
}

func (t *taker) workload(d *Document, v Value) {
	if t.isOwned(d, v) {
		return
	}
	template := v
	for _, name := range templates[d.groupKind()] {
		template = template.field(name)
	}
	if !template.Require() {
		return
	}
	if template.step != v.step {
		checkMetadata(template.field("metadata"), false)
	}
	w := Workload{Kind: d.Kind, Range: d.Range}
	w.Observed = true
	w.Address, w.Name, w.Namespace = d.InNamespace()+"/"+d.Name, d.Name, d.InNamespace()
	w.Pods, _ = ir.InNamespace(w.Namespace).WithLabels(ir.MatchLabels(template.field("metadata").field("labels").labels()))
	spec := template.field("spec")
	spec.Require()
	w.Account = account(spec)
	w.Containers = containerPorts(spec)
	w.Ports = namedPorts(w.Containers)
	if host, _ := spec.field("hostNetwork").Bool(); host {
		t.cluster.HostNetwork = append(t.cluster.HostNetwork, w)
		return
	}
	t.cluster.Workloads = append(t.cluster.Workloads, w)
}

// isOwned reports whether the object is made from another one of the documents,
// as the dump of a cluster has both.
func (t *taker) isOwned(d *Document, v Value) bool {
	owned := false
	for _, o := range v.field("metadata").field("ownerReferences").Items() {
		kind, _ := o.field("kind").Text()
		name, _ := o.field("name").Text()
		owned = owned || t.owners[ownerKey(kind, d.InNamespace(), name)]
	}
	return owned
}

// account gives the service account of a pod: serviceAccount is the old name of
// the field, and without either admission writes "default"
// (kubernetes/kubernetes, plugin/pkg/admission/serviceaccount/admission.go).
func account(spec Value) string {
	name, _ := spec.field("serviceAccountName").Text()
	old, _ := spec.field("serviceAccount").Text()
	return cmp.Or(name, old, "default")
}

// containerPorts gives the ports of a pod's containers, and of those init
// containers that stay.
func containerPorts(spec Value) []ContainerPort {
	var out []ContainerPort
	for _, c := range spec.field("containers").Items() {
		out = append(out, c.ports()...)
	}
	for _, c := range spec.field("initContainers").Items() {
		if policy, _ := c.field("restartPolicy").Text(); policy == "Always" {
			out = append(out, c.ports()...)
		}
	}
	return out
}

func (v Value) ports() []ContainerPort {
	var out []ContainerPort
	for _, p := range v.field("ports").Items() {
		number, ok := p.field("containerPort").port()
		protocol, known := p.field("protocol").protocol()
		if name, _ := p.field("name").Text(); ok && known {
			out = append(out, ContainerPort{name, number, protocol})
		}
	}
	return out
}

func (v Value) port() (uint16, bool) {
	n, ok := v.Int(1, 65535)
	return uint16(n), ok
}

// protocol gives a transport protocol; TCP where it is absent.
func (v Value) protocol() (ir.Protocol, bool) {
	if !v.Present() {
		return ir.TCP, true
	}
	word, ok := v.Word("TCP", "UDP", "SCTP")
	return map[string]ir.Protocol{"TCP": ir.TCP, "UDP": ir.UDP, "SCTP": ir.SCTP}[word], ok
}

// namedPorts gives the ports whose name says one number. Containers of a pod
// may give one name different ones.
func namedPorts(ports []ContainerPort) []ir.WorkloadPort {
	var out []ir.WorkloadPort
	for i, p := range ports {
		same := func(q ContainerPort) bool { return q.Name == p.Name }
		other := func(q ContainerPort) bool { return same(q) && q.Number != p.Number }
		if p.Name == "" || slices.ContainsFunc(ports, other) || slices.ContainsFunc(ports[:i], same) {
			continue
		}
		port := ir.WorkloadPort{Name: p.Name, Number: p.Number}
		for _, q := range ports[i:] {
			if same(q) {
				port.Transports = append(port.Transports, q.Protocol)
			}
		}
		out = append(out, port)
	}
	return out
}

func (t *taker) service(d *Document, v Value) {
	spec := v.field("spec")
	s := Service{Namespace: d.InNamespace(), Name: d.Name, Selector: spec.field("selector").labels(), Range: d.Range}
	kind, _ := spec.field("type").Text()
	s.External = kind == "ExternalName"
	for _, p := range spec.field("ports").Items() {
		if port, ok := p.servicePort(); ok {
			s.Ports = append(s.Ports, port)
		}
	}
	t.cluster.Services = append(t.cluster.Services, s)
}

// servicePort reads a port, whose target is its own number by default.
func (v Value) servicePort() (p ServicePort, ok bool) {
	p.Number, ok = v.field("port").port()
	protocol, known := v.field("protocol").protocol()
	p.Protocol = protocol
	p.Name, _ = v.field("name").Text()
	p.AppProtocol, _ = v.field("appProtocol").Text()
	switch target := v.field("targetPort"); target.Kind() {
	case Absent, Null:
		p.Target = p.Number
	case String:
		p.TargetName, _ = target.Text()
	default:
		p.Target, _ = target.port()
	}
	return p, ok && known
}

// finish gives workloads addresses that tell them apart, and sorts.
func (t *taker) finish() {
	c := &t.cluster
	addressApart(c.Workloads)
	addressApart(c.HostNetwork)
	for _, w := range c.Workloads {
		c.Inventory.Workloads = append(c.Inventory.Workloads, w.Workload)
	}
	slices.SortFunc(c.Inventory.Namespaces, func(a, b ir.Namespace) int { return strings.Compare(a.Address, b.Address) })
	slices.SortFunc(c.Services, func(a, b Service) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
}

// addressApart gives workloads of one namespace and name, which differ in kind,
// addresses such as shop/job/web, and sorts all by address.
func addressApart(workloads []Workload) {
	count := map[string]int{}
	for i := range workloads {
		count[workloads[i].Address]++
	}
	for i := range workloads {
		if w := &workloads[i]; count[w.Address] > 1 {
			w.Address = w.Namespace + "/" + strings.ToLower(w.Kind) + "/" + w.Name
		}
	}
	slices.SortStableFunc(workloads, func(a, b Workload) int { return strings.Compare(a.Address, b.Address) })
}
