package cilium

import (
	"slices"
	"strings"

	ipcache "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	defaults "k8s.io/kubernetes/pkg/apis/networking/v1"
	"sigs.k8s.io/network-policy-api/apis/v1alpha2"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// resource is what one object says, as the repository takes it.
type resource struct {
	id      ipcache.ResourceID
	entries types.PolicyEntries
}

// The kinds that are read.
const (
	namespaced     = "CiliumNetworkPolicy"
	clusterwide    = "CiliumClusterwideNetworkPolicy"
	ranges         = "CiliumCIDRGroup"
	native         = "NetworkPolicy"
	clusterPolicy  = "ClusterNetworkPolicy"
	ciliumGroup    = "cilium.io/"
	nativeGroup    = "networking.k8s.io/"
	policyAPIGroup = "policy.networking.k8s.io/"
)

// kindOf gives a document's kind if it is one of those that Cilium reads, else "".
func kindOf(doc oracle.Document) (string, error) {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal(doc.Text, &meta); err != nil {
		return "", err
	}
	group := map[string]string{
		namespaced: ciliumGroup, clusterwide: ciliumGroup, ranges: ciliumGroup, native: nativeGroup, clusterPolicy: policyAPIGroup,
	}[meta.Kind]
	if group == "" || !strings.HasPrefix(meta.APIVersion, group) {
		return "", nil
	}
	return meta.Kind, nil
}

// read takes in a document.
func (l *loaded) read(doc oracle.Document) error {
	kind, err := kindOf(doc)
	if err != nil {
		return err
	}
	switch kind {
	case namespaced, clusterwide:
		id, rules, err := ciliumRules(doc, kind, l.settings.scope())
		l.rules = append(l.rules, rules...)
		l.add(id, utils.RulesToPolicyEntries(rules))
		return err
	case ranges:
		g := &v2.CiliumCIDRGroup{}
		l.groups = append(l.groups, g)
		return yaml.UnmarshalStrict(doc.Text, g)
	case native:
		id, entries, err := nativeEntries(doc, l.settings.scope())
		l.add(id, entries)
		return err
	case clusterPolicy:
		if !l.settings.clusterPolicies {
			return nil
		}
		id, entries, err := clusterEntries(doc, l.settings.scope())
		l.add(id, entries)
		return err
	}
	return nil
}

func (l *loaded) add(id ipcache.ResourceID, entries types.PolicyEntries) {
	l.resources = append(l.resources, resource{id, entries})
}

// identify gives the name by which the repository finds what is for a namespace.
func identify(kind ipcache.ResourceKind, m *metav1.ObjectMeta) ipcache.ResourceID {
	return ipcache.NewResourceID(kind, m.Namespace, m.Name)
}

// inNamespace gives an object the namespace that kubectl would.
func inNamespace(m *metav1.ObjectMeta) {
	if m.Namespace == "" {
		m.Namespace = metav1.NamespaceDefault
	}
}

// ciliumRules decodes one of Cilium's policies and has it validated, as the agent
// does, with peers of a cluster.
func ciliumRules(doc oracle.Document, kind, cluster string) (ipcache.ResourceID, api.Rules, error) {
	if kind == clusterwide {
		var p v2.CiliumClusterwideNetworkPolicy
		if err := yaml.UnmarshalStrict(doc.Text, &p); err != nil {
			return "", nil, err
		}
		rules, err := p.Parse(quiet, cluster)
		return identify(ipcache.ResourceKindCCNP, &p.ObjectMeta), rules, err
	}
	var p v2.CiliumNetworkPolicy
	if err := yaml.UnmarshalStrict(doc.Text, &p); err != nil {
		return "", nil, err
	}
	inNamespace(&p.ObjectMeta)
	rules, err := p.Parse(quiet, cluster)
	return identify(ipcache.ResourceKindCNP, &p.ObjectMeta), rules, err
}

// nativeEntries decodes a NetworkPolicy, with the defaults that the API server
// sets, into entries.
func nativeEntries(doc oracle.Document, cluster string) (ipcache.ResourceID, types.PolicyEntries, error) {
	var p networkingv1.NetworkPolicy
	if err := yaml.UnmarshalStrict(doc.Text, &p); err != nil {
		return "", nil, err
	}
	inNamespace(&p.ObjectMeta)
	defaults.SetObjectDefaults_NetworkPolicy(&p)
	stored, err := yaml.Marshal(&p)
	if err != nil {
		return "", nil, err
	}
	var seen slim.NetworkPolicy
	if err := yaml.Unmarshal(stored, &seen); err != nil {
		return "", nil, err
	}
	entries, err := k8s.ParseNetworkPolicy(quiet, cluster, &seen)
	return identify(ipcache.ResourceKindNetpol, &p.ObjectMeta), entries, err
}

// clusterEntries decodes a ClusterNetworkPolicy into entries.
func clusterEntries(doc oracle.Document, cluster string) (ipcache.ResourceID, types.PolicyEntries, error) {
	var p v1alpha2.ClusterNetworkPolicy
	if err := yaml.UnmarshalStrict(doc.Text, &p); err != nil {
		return "", nil, err
	}
	entries, err := k8s.ParseClusterNetworkPolicy(quiet, cluster, &p)
	return identify(ipcache.ResourceKindKCNP, &p.ObjectMeta), entries, err
}

// namesIn gives every selector of DNS names that some policy has.
func namesIn(resources []resource) []api.FQDNSelector {
	var out []api.FQDNSelector
	for _, r := range resources {
		for _, e := range r.entries {
			for _, s := range e.L3 {
				if n, is := s.GetFQDNSelector(); is && !slices.Contains(out, *n) {
					out = append(out, *n)
				}
			}
		}
	}
	return out
}
