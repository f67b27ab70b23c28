package cilium

import (
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/schemas"
)

// everything is a configuration with all switches on: it refuses nothing that
// some cluster takes.
var everything = settings{cluster: defaultCluster, local: true, hostFirewall: true, nodeLabels: true, clusterPolicies: true}

// Accept gives what the API server refuses by the definitions of Cilium's kinds,
// and what the agent refuses of what the API server has stored. What hangs on a
// switch is accepted. Documents of kinds that Cilium does not read are passed
// over.
func (Engine) Accept(docs []oracle.Document) ([]oracle.Rejection, error) {
	process.Lock()
	defer process.Unlock()
	if err := everything.declare(); err != nil {
		return nil, err
	}
	var out []oracle.Rejection
	for _, doc := range docs {
		for _, err := range rejected(doc) {
			out = append(out, oracle.Rejection{Document: doc, Reason: err.Error()})
		}
	}
	return out, nil
}

func rejected(doc oracle.Document) []error {
	kind, err := kindOf(doc)
	if err != nil {
		return []error{err}
	}
	var out []error
	if kind != "" && kind != native {
		out = schemas.Validate(doc)
	}
	switch scope := everything.scope(); kind {
	case namespaced, clusterwide:
		_, _, err = ciliumRules(doc, kind, scope)
	case ranges:
		err = yaml.UnmarshalStrict(doc.Text, &v2.CiliumCIDRGroup{})
	case native:
		_, _, err = nativeEntries(doc, scope)
	case clusterPolicy:
		_, _, err = clusterEntries(doc, scope)
	}
	if err != nil {
		out = append(out, err)
	}
	return out
}
