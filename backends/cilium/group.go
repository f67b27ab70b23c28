package cilium

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/policy/api"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/ir/set"
)

// groupFrom is how many ranges and exceptions become a CiliumCIDRGroup, which
// all rules for the same addresses then share. What it is called hangs on the
// addresses alone, so that no other rule renames it.
const groupFrom = 32

// maxPrefixes bounds the ranges of a group: each is an identity on every node.
const maxPrefixes = 10_000

const groupKind = "CiliumCIDRGroup"

// Group is a CiliumCIDRGroup. Exceptions are taken out of its ranges: upstream
// says that those of rules do not go with a group.
type Group struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              GroupSpec `json:"spec"`
}

// GroupSpec is what a group has.
type GroupSpec struct {
	ExternalCIDRs []api.CIDR `json:"externalCIDRs"`
}

// group gives the name of the group of the addresses, which becomes an object.
func (l *lowering) group(a set.Addresses) (string, *refusal) {
	prefixes := a.Prefixes()
	if len(prefixes) > maxPrefixes {
		return "", overBound("address ranges", len(prefixes), maxPrefixes)
	}
	cidrs := make([]api.CIDR, len(prefixes))
	text := make([]string, len(prefixes))
	for i, p := range prefixes {
		text[i] = p.String()
		cidrs[i] = api.CIDR(text[i])
	}
	sum := sha256.Sum256([]byte(strings.Join(text, ",")))
	name := "portolan--" + hex.EncodeToString(sum[:10])
	l.groups[name] = cidrs
	return name, nil
}

// groupObjects gives the groups that rules have named. They are of API version
// v2 from 1.18 on (cilium/cilium#38940).
func (l *lowering) groupObjects() []manifest.Object {
	version := "cilium.io/v2alpha1"
	if l.target.Profile.Version.AtLeast(1, 18) {
		version = apiVersion
	}
	var out []manifest.Object
	for _, name := range slices.Sorted(maps.Keys(l.groups)) {
		out = append(out, manifest.Object{
			APIVersion: version, Kind: groupKind, Name: name, Comments: []string{"The name stands for the ranges."},
			Value: &Group{
				TypeMeta:   metav1.TypeMeta{APIVersion: version, Kind: groupKind},
				ObjectMeta: metav1.ObjectMeta{Name: name, Labels: lower.Labels()},
				Spec:       GroupSpec{l.groups[name]},
			},
		})
	}
	return out
}
