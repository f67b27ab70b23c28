package conformance

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// lifted is what Portolan's frontend reads in documents under a profile.
func lifted(docs []oracle.Document, p profile.Profile) (sem.Policy, diag.List) {
	source, diags := pipeline.Open([]string{"-"}, intent.Options{Stdin: strings.NewReader(stream(docs))})
	profiles := []profile.Profile{p}
	source.Under(profiles)
	inv, more := source.Inventory()
	pipeline.Beneath(&inv.Facts, profiles)
	policy, evenMore := source.Policy(profiles, &inv)
	return policy, slices.Concat(diags, more, evenMore)
}

// stream is documents as one text.
func stream(docs []oracle.Document) string {
	var b strings.Builder
	for _, d := range docs {
		fmt.Fprintf(&b, "---\n%s\n", d.Text)
	}
	return b.String()
}

// seed is a number for a text, equal for equal texts.
func seed(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// declared gives the namespaces and Services of a cluster as documents, which
// engines have from the cluster and Portolan reads; without those that are among
// the documents already.
func declared(c *oracle.Cluster, docs []oracle.Document) []oracle.Document {
	var out []oracle.Document
	add := func(kind, namespace, name string, labels map[string]string, spec any) {
		if !slices.ContainsFunc(docs, func(d oracle.Document) bool { return headOf(d).is(kind, namespace, name) }) {
			out = append(out, object(kind, namespace, name, labels, spec))
		}
	}
	seen := map[string]bool{}
	for _, e := range c.Endpoints {
		if e.Kind == sem.Pod && !seen[e.Namespace] {
			seen[e.Namespace] = true
			add("Namespace", "", e.Namespace, e.NamespaceLabels, nil)
		}
	}
	for _, s := range c.Services {
		var ports []any
		for _, p := range s.Ports {
			ports = append(ports, map[string]any{"name": p.Name, "port": p.Port, "targetPort": p.Port})
		}
		add("Service", s.Namespace, s.Name, nil, map[string]any{"selector": s.Selector, "ports": ports})
	}
	return out
}

// object writes an object of the core group.
func object(kind, namespace, name string, labels map[string]string, spec any) oracle.Document {
	metadata := map[string]any{"name": name, "labels": labels}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	text, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec})
	if err != nil {
		panic(err) // of plain values there is none
	}
	return oracle.Document{Source: "cluster", Text: text}
}

// head is what an object is.
type head struct {
	APIVersion, Kind string
	Metadata         struct{ Namespace, Name string }
}

// headOf reads what a document is; the zero head of what is no object.
func headOf(d oracle.Document) head {
	var h head
	if yaml.Unmarshal(d.Text, &h) != nil {
		return head{}
	}
	return h
}

func (h head) is(kind, namespace, name string) bool {
	return h.Kind == kind && h.Metadata.Namespace == namespace && h.Metadata.Name == name
}
