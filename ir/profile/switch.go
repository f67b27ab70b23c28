package profile

import (
	"fmt"
	"slices"
	"strings"
)

// Switch is a setting of an engine, or of where it runs, by which the same
// manifest means something else or can be said at all.
type Switch struct {
	Name    string
	Engines []Engine
	Values  []string // the words that it takes; nil for true and false
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
		Name: "cluster_network_policy", Engines: []Engine{Kubernetes, Cilium}, Default: "false",
		Says:   "ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2) is installed and enforced",
		Source: "apis/v1alpha2/clusternetworkpolicy_types.go",
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
		Name: "node_selector_labels", Engines: []Engine{Cilium}, Default: "false",
		Says:   "fromNodes and toNodes are accepted",
		Source: "pkg/k8s/apis/cilium.io/utils/utils.go",
	},
}

// Switches gives every switch, sorted by name.
func Switches() []Switch { return slices.Clone(switches) }

// SwitchesOf gives the switches of an engine, sorted by name.
func SwitchesOf(e Engine) []Switch {
	return slices.DeleteFunc(Switches(), func(s Switch) bool { return !slices.Contains(s.Engines, e) })
}

func (s *Switch) takes(value string) bool {
	if s.Values == nil {
		return value == "true" || value == "false"
	}
	return slices.Contains(s.Values, value)
}

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
			return p, fmt.Errorf("%s has no switches", p.Engine)
		}
		return p, fmt.Errorf("%s has no switch %q: it has %s", p.Engine, name, strings.Join(names, ", "))
	}
	if s := own[i]; !s.takes(value) {
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

// Switch gives the value of a switch: as stated, else what the engine ships
// with, else "" for what nobody knows. A name that is not the engine's has no
// value.
func (p Profile) Switch(name string) string {
	for _, f := range strings.Fields(p.stated) {
		if value, ok := strings.CutPrefix(f, name+"="); ok {
			return value
		}
	}
	for _, s := range SwitchesOf(p.Engine) {
		if s.Name == name {
			return s.Default
		}
	}
	return ""
}

// On reports that a switch of true and false is surely true.
func (p Profile) On(name string) bool { return p.Switch(name) == "true" }

// Stated gives the switches that were stated, as name=value, in order of names.
func (p Profile) Stated() []string { return strings.Fields(p.stated) }
