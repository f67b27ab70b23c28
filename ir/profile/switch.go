package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Switch is a setting of an engine, or of where it runs, by which the same
// manifest means something else or can be said at all.
type Switch struct {
	Name    string
	Engines []Engine
	Values  []string // the words that it takes; nil for true and false
	Text    bool     // it takes any name: lower-case letters, digits and dashes
	Default string   // what the engine ships with; "" where nothing says, so that it is unknown
	Says    string   // what it changes
	Source  string   // where that is written
}

// switches is sorted by name.
var switches = []Switch{
	{
		Name: "application_layer_policy", Engines: []Engine{Calico}, Default: "false",
		Says:   "HTTP matches are enforced, by Dikastes beside Istio's proxy",
		Source: "app-policy/checker/check.go",
	},
	{
		Name: "cidr_matches_nodes", Engines: []Engine{Kubernetes},
		Says:   "an ipBlock matches nodes by their addresses",
		Source: "content/en/docs/concepts/services-networking/network-policies.md",
	},
	{
		Name: "cidr_matches_pods", Engines: []Engine{Kubernetes},
		Says:   "an ipBlock matches pods by their addresses",
		Source: "content/en/docs/concepts/services-networking/network-policies.md",
	},
	{
		Name: "cluster_mesh", Engines: []Engine{Cilium}, Default: "false",
		Says:   "other clusters are connected, whose pods selectors can match",
		Source: "Documentation/network/clustermesh/policy.rst",
	},
	{
		// No default: clusters that are connected have a name each, which is not
		// the one that Cilium ships with.
		Name: "cluster_name", Engines: []Engine{Cilium}, Text: true,
		Says:   "what the cluster is called, by which selectors tell its pods from those of connected clusters",
		Source: "pkg/clustermesh/types/option.go",
	},
	{
		Name: "cluster_network_policy", Engines: []Engine{Kubernetes, Cilium}, Default: "false",
		Says:   "ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2) is installed and enforced",
		Source: "apis/v1alpha2/clusternetworkpolicy_types.go",
	},
	{
		Name: "end_port", Engines: []Engine{Kubernetes}, Default: "true",
		Says:   "endPort is enforced; where it is not, a range is its first port",
		Source: "content/en/docs/concepts/services-networking/network-policies.md",
	},
	{
		Name: "fqdn_rules", Engines: []Engine{Cilium}, Default: "true",
		Says:   "toFQDNs and DNS rules are enforced",
		Source: "Documentation/security/dns.rst",
	},
	{
		Name: "host_endpoints", Engines: []Engine{Calico}, Default: "false",
		Says:   "every node has host endpoints with the node's labels, as kube-controllers make them",
		Source: "kube-controllers/pkg/controllers/node/hostendpoints.go",
	},
	{
		Name: "host_firewall", Engines: []Engine{Cilium}, Default: "false",
		Says:   "policies with a nodeSelector are enforced",
		Source: "Documentation/security/host-firewall.rst",
	},
	{
		Name: "host_network_namespace", Engines: []Engine{Kubernetes}, Default: "false",
		Says:   "selectors of the namespace that stands for the nodes' network match what comes from nodes",
		Source: "https://docs.okd.io/latest/networking/network_security/network_policy/about-network-policy.html",
	},
	{
		Name: "http_rules", Engines: []Engine{Cilium}, Default: "true",
		Says:   "HTTP rules are enforced",
		Source: "Documentation/security/http.rst",
	},
	{
		Name: "ipv6", Engines: []Engine{Kubernetes}, Default: "true",
		Says:   "an ipBlock may be a range of IPv6",
		Source: "content/en/docs/concepts/services-networking/network-policies.md",
	},
	{
		Name: "named_ports", Engines: []Engine{Kubernetes}, Values: []string{"own", "wider", "none"}, Default: "own",
		Says:   "a port by name is the one that each pod gives the name; wider: that one and maybe others; none: it cannot be asked for",
		Source: "staging/src/k8s.io/api/networking/v1/types.go",
	},
	{
		Name: "node_selector_labels", Engines: []Engine{Cilium}, Default: "false",
		Says:   "fromNodes and toNodes are accepted",
		Source: "pkg/k8s/apis/cilium.io/utils/utils.go",
	},
	{
		Name: "sctp", Engines: []Engine{Kubernetes}, Default: "true",
		Says:   "ports of SCTP can be asked for",
		Source: "test/e2e/network/netpol/network_policy.go",
	},
}

// Switches gives every switch, sorted by name.
func Switches() []Switch { return slices.Clone(switches) }

// SwitchesOf gives the switches of an engine, sorted by name.
func SwitchesOf(e Engine) []Switch {
	return slices.DeleteFunc(Switches(), func(s Switch) bool { return !slices.Contains(s.Engines, e) })
}

func (s *Switch) takes(value string) bool {
	switch {
	case s.Text:
		return nameText.MatchString(value)
	case s.Values == nil:
		return value == "true" || value == "false"
	}
	return slices.Contains(s.Values, value)
}

// nameText is what a switch with Text takes.
var nameText = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$`)

// With gives the profile with a switch stated. The error says what is wrong with
// the name or the value.
func (p Profile) With(name, value string) (Profile, error) {
	own := SwitchesOf(p.Engine)
	i := slices.IndexFunc(own, func(s Switch) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range own {
			names = append(names, s.Name)
		}
		if names == nil {
			return p, fmt.Errorf("%s has no switches", p.Name())
		}
		return p, fmt.Errorf("%s has no switch %q: it has %s", p.Name(), name, strings.Join(names, ", "))
	}
	switch s := own[i]; {
	case s.takes(value):
	case s.Text:
		return p, fmt.Errorf("%q is no value of %s: it takes a name of up to 32 lower-case letters, digits and dashes", value, name)
	default:
		words := s.Values
		if words == nil {
			words = []string{"true", "false"}
		}
		return p, fmt.Errorf("%q is no value of %s: it takes %s", value, name, strings.Join(words, ", "))
	}
	fields := slices.DeleteFunc(strings.Fields(p.stated), func(f string) bool { return strings.HasPrefix(f, name+"=") })
	fields = append(fields, name+"="+value)
	slices.Sort(fields)
	p.stated = strings.Join(fields, " ")
	return p, nil
}

// Switch gives the value of a switch: as stated, else what it is on the platform,
// else what the engine ships with, else "" for what nobody knows. A name that is
// not the engine's has no value.
func (p Profile) Switch(name string) string {
	for _, f := range strings.Fields(p.stated) {
		if value, ok := strings.CutPrefix(f, name+"="); ok {
			return value
		}
	}
	if f, ok := platformOf(p.Platform); ok {
		for _, v := range f.Values {
			if v.Switch == name {
				return v.Value
			}
		}
	}
	// Asked for every rule, so that nothing is copied.
	for i := range switches {
		if s := &switches[i]; s.Name == name && slices.Contains(s.Engines, p.Engine) {
			return s.Default
		}
	}
	return ""
}

// On reports that a switch of true and false is surely true.
func (p Profile) On(name string) bool { return p.Switch(name) == "true" }

// Stated gives the switches that were stated, as name=value, in order of names.
func (p Profile) Stated() []string { return strings.Fields(p.stated) }
