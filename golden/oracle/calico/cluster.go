package calico

import (
	"maps"
	"slices"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/sem"
)

// cluster gives the objects of a cluster that Felix calculates with, and those of
// the documents that are no policies: network sets and host endpoints. With
// hosts, every node has a host endpoint beside.
func cluster(c *oracle.Cluster, objects []*object, hosts bool) []any {
	out := namespaces(c, objects)
	accounts := map[[2]string]bool{}
	for i := range c.Endpoints {
		e := &c.Endpoints[i]
		switch {
		case e.Kind == sem.Pod:
			if id := [2]string{e.Namespace, e.Account}; e.Account != "" && !accounts[id] {
				accounts[id] = true
				out = append(out, &corev1.ServiceAccount{TypeMeta: core("ServiceAccount"), ObjectMeta: metav1.ObjectMeta{Namespace: e.Namespace, Name: e.Account}})
			}
			out = append(out, podOf(e))
		case e.IsNode() && hosts:
			out = append(out, hostOf(e))
		}
	}
	for i := range c.Services {
		out = append(out, endpointsOf(&c.Services[i], c)...)
	}
	out = append(out, apiServer(c)...)
	for _, o := range objects {
		if o.isCalico() && (o.kind == "NetworkSet" || o.kind == "GlobalNetworkSet" || o.kind == "HostEndpoint" && !(hosts && o.isOfNode())) {
			out = append(out, o.plain())
		}
	}
	return out
}

func core(kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "v1", Kind: kind} }

// namespaces gives the namespaces that something is in, with the labels that
// pods say they have, or else those of the documents' namespaces.
func namespaces(c *oracle.Cluster, objects []*object) []any {
	labels := map[string]map[string]string{}
	for _, o := range objects {
		switch {
		case o.group == "" && o.kind == "Namespace":
			labels[o.name] = o.labels()
		case o.namespace != "" && labels[o.namespace] == nil:
			labels[o.namespace] = map[string]string{}
		}
	}
	for _, e := range c.Endpoints {
		if e.Kind == sem.Pod {
			labels[e.Namespace] = e.NamespaceLabels
		}
	}
	var out []any
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		ns := &corev1.Namespace{TypeMeta: core("Namespace"), ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
		maps.Copy(ns.Labels, labels[name])
		ns.Labels[ir.NamespaceName] = name // the control plane sets it
		out = append(out, ns)
	}
	return out
}

func podOf(e *oracle.Endpoint) *corev1.Pod {
	p := &corev1.Pod{
		TypeMeta:   core("Pod"),
		ObjectMeta: metav1.ObjectMeta{Namespace: e.Namespace, Name: e.ID, Labels: e.Labels},
		Spec:       corev1.PodSpec{ServiceAccountName: e.Account},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, a := range e.Addresses {
		p.Status.PodIPs = append(p.Status.PodIPs, corev1.PodIP{IP: a.String()})
	}
	if len(e.Addresses) > 0 {
		p.Status.PodIP = e.Addresses[0].String()
	}
	var ports []corev1.ContainerPort
	for _, port := range e.Ports {
		ports = append(ports, corev1.ContainerPort{Name: port.Name, Protocol: protocolNames[port.Protocol], ContainerPort: int32(port.Port)})
	}
	p.Spec.Containers = []corev1.Container{{Name: "main", Ports: ports}}
	return p
}

var protocolNames = map[uint8]corev1.Protocol{sem.TCP: corev1.ProtocolTCP, sem.UDP: corev1.ProtocolUDP, sem.SCTP: corev1.ProtocolSCTP}

// The label by which host endpoints of kube-controllers are known
// (kube-controllers/pkg/controllers/node/hostendpoints.go).
const (
	createdBy   = "projectcalico.org/created-by"
	controllers = "calico-kube-controllers"
)

// hostName is the name of a node's host endpoint.
func hostName(id string) string { return id + "-auto-hep" }

// hostOf gives the host endpoint that kube-controllers make for a node.
func hostOf(e *oracle.Endpoint) *v3.HostEndpoint {
	h := v3.NewHostEndpoint()
	h.Name, h.Labels = hostName(e.ID), map[string]string{}
	maps.Copy(h.Labels, e.Labels)
	h.Labels[createdBy] = controllers
	h.Spec = v3.HostEndpointSpec{Node: e.ID, InterfaceName: "*", Profiles: []string{"projectcalico-default-allow"}}
	for _, a := range e.Addresses {
		h.Spec.ExpectedIPs = append(h.Spec.ExpectedIPs, a.String())
	}
	return h
}

func (o *object) isOfNode() bool { return o.labels()[createdBy] == controllers }

func (o *object) labels() map[string]string {
	out := map[string]string{}
	meta, _ := o.tree["metadata"].(map[string]any)
	labels, _ := meta["labels"].(map[string]any)
	for key, value := range labels {
		out[key], _ = value.(string)
	}
	return out
}

// endpointsOf gives the endpoints of a Service as the control plane keeps them.
func endpointsOf(s *oracle.Service, c *oracle.Cluster) []any {
	var pods []*oracle.Endpoint
	for i := range c.Endpoints {
		e := &c.Endpoints[i]
		if e.Kind == sem.Pod && e.Namespace == s.Namespace && selects(s.Selector, e.Labels) {
			pods = append(pods, e)
		}
	}
	return endpointSlices(s.Namespace, s.Name, s.Ports, pods)
}

// apiServer gives the endpoints of the Service default/kubernetes.
func apiServer(c *oracle.Cluster) []any {
	var servers []*oracle.Endpoint
	for i := range c.Endpoints {
		if c.Endpoints[i].APIServer {
			servers = append(servers, &c.Endpoints[i])
		}
	}
	return endpointSlices("default", "kubernetes", []oracle.NamedPort{{Name: "https", Protocol: sem.TCP, Port: apiServerPort}}, servers)
}

// apiServerPort is where kubeadm has the API server.
const apiServerPort = 6443

func endpointSlices(namespace, name string, ports []oracle.NamedPort, ends []*oracle.Endpoint) []any {
	var out []any
	for _, family := range []discoveryv1.AddressType{discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6} {
		s := &discoveryv1.EndpointSlice{
			TypeMeta:    metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
			ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name + map[discoveryv1.AddressType]string{discoveryv1.AddressTypeIPv4: "-4", discoveryv1.AddressTypeIPv6: "-6"}[family], Labels: map[string]string{discoveryv1.LabelServiceName: name}},
			AddressType: family,
		}
		for _, p := range ports {
			protocol, number := protocolNames[p.Protocol], int32(p.Port)
			s.Ports = append(s.Ports, discoveryv1.EndpointPort{Name: &p.Name, Protocol: &protocol, Port: &number})
		}
		for _, e := range ends {
			for _, a := range e.Addresses {
				if a.Is6() == (family == discoveryv1.AddressTypeIPv6) {
					s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{a.String()}})
				}
			}
		}
		out = append(out, s)
	}
	return out
}

// selects reports whether labels fit a Service's selector. Without one a Service
// has no endpoints that the control plane finds.
func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}
