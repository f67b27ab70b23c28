package lower

import (
	"maps"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir"
)

// The label and the annotations that say what made an object. They hold the
// intent's addresses, never a line, a version or a date: those would change
// bytes when nothing changed.
const (
	ManagedByLabel        = "app.kubernetes.io/managed-by"
	ManagedBy             = "portolan"
	SubjectAnnotation     = "portolan.dev/subject"
	RulesAnnotation       = "portolan.dev/rules"
	DescriptionAnnotation = "portolan.dev/description"
)

// Labels gives the labels of an emitted object.
func Labels() map[string]string { return map[string]string{ManagedByLabel: ManagedBy} }

// Annotations says which subject an object protects and which rules and
// defaults it carries, with their descriptions, sorted by address.
func Annotations(s ir.Subject, origins []ir.Origin) map[string]string {
	descriptions := map[string]string{}
	addresses := map[string]bool{}
	for _, o := range origins {
		if o.Kind == ir.FromRule {
			addresses[o.Address] = true
		}
		if o.Description != "" {
			descriptions[o.Address] = o.Description
		}
	}
	out := map[string]string{SubjectAnnotation: s.Address}
	if len(addresses) > 0 {
		out[RulesAnnotation] = strings.Join(slices.Sorted(maps.Keys(addresses)), ", ")
	}
	var lines []string
	for _, a := range slices.Sorted(maps.Keys(descriptions)) {
		lines = append(lines, a+": "+descriptions[a])
	}
	if lines != nil {
		out[DescriptionAnnotation] = strings.Join(lines, "\n")
	}
	return out
}
