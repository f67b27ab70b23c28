package ir

import (
	"encoding/json"

	"github.com/portolan-dev/portolan/ir/set"
)

// FormatVersion is that of the JSON form: a new field raises the second
// number, any other change the first.
const FormatVersion = "1.1"

// JSON is the program in a JSON form for machines, in the order of Text. Sets
// are in their canonical text; what is absent is empty.
func (p *Program) JSON() ([]byte, error) {
	out := programJSON{
		FormatVersion: FormatVersion,
		Egress:        stagesJSON(p.Egress),
		Ingress:       stagesJSON(p.Ingress),
		Inventory:     inventoryJSON(&p.Inventory),
	}
	if !p.Hosts.IsEmpty() {
		out.Hosts = &hostsJSON{stagesJSON(p.Hosts.Egress), stagesJSON(p.Hosts.Ingress)}
	}
	if p.Via != nil {
		out.Via = &viaJSON{Egress: stagesJSON(p.Via.Egress), Ingress: stagesJSON(p.Via.Ingress)}
		for _, pods := range p.Via.Destinations {
			out.Via.Destinations = append(out.Via.Destinations, podsOf(pods))
		}
	}
	for _, m := range p.MTLS {
		j := mtlsJSON{Subject: subjectJSON(m.Subject), Mode: m.Mode.String(), Origin: originJSON(m.Origin)}
		for _, port := range m.Ports {
			j.Ports = append(j.Ports, portModeJSON{port.Port, port.Mode.String()})
		}
		out.MTLS = append(out.MTLS, j)
	}
	return json.MarshalIndent(out, "", "  ")
}

type programJSON struct {
	FormatVersion string      `json:"format_version"`
	Egress        []stageJSON `json:"egress"`
	Ingress       []stageJSON `json:"ingress"`
	Hosts         *hostsJSON  `json:"hosts,omitempty"`
	Via           *viaJSON    `json:"via,omitempty"`
	MTLS          []mtlsJSON  `json:"mtls,omitempty"`
	Inventory     inventory   `json:"inventory"`
}

type viaJSON struct {
	Destinations []podsJSON  `json:"destinations"`
	Egress       []stageJSON `json:"egress"`
	Ingress      []stageJSON `json:"ingress"`
}

type hostsJSON struct {
	Egress  []stageJSON `json:"egress"`
	Ingress []stageJSON `json:"ingress"`
}

type stageJSON struct {
	Name   string          `json:"name"`
	Order  float64         `json:"order,omitempty"`
	Levels [][]ruleJSON    `json:"levels"`
	Closed []isolationJSON `json:"closed,omitempty"`
}

type ruleJSON struct {
	Action  string      `json:"action"`
	Subject subject     `json:"subject"`
	Peers   []peerJSON  `json:"peers"`
	Traffic trafficJSON `json:"traffic"`
	Auth    string      `json:"authentication,omitempty"`
	If      []string    `json:"if,omitempty"`
	Log     bool        `json:"log,omitempty"`
	Staged  bool        `json:"staged,omitempty"`
	Origin  origin      `json:"origin"`
}

type isolationJSON struct {
	Subject subject  `json:"subject"`
	If      []string `json:"if,omitempty"`
	Staged  bool     `json:"staged,omitempty"`
	Origin  origin   `json:"origin"`
}

type subject struct {
	Address string            `json:"address"`
	Pods    *podsJSON         `json:"pods,omitempty"`
	Nodes   []requirementJSON `json:"nodes,omitempty"` // over labels; of hosts
}

type podsJSON struct {
	Namespace []requirementJSON `json:"namespace,omitempty"`
	Labels    []requirementJSON `json:"labels,omitempty"`
	Account   *requirementJSON  `json:"account,omitempty"`
	At        string            `json:"at,omitempty"`
}

type requirementJSON struct {
	Key      string   `json:"key,omitempty"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
	Pattern  string   `json:"pattern,omitempty"`
}

type peerJSON struct {
	Kind      string           `json:"kind"`
	Pods      *podsJSON        `json:"pods,omitempty"`
	Clusters  *requirementJSON `json:"clusters,omitempty"`
	Addresses []string         `json:"addresses,omitempty"`
	Names     []string         `json:"names,omitempty"`
}

type trafficJSON struct {
	All      bool          `json:"all,omitempty"`
	TCP      string        `json:"tcp,omitempty"`
	UDP      string        `json:"udp,omitempty"`
	SCTP     string        `json:"sctp,omitempty"`
	Named    []namedJSON   `json:"named,omitempty"`
	ICMP     string        `json:"icmp,omitempty"`
	ICMPv6   string        `json:"icmpv6,omitempty"`
	Other    string        `json:"protocols,omitempty"`
	From     string        `json:"source_ports,omitempty"`
	Unread   bool          `json:"no_request,omitempty"`
	Requests []requestJSON `json:"requests,omitempty"`
	Names    []string      `json:"names,omitempty"`
}

type namedJSON struct {
	Protocol string `json:"protocol"`
	Name     string `json:"name"`
}

type requestJSON struct {
	Method  *requirementJSON  `json:"method,omitempty"`
	Paths   []string          `json:"paths,omitempty"`
	Hosts   []string          `json:"hosts,omitempty"`
	Path    string            `json:"path_pattern,omitempty"`
	Host    string            `json:"host_pattern,omitempty"`
	Headers []requirementJSON `json:"headers,omitempty"`
	GRPC    bool              `json:"grpc,omitempty"`
}

type origin struct {
	Kind        string `json:"kind"`
	Address     string `json:"address"`
	Description string `json:"description,omitempty"`
	Place       string `json:"place,omitempty"`
}

type mtlsJSON struct {
	Subject subject        `json:"subject"`
	Mode    string         `json:"mode"`
	Ports   []portModeJSON `json:"ports,omitempty"`
	Origin  origin         `json:"origin"`
}

type portModeJSON struct {
	Port uint16 `json:"port"`
	Mode string `json:"mode"`
}

type inventory struct {
	Namespaces []namespaceJSON `json:"namespaces"`
	Workloads  []workloadJSON  `json:"workloads"`
	Issuers    []issuerJSON    `json:"issuers,omitempty"`
	Facts      factsJSON       `json:"facts"`
}

type issuerJSON struct {
	Issuer    string   `json:"issuer"`
	JWKSURI   string   `json:"jwks_uri,omitempty"`
	JWKS      string   `json:"jwks,omitempty"`
	Audiences []string `json:"audiences,omitempty"`
}

type namespaceJSON struct {
	Address string            `json:"address"`
	Name    string            `json:"name"`
	Labels  map[string]string `json:"labels,omitempty"`
	Managed bool              `json:"managed"`
	Mesh    bool              `json:"mesh,omitempty"`

	Waypoint string `json:"waypoint,omitempty"`
}

type workloadJSON struct {
	Address string         `json:"address"`
	Pods    podsJSON       `json:"pods"`
	Account string         `json:"account,omitempty"`
	Ports   []workloadPort `json:"ports,omitempty"`
	Mesh    bool           `json:"mesh,omitempty"`

	Services []serviceJSON `json:"services,omitempty"`
}

type serviceJSON struct {
	Name  string            `json:"name"`
	Ports []servicePortJSON `json:"ports"`
}

type servicePortJSON struct {
	Port   uint16 `json:"port"`
	Target uint16 `json:"target"`
}

type workloadPort struct {
	Name     string `json:"name"`
	Number   uint16 `json:"number"`
	Protocol string `json:"protocol,omitempty"`
}

type factsJSON struct {
	PodCIDRs     []string `json:"pod_cidrs,omitempty"`
	ServiceCIDRs []string `json:"service_cidrs,omitempty"`
	NodeCIDRs    []string `json:"node_cidrs,omitempty"`
	APIServer    []string `json:"api_server,omitempty"`
	DNS          podsJSON `json:"dns"`
	DNSPort      uint16   `json:"dns_port"`
	NodeLocalDNS []string `json:"node_local_dns,omitempty"`
	TrustDomain  string   `json:"trust_domain,omitempty"`
	MeshRoot     string   `json:"mesh_root_namespace,omitempty"`
	ClusterMesh  bool     `json:"cluster_mesh,omitempty"`
	ClusterName  string   `json:"cluster_name,omitempty"`
}

func stagesJSON(stages []Stage) []stageJSON {
	out := []stageJSON{}
	for _, s := range stages {
		j := stageJSON{Name: s.Name, Order: s.Order, Levels: [][]ruleJSON{}}
		for _, l := range s.Levels {
			var rules []ruleJSON
			for _, r := range l.Rules {
				j := ruleJSON{
					Action: r.Action.String(), Subject: subjectJSON(r.Subject), Peers: peersJSON(r.Peers), If: texts(r.If),
					Traffic: trafficOf(r.Traffic), Log: r.Log, Staged: r.Mode == Staged, Origin: originJSON(r.Origin),
				}
				if r.Auth != AnyAuth {
					j.Auth = r.Auth.String()
				}
				rules = append(rules, j)
			}
			j.Levels = append(j.Levels, rules)
		}
		for _, iso := range s.Isolate {
			j.Closed = append(j.Closed, isolationJSON{subjectJSON(iso.Subject), texts(iso.If), iso.Mode == Staged, originJSON(iso.Origin)})
		}
		out = append(out, j)
	}
	return out
}

func subjectJSON(s Subject) subject {
	if s.Kind == SubjectNodes {
		return subject{Address: s.Address, Nodes: requirements(s.Nodes)}
	}
	pods := podsOf(s.Pods)
	return subject{Address: s.Address, Pods: &pods}
}

func originJSON(o Origin) origin {
	return origin{o.Kind.String(), o.Address, o.Description, o.Range.String()}
}

func podsOf(p Pods) podsJSON {
	out := podsJSON{Namespace: requirements(p.Namespace), Labels: requirements(p.Labels)}
	if !p.Account.IsAnything() {
		r := requirement("", p.Account)
		out.Account = &r
	}
	if !p.Except.IsEmpty() {
		out.At = p.Except.Complement().String()
	}
	return out
}

func requirements(s Selector) []requirementJSON {
	var out []requirementJSON
	for _, r := range s.Requirements() {
		out = append(out, requirement(r.Key, r.Constraint))
	}
	return out
}

func requirement(key string, c Constraint) requirementJSON {
	form, values := c.Form()
	names := [...]string{"Never", "Anything", "In", "NotIn", "Exists", "DoesNotExist", "ExistsNotIn", "DoesNotExistOrIn", "Matches", "DoesNotExistOrMatches"}
	r := requirementJSON{Key: key, Operator: names[form], Values: values}
	if c.pattern != nil {
		r.Pattern = c.pattern.Text
	}
	return r
}

func peersJSON(p Peers) []peerJSON {
	var out []peerJSON
	for _, q := range p.List() {
		switch q := q.(type) {
		case AnyPeer:
			out = append(out, peerJSON{Kind: "anywhere"})
		case Pods:
			pods := podsOf(q)
			out = append(out, peerJSON{Kind: "pods", Pods: &pods})
		case RemotePods:
			pods := podsOf(q.Pods)
			clusters := requirement("", q.Clusters)
			out = append(out, peerJSON{Kind: "remote pods", Pods: &pods, Clusters: &clusters})
		case External:
			out = append(out, peerJSON{Kind: "external", Addresses: prefixes(q.Addresses)})
		case Names:
			out = append(out, peerJSON{Kind: "names", Names: texts(q.Patterns)})
		case Nodes:
			out = append(out, peerJSON{Kind: q.String()})
		case NodeLocal:
			out = append(out, peerJSON{Kind: "node-local", Addresses: prefixes(q.Addresses)})
		case APIServer:
			out = append(out, peerJSON{Kind: "apiserver", Addresses: prefixes(q.Addresses)})
		case Infrastructure:
			out = append(out, peerJSON{Kind: q.String()})
		}
	}
	return out
}

func trafficOf(t Traffic) trafficJSON {
	out := trafficJSON{All: t.all, Names: texts(t.names), Unread: t.unread}
	ports := [...]*string{TCP: &out.TCP, UDP: &out.UDP, SCTP: &out.SCTP}
	for _, p := range Protocols {
		if !t.ports[p].IsEmpty() {
			*ports[p] = t.ports[p].String()
		}
	}
	for _, n := range t.named {
		out.Named = append(out.Named, namedJSON{n.Protocol.String(), n.Name})
	}
	if !t.other.IsEmpty() {
		out.Other = t.other.String()
	}
	if !t.notFrom.IsEmpty() {
		out.From = t.SourcePorts().String()
	}
	if !t.icmp.IsEmpty() {
		out.ICMP = t.icmp.String()
	}
	if !t.icmpv6.IsEmpty() {
		out.ICMPv6 = t.icmpv6.String()
	}
	for _, r := range t.requests {
		j := requestJSON{Paths: texts(r.Paths), Hosts: texts(r.Hosts), Headers: requirements(r.Headers), GRPC: r.GRPC}
		if !r.Method.IsAnything() {
			m := requirement("", r.Method)
			j.Method = &m
		}
		if r.Path != nil {
			j.Path = r.Path.Text
		}
		if r.Host != nil {
			j.Host = r.Host.Text
		}
		out.Requests = append(out.Requests, j)
	}
	return out
}

func texts[T interface{ String() string }](list []T) []string {
	var out []string
	for _, x := range list {
		out = append(out, x.String())
	}
	return out
}

func prefixes(a set.Addresses) []string { return texts(a.Prefixes()) }

func inventoryJSON(inv *Inventory) inventory {
	f := inv.Facts
	out := inventory{Namespaces: []namespaceJSON{}, Workloads: []workloadJSON{}, Facts: factsJSON{
		PodCIDRs: prefixes(f.PodCIDRs), ServiceCIDRs: prefixes(f.ServiceCIDRs), NodeCIDRs: prefixes(f.NodeCIDRs),
		APIServer: prefixes(f.APIServer), DNS: podsOf(f.DNS.Pods), DNSPort: f.DNS.Port, NodeLocalDNS: prefixes(f.DNS.NodeLocal),
		TrustDomain: f.TrustDomain, MeshRoot: f.MeshRoot, ClusterMesh: f.ClusterMesh, ClusterName: f.ClusterName,
	}}
	for _, n := range inv.Namespaces {
		out.Namespaces = append(out.Namespaces, namespaceJSON(n))
	}
	for _, i := range inv.Issuers {
		out.Issuers = append(out.Issuers, issuerJSON{i.Issuer, i.JWKSURI, i.JWKS, i.Audiences})
	}
	for _, w := range inv.Workloads {
		j := workloadJSON{Address: w.Address, Pods: podsOf(w.Pods), Account: w.Account, Mesh: w.Mesh}
		for _, s := range w.Services {
			service := serviceJSON{Name: s.Name}
			for _, p := range s.Ports {
				service.Ports = append(service.Ports, servicePortJSON(p))
			}
			j.Services = append(j.Services, service)
		}
		for _, p := range w.Ports {
			port := workloadPort{Name: p.Name, Number: p.Number}
			if p.Protocol != AppUnknown {
				port.Protocol = p.Protocol.String()
			}
			j.Ports = append(j.Ports, port)
		}
		out.Workloads = append(out.Workloads, j)
	}
	return out
}
