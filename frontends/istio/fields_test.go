package istio

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	security "istio.io/api/security/v1beta1"

	"github.com/portolan-dev/portolan/frontends/manifest"
)

// TestFields holds the tables to the upstream types: every field is in one of
// them, understood or refused, and none is that upstream has not.
func TestFields(t *testing.T) {
	for _, c := range []struct {
		message protoreflect.MessageDescriptor
		table   manifest.Table
	}{
		{(&security.AuthorizationPolicy{}).ProtoReflect().Descriptor(), policyFields},
		{(&security.PeerAuthentication{}).ProtoReflect().Descriptor(), peerFields},
		{(&security.RequestAuthentication{}).ProtoReflect().Descriptor(), requestFields},
	} {
		var have []string
		for _, f := range c.table {
			have = append(have, f.Path)
		}
		var want []string
		fields(c.message, "spec", func(path string) bool {
			if refused := slices.IndexFunc(c.table, func(f manifest.Field) bool { return f.Path == path && f.Refused != "" }); refused >= 0 {
				want = append(want, path)
				return false
			}
			return true
		}, &want)
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("the table has\n%q\nand upstream\n%q", have, want)
		}
	}
}

// fields lists the leaves of a message; enter says whether to look into a field.
func fields(m protoreflect.MessageDescriptor, at string, enter func(string) bool, out *[]string) {
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		path := at + "." + f.JSONName()
		if !enter(path) {
			continue
		}
		inner := f.Message()
		switch {
		case f.IsMap():
			path += ".*"
			inner = f.MapValue().Message()
		case f.IsList():
			path += "[]"
		}
		if inner != nil && inner.FullName() != "google.protobuf.Duration" { // which is a text
			fields(inner, path, enter, out)
		} else {
			*out = append(*out, path)
		}
	}
}
