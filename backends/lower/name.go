package lower

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/portolan-dev/portolan/ir"
)

// MaxName bounds an object's name so that every kind takes it: a DNS-1123
// label, with room for a tier before it and a suffix behind it.
const MaxName = 52

// Name gives the name of the objects that protect a subject, a DNS-1123 label.
// It is a function of how the subject is written and of nothing else, so that
// no rule added elsewhere renames anything:
//
//   - a workload's is its name;
//   - a namespace's is its name and "--all";
//   - every pod's is "cluster--all", and "cluster--default" that of the pods
//     that the cluster's default closes, whichever namespaces it spares;
//   - nodes' is the name that they are declared under;
//   - inline pods' is "pods--" and a hash of their canonical text.
//
// A name that is no label, is over-long or holds "--" is escaped and gets "--"
// and a hash of the address; escaped reports that, and the printer explains it
// in a comment. No two subjects share a name, since "--" occurs in no other.
func Name(s ir.Subject) (name string, escaped bool) {
	switch s.Kind {
	case ir.SubjectWorkload:
		_, base, _ := cutLast(s.Address, "/")
		return label(base, s.Address)
	case ir.SubjectNamespace:
		ns, _ := s.Pods.SingleNamespace()
		if len(ns)+len("--all") > MaxName {
			return ns[:MaxName-len("--all-")-8] + "--all-" + hash(ns), true
		}
		return ns + "--all", false
	case ir.SubjectCluster:
		if !s.Pods.IsAll() {
			return "cluster--default", false
		}
		return "cluster--all", false
	case ir.SubjectNodes:
		_, base, _ := cutLast(s.Address, "/")
		return label(base, s.Address)
	case ir.SubjectInline:
	}
	return "pods--" + hash(s.Pods.String()), true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// Label gives a DNS-1123 label for a name that the intent writes, for objects
// that protect no subject. It escapes as Name does; address tells apart what
// escaping would make equal.
func Label(text, address string) (name string, escaped bool) { return label(text, address) }

// label makes a DNS-1123 label of text, the same text where it is one.
func label(text, address string) (string, bool) {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else {
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-")
	if s == text && len(s) <= MaxName && !strings.Contains(s, "--") {
		return s, false
	}
	for strings.Contains(s, "--") {
		s = strings.ReplaceAll(s, "--", "-")
	}
	s = strings.TrimRight(s[:min(len(s), MaxName-len("--")-8)], "-")
	return s + "--" + hash(address), true
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}
