package golden

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A mutant is one small change of one document, two where values are swapped.
type mutant struct {
	document int
	path     string // where, as spec.ingress[0].ports
	what     string
	apply    func()
	undo     func()
}

func (m mutant) String() string {
	return fmt.Sprintf("document %d: %s: %s", m.document+1, m.path, m.what)
}

var index = regexp.MustCompile(`\[\d+\]`)

// shape is the path without positions: what the mutants of one field share.
func shape(path string) string { return index.ReplaceAllString(path, "[]") }

// A leaf is a text of a document, with what changes it.
type leaf struct {
	path  string
	value string
	set   func(any)
}

// mutator lists the mutants of documents. It knows no field: what it does to a
// value hangs on how the value looks and on its kin elsewhere in the file.
type mutator struct {
	documents []map[string]any
	document  int
	texts     map[string][]string // the texts of fields with the same name
	leaves    [][]leaf            // by document
	mutants   []mutant
}

func mutantsOf(documents []map[string]any) []mutant {
	m := &mutator{documents: documents, texts: map[string][]string{}, leaves: make([][]leaf, len(documents))}
	for _, visit := range []func(string, any, func(any)){m.collect, m.mutate} {
		for i, d := range documents {
			m.document = i
			for _, key := range slices.Sorted(maps.Keys(d)) {
				if !slices.Contains([]string{"apiVersion", "kind", "metadata"}, key) {
					visit(key, d[key], func(v any) { d[key] = v })
				}
			}
			meta := d["metadata"].(map[string]any)
			if ns, ok := meta["namespace"]; ok {
				visit("metadata.namespace", ns, func(v any) { meta["namespace"] = v })
			}
		}
	}
	m.dropKeys()
	m.stage()
	m.swap()
	return m.mutants
}

// nameOf is the last key of a path.
func nameOf(path string) string {
	path = shape(path)
	return path[strings.LastIndexByte(path, '.')+1:]
}

func (m *mutator) add(path, what string, value, old any, set func(any)) {
	m.mutants = append(m.mutants, mutant{m.document, path, what, func() { set(value) }, func() { set(old) }})
}

// collect notes what texts there are, to change one into another.
func (m *mutator) collect(path string, v any, set func(any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			m.collect(path+"."+k, v[k], func(x any) { v[k] = x })
		}
	case []any:
		for i := range v {
			m.collect(fmt.Sprintf("%s[%d]", path, i), v[i], func(x any) { v[i] = x })
		}
	case string:
		m.leaves[m.document] = append(m.leaves[m.document], leaf{path, v, set})
		if name := nameOf(path); !slices.Contains(m.texts[name], v) {
			m.texts[name] = append(m.texts[name], v)
		}
	}
}

func (m *mutator) mutate(path string, v any, set func(any)) {
	if nameOf(path) == "annotations" {
		return // dropped above, and that is enough of them
	}
	switch v := v.(type) {
	case map[string]any:
		m.mutateMap(path, v, set)
	case []any:
		m.mutateList(path, v, set)
	case string:
		others := append(m.others(path, v), alternatives(path, v)...)
		slices.Sort(others)
		for _, other := range slices.Compact(others) {
			if other != v {
				m.add(path, fmt.Sprintf("%q to %q", v, other), other, v, set)
			}
		}
	case bool:
		m.add(path, fmt.Sprintf("%v to %v", v, !v), !v, v, set)
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			for _, other := range []int{n - 1, n + 1, n + 1000} {
				m.add(path, fmt.Sprintf("%d to %d", n, other), other, v, set)
			}
		}
	}
}

func (m *mutator) mutateMap(path string, v map[string]any, set func(any)) {
	if len(v) > 1 {
		m.add(path, "to {}", map[string]any{}, v, set)
	}
	for _, k := range slices.Sorted(maps.Keys(v)) {
		without := maps.Clone(v)
		delete(without, k)
		m.add(path+"."+k, "dropped", without, v, set)
		renamed := maps.Clone(without)
		renamed[k+"x"] = v[k]
		m.add(path+"."+k, fmt.Sprintf("key to %q", k+"x"), renamed, v, set)
		m.mutate(path+"."+k, v[k], func(x any) { v[k] = x })
	}
	if port, ok := v["port"]; ok && v["endPort"] == nil {
		if n, err := strconv.Atoi(fmt.Sprint(port)); err == nil {
			widened := maps.Clone(v)
			widened["endPort"] = n + 1
			m.add(path, "widened by endPort", widened, v, set)
		}
	}
}

func (m *mutator) mutateList(path string, v []any, set func(any)) {
	if len(v) > 1 {
		m.add(path, "to []", []any{}, v, set)
	}
	for i, e := range v {
		at := fmt.Sprintf("%s[%d]", path, i)
		m.add(at, "dropped", slices.Delete(slices.Clone(v), i, i+1), v, set)
		m.mutate(at, e, func(x any) { v[i] = x })
		entry, ok := e.(map[string]any)
		if !ok {
			continue
		}
		if len(entry) > 0 {
			m.add(at, "{} beside it", append(slices.Clone(v), map[string]any{}), v, set)
		}
		if len(entry) > 1 { // a dash more makes AND into OR
			var parts []any
			for _, k := range slices.Sorted(maps.Keys(entry)) {
				parts = append(parts, map[string]any{k: entry[k]})
			}
			m.add(at, "split", slices.Replace(slices.Clone(v), i, i+1, parts...), v, set)
		}
	}
}

// dropKeys drops what stands at a document's top, and whole documents.
func (m *mutator) dropKeys() {
	for i, d := range m.documents {
		m.document = i
		drop := func(path string, in map[string]any, key string) {
			if old, ok := in[key]; ok {
				m.mutants = append(m.mutants, mutant{i, path, "dropped", func() { delete(in, key) }, func() { in[key] = old }})
			}
		}
		drop("spec", d, "spec")
		drop("specs", d, "specs")
		drop("metadata.namespace", d["metadata"].(map[string]any), "namespace")
		m.mutants = append(m.mutants, mutant{i, "", "dropped", func() { m.documents[i] = nil }, func() { m.documents[i] = d }})
	}
}

// stage makes documents staged, and enforces those that are.
func (m *mutator) stage() {
	const dryRun = "istio.io/dry-run"
	for i, d := range m.documents {
		m.document = i
		kind := fmt.Sprint(d["kind"])
		if enforced, staged := strings.CutPrefix(kind, "Staged"); staged {
			m.add("kind", "enforced", enforced, kind, func(v any) { d["kind"] = v })
		} else if d["apiVersion"] == "projectcalico.org/v3" && strings.HasSuffix(kind, "NetworkPolicy") {
			m.add("kind", "staged", "Staged"+kind, kind, func(v any) { d["kind"] = v })
		}
		if annotations, ok := d["metadata"].(map[string]any)["annotations"].(map[string]any); ok && kind == "AuthorizationPolicy" {
			was, is := annotations[dryRun]
			m.mutants = append(m.mutants, mutant{i, "metadata.annotations." + dryRun, "dropped, or set",
				func() {
					if delete(annotations, dryRun); !is {
						annotations[dryRun] = "true"
					}
				},
				func() {
					if delete(annotations, dryRun); is {
						annotations[dryRun] = was
					}
				}})
		}
	}
}

// swap swaps two texts of selectors between a document and the next that has
// another one at the same place.
func (m *mutator) swap() {
	for i := range m.documents {
		m.document = i
		for _, a := range m.leaves[i] {
			if !strings.Contains(strings.ToLower(a.path), "matchlabels") && nameOf(a.path) != "selector" {
				continue
			}
			for _, leaves := range m.leaves[i+1:] {
				j := slices.IndexFunc(leaves, func(b leaf) bool { return shape(b.path) == shape(a.path) && b.value != a.value })
				if j < 0 {
					continue
				}
				b := leaves[j]
				m.mutants = append(m.mutants, mutant{i, a.path, fmt.Sprintf("%q swapped with %q", a.value, b.value),
					func() { a.set(b.value); b.set(a.value) }, func() { a.set(a.value); b.set(b.value) }})
				break
			}
		}
	}
}

// others is the next text of a field with the same name, as another namespace
// or another workload's label.
func (m *mutator) others(path, v string) []string {
	all := m.texts[nameOf(path)]
	if len(all) < 2 {
		return nil
	}
	return []string{all[(slices.Index(all, v)+1)%len(all)]}
}

// words are texts of which formats have a closed list.
var words = [][]string{
	{"Allow", "Deny", "Pass", "Log"},
	{"ALLOW", "DENY", "AUDIT"},
	{"TCP", "UDP", "SCTP", "ANY"},
	{"ICMP", "ICMPv6"}, {"IPv4", "IPv6"},
	{"Ingress", "Egress"},
	{"In", "NotIn"}, {"Exists", "DoesNotExist"},
	{"STRICT", "PERMISSIVE", "DISABLE", "UNSET"},
	{"GET", "POST"},
	{"cluster", "world", "all", "host", "remote-node", "kube-apiserver", "none"},
}

var (
	numbers = regexp.MustCompile(`^(\d{1,5})(?:[:-](\d{1,5}))?$`)
	quoted  = regexp.MustCompile(`'[^']*'`)
	keyword = regexp.MustCompile(`[\w./-]+ (?:==|!=|in|not in|contains|starts with|ends with)|has\([^)]*\)`)
)

// alternatives are the small changes of a text.
func alternatives(path, v string) []string {
	var out []string
	for _, list := range words {
		if slices.Contains(list, v) {
			for _, w := range list {
				if w != v {
					out = append(out, w)
				}
			}
		}
	}
	if parts := numbers.FindStringSubmatch(v); parts != nil {
		return append(out, otherPorts(v, parts)...)
	}
	if p, err := netip.ParsePrefix(v); err == nil {
		return append(out, otherPrefixes(p)...)
	}
	if a, err := netip.ParseAddr(v); err == nil {
		return append(out, a.Next().String(), a.Prev().String())
	}
	if strings.HasSuffix(strings.ToLower(nameOf(path)), "selector") {
		return append(out, otherSelectors(v)...)
	}
	out = append(out, v+"x", "x"+v, v+"*")
	if v != "" {
		out = append(out, v[:len(v)-1])
	}
	if strings.HasPrefix(v, "/") {
		out = append(out, "/x"+v, v+"/x")
	}
	for i, c := range v { // each part of a namespace, an account, a name, a pattern
		if strings.ContainsRune("/.*:|", c) && i > 0 {
			out = append(out, v[:i]+"x"+v[i:], v[:i]+v[i+1:])
		}
	}
	return out
}

// otherPorts is the neighbours of a port, the range with one of them, and a
// range with other ends.
func otherPorts(v string, parts []string) []string {
	first, _ := strconv.Atoi(parts[1])
	if parts[2] == "" {
		return []string{strconv.Itoa(first - 1), strconv.Itoa(first + 1), fmt.Sprintf("%d:%d", first, first+1)}
	}
	last, _ := strconv.Atoi(parts[2])
	sep := v[len(parts[1]) : len(parts[1])+1]
	var out []string
	for _, r := range [][2]int{{first - 1, last}, {first + 1, last}, {first, last - 1}, {first, last + 1}} {
		out = append(out, fmt.Sprintf("%d%s%d", r[0], sep, r[1]))
	}
	return out
}

// otherPrefixes is a range one bit wider and one narrower, and the one beside.
func otherPrefixes(p netip.Prefix) []string {
	var out []string
	if p.Bits() > 0 {
		wider, _ := p.Addr().Prefix(p.Bits() - 1)
		sibling := p.Addr().AsSlice()
		sibling[(p.Bits()-1)/8] ^= 1 << (7 - (p.Bits()-1)%8)
		a, _ := netip.AddrFromSlice(sibling)
		out = append(out, wider.String(), netip.PrefixFrom(a, p.Bits()).String())
	}
	if p.Bits() < p.Addr().BitLen() {
		out = append(out, netip.PrefixFrom(p.Addr(), p.Bits()+1).String())
	}
	return out
}

// otherSelectors changes one operator, key or value of an expression over
// labels, or leaves one of its parts out.
func otherSelectors(v string) []string {
	out := []string{"", "!(" + v + ")", v + " && has(x)", v + " || has(x)"}
	for _, swap := range [][2]string{
		{"==", "!="}, {"!=", "=="}, {"&&", "||"}, {"||", "&&"}, {" in ", " not in "}, {" not in ", " in "}, {"!has(", "has("}, {"has(", "!has("}, {"!", ""},
		{"starts with", "ends with"}, {"ends with", "contains"}, {"contains", "starts with"}, {"all()", "global()"}, {"global()", "all()"}, {"all()", "!all()"},
	} {
		for at := 0; ; at += len(swap[0]) {
			i := strings.Index(v[at:], swap[0])
			if i < 0 {
				break
			}
			at += i
			out = append(out, v[:at]+swap[1]+v[at+len(swap[0]):])
		}
	}
	for _, q := range quoted.FindAllStringIndex(v, -1) {
		out = append(out, v[:q[1]-1]+"x"+v[q[1]-1:])
	}
	for _, k := range keyword.FindAllStringIndex(v, -1) {
		out = append(out, v[:k[0]]+strings.Replace(strings.Replace(v[k[0]:k[1]], " ", "x ", 1), ")", "x)", 1)+v[k[1]:])
	}
	for _, op := range []string{" && ", " || ", ", "} {
		parts := strings.Split(v, op)
		for i := range parts {
			if len(parts) > 1 {
				out = append(out, strings.Join(slices.Delete(slices.Clone(parts), i, i+1), op))
			}
		}
	}
	return out
}
