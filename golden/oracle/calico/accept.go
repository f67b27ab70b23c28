package calico

import (
	"encoding/json"
	"fmt"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// Accept implements oracle.Engine: Calico's validator, and its selector parser on
// every selector. Native policies are converted to Calico's first.
//
// What the release at hand does not know is checked as far as it has the like of
// it: staged policies as what they stage, and policies without their tier and,
// in their names, without dots. It has nothing for Tier. What is in the form of
// Calico's storage nothing validates.
func (e *Engine) Accept(docs []oracle.Document) ([]oracle.Rejection, error) {
	objects, err := parse(docs)
	if err != nil {
		return nil, err
	}
	var out []oracle.Rejection
	for i, o := range objects {
		if !o.isNative() && (o.group != group || o.kind == "Tier") {
			continue
		}
		if o.tree["spec"] == nil {
			out = append(out, oracle.Rejection{Document: docs[i], Reason: "no spec"})
			continue
		}
		text, err := json.Marshal(o.plain())
		if err != nil {
			return nil, err
		}
		a, err := e.felix.ask(&request{Accept: []json.RawMessage{text}})
		if err != nil {
			return nil, err
		}
		if len(a.Rejections) != 1 {
			return nil, fmt.Errorf("felix gave %d answers about one document", len(a.Rejections))
		}
		if a.Rejections[0] != "" {
			out = append(out, oracle.Rejection{Document: docs[i], Reason: a.Rejections[0]})
		}
	}
	return out, nil
}
