package cilium

import (
	"sync"

	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/ir/profile"
)

// process guards what Cilium keeps for the whole process, its configuration and
// what its entities stand for. Whoever reads policies, computes one or looks one
// up holds it, after a call of settings.apply: policies of different profiles may
// be asked in turn, or at once.
var process sync.Mutex

// settings is a profile as Cilium's configuration.
type settings struct {
	cluster         string // the cluster's name
	local           bool   // peers are of this cluster unless they say otherwise
	hostFirewall    bool
	nodeLabels      bool
	clusterPolicies bool
}

// defaultCluster is what a cluster is called that nobody gave a name
// (pkg/defaults/defaults.go).
const defaultCluster = "default"

func settingsOf(p profile.Profile) settings {
	s := settings{
		cluster:         p.Switch("cluster_name"),
		local:           p.Version.AtLeast(1, 19), // policy-default-local-cluster (cilium/cilium#40609)
		hostFirewall:    p.On("host_firewall"),
		nodeLabels:      p.On("node_selector_labels"),
		clusterPolicies: p.On("cluster_network_policy") && p.Version.AtLeast(1, 20),
	}
	if s.cluster == "" {
		s.cluster = defaultCluster
	}
	return s
}

// scope is the cluster that peers are of unless they say otherwise; "" for any.
func (s *settings) scope() string {
	if s.local {
		return s.cluster
	}
	return ""
}

// declare is apply for what reads policies.
func (s *settings) declare() error {
	s.apply()
	api.InitEntities(s.cluster)
	return labelsfilter.ParseLabelPrefixCfg(quiet, nil, nil, "")
}

// apply makes the process's configuration an agent's with its defaults
// (pkg/option/config.go, daemon/cmd/daemon_main.go) but for what the profile says.
func (s *settings) apply() {
	policy.SetPolicyEnabled(option.DefaultEnforcement)
	c := option.Config
	c.ClusterName, c.ClusterID = s.cluster, ownCluster
	c.EnableIPv4, c.EnableIPv6 = true, true
	c.EnableL7Proxy, c.EnableICMPRules, c.EnableNonDefaultDenyPolicies = true, true, true
	c.EnableHostFirewall, c.EnableNodeSelectorLabels = s.hostFirewall, s.nodeLabels
	c.PolicyCIDRMatchMode = nil
	// With Kubernetes the default, "auto", is this (daemon/cmd/daemon.go).
	c.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
}
