package boundary

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// Words is what documents mention, each once and in order. Selectors are the sets
// of labels that something selects by together.
type Words struct {
	Ports      []uint16
	PortNames  []string
	Protocols  []uint8 // by number, where a document has numbers
	ICMP       []Message
	Blocks     []netip.Prefix
	Namespaces []string
	Accounts   []string

	Pods, NamespaceLabels, Nodes []map[string]string

	Names, ServerNames      []string // of DNS and TLS, with a word in place of each wildcard
	Methods, Targets, Hosts []string // of requests, with a word in place of each wildcard
	Headers                 map[string][]string
	Tokens                  Tokens
}

// Message is a type of ICMP message, of either family, and a code of it.
type Message struct{ Type, Code uint8 }

// Collect reads what documents mention. The error is of a document that is no
// YAML; of what is not understood the words are passed over.
func Collect(docs []oracle.Document) (*Words, error) {
	w := &Words{Headers: map[string][]string{}, Tokens: Tokens{Claims: map[string]any{}}}
	for _, d := range docs {
		var tree map[string]any
		if err := yaml.Unmarshal(d.Text, &tree); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Source, err)
		}
		w.document(tree)
	}
	w.tidy()
	return w, nil
}

// document reads one object. Of what makes pods and namespaces, selectors are
// read as everywhere, and labels as what selectors could ask for.
func (w *Words) document(tree map[string]any) {
	metadata, _ := tree["metadata"].(map[string]any)
	if namespace, ok := metadata["namespace"].(string); ok {
		w.Namespaces = append(w.Namespaces, namespace)
	}
	if name, ok := metadata["name"].(string); ok && tree["kind"] == "Namespace" {
		w.Namespaces = append(w.Namespaces, name)
	}
	for _, key := range sorted(tree) {
		if key != "metadata" {
			w.walk(nil, key, tree[key])
		}
	}
}

// walk reads a value that stands at a key, below the keys of path.
func (w *Words) walk(path []string, key string, v any) {
	switch v := v.(type) {
	case map[string]any:
		w.object(append(slices.Clip(path), key), v)
	case []any:
		for _, item := range v {
			w.walk(path, key, item)
		}
	case float64:
		w.number(path, key, int(v))
	case string:
		w.text(path, key, v)
	}
}

func (w *Words) object(path []string, fields map[string]any) {
	if set := selected(fields); len(set) > 0 {
		w.labels(path, set)
	}
	w.condition(fields)
	w.message(path, fields)
	for _, key := range sorted(fields) {
		switch key {
		case "matchLabels", "matchExpressions", "labels":
		case "name": // of a header, a port, or an object
			if value, ok := fields["value"].(string); ok {
				w.header(fields[key], value)
			} else {
				w.walk(path, key, fields[key])
			}
		default:
			w.walk(path, key, fields[key])
		}
	}
}

// selected gives the labels that a label selector of the Kubernetes API asks for:
// one way to fit all of it. A selector of something else has none.
func selected(fields map[string]any) map[string]string {
	out := map[string]string{}
	for _, from := range []string{"matchLabels", "labels"} {
		labels, _ := fields[from].(map[string]any)
		for key, value := range labels {
			if text, ok := value.(string); ok {
				out[key] = text
			}
		}
	}
	expressions, _ := fields["matchExpressions"].([]any)
	for _, item := range expressions {
		e, _ := item.(map[string]any)
		key, ok := e["key"].(string)
		if !ok || e["operator"] == "DoesNotExist" {
			continue
		}
		out[key] = anything
		if values, _ := e["values"].([]any); len(values) > 0 {
			out[key], _ = values[0].(string)
		}
	}
	return out
}

// anything is a value for what may have any, and of what is not to have one.
const anything = "anything"

// labels keeps labels with those of whom they are: the namespaces' that an engine
// writes among the pods' go to the namespaces.
func (w *Words) labels(path []string, set map[string]string) {
	pods, namespaces := map[string]string{}, map[string]string{}
	for key, value := range set {
		for _, source := range []string{"k8s:", "any:", "node:"} { // of Cilium's labels
			key = strings.TrimPrefix(key, source)
		}
		if label, ok := strings.CutPrefix(key, "io.cilium.k8s.namespace.labels."); ok {
			key, namespaces[label] = label, value
			if label != namespaceName {
				continue
			}
		}
		switch key {
		case namespaceName, "io.kubernetes.pod.namespace", "projectcalico.org/namespace", "projectcalico.org/name":
			w.Namespaces = append(w.Namespaces, value)
			delete(namespaces, key)
		case "io.cilium.k8s.policy.serviceaccount", "projectcalico.org/serviceaccount":
			w.Accounts = append(w.Accounts, value)
		default:
			pods[key] = value
		}
	}
	under := func(words ...string) bool {
		return slices.ContainsFunc(path, func(key string) bool { return slices.Contains(words, key) })
	}
	switch {
	case under("namespaceSelector", "namespaces"):
		w.NamespaceLabels = append(w.NamespaceLabels, pods)
	case under("nodeSelector", "fromNodes", "toNodes", "nodes"):
		w.Nodes = append(w.Nodes, pods)
	default:
		w.Pods = append(w.Pods, pods)
	}
	if len(namespaces) > 0 {
		w.NamespaceLabels = append(w.NamespaceLabels, namespaces)
	}
}

const namespaceName = "kubernetes.io/metadata.name"

// condition reads a condition of an AuthorizationPolicy: a key and its values.
func (w *Words) condition(fields map[string]any) {
	key, ok := fields["key"].(string)
	if !ok || fields["operator"] != nil {
		return
	}
	for _, from := range []string{"values", "notValues"} {
		values, _ := fields[from].([]any)
		for _, v := range values {
			text, _ := v.(string)
			switch name, isHeader := strings.CutPrefix(key, "request.headers["); {
			case isHeader:
				w.header(strings.TrimSuffix(name, "]"), wordIn(text))
			case key == "source.namespace":
				w.Namespaces = append(w.Namespaces, wordIn(text))
			case key == "source.principal" || key == "source.serviceAccount":
				w.account(text)
			case strings.HasPrefix(key, "request.auth.claims"):
				w.Tokens.claim(key, wordIn(text))
			case key == "request.auth.principal":
				w.Tokens.principal(text)
			case key == "request.auth.audiences":
				w.Tokens.Audiences = append(w.Tokens.Audiences, wordIn(text))
			case key == "connection.sni":
				w.ServerNames = append(w.ServerNames, wordIn(text))
			case key == "destination.port":
				w.port(text)
			}
		}
	}
}

func (w *Words) header(name any, value string) {
	if text, ok := name.(string); ok {
		text = strings.ToLower(text)
		w.Headers[text] = append(w.Headers[text], value)
	}
}

// message reads a type of ICMP with its code, or Cilium's form of one.
func (w *Words) message(path []string, fields map[string]any) {
	if !slices.ContainsFunc(path, func(key string) bool { return strings.Contains(strings.ToLower(key), "icmp") }) {
		return
	}
	code, _ := fields["code"].(float64)
	switch kind := fields["type"].(type) {
	case float64:
		w.ICMP = append(w.ICMP, Message{uint8(kind), uint8(code)})
	case string:
		w.ICMP = append(w.ICMP, Message{Type: messageNames[kind]})
	}
}

// messageNames has the names that Cilium gives types of both families
// (cilium/cilium, pkg/policy/api/icmp.go): those with which anybody tries them.
var messageNames = map[string]uint8{
	"EchoReply": 0, "DestinationUnreachable": 3, "Redirect": 5, "EchoRequest": 8, "TimeExceeded": 11,
	"PacketTooBig": 2, "RouterSolicitation": 133, "RouterAdvertisement": 134, "NeighborSolicitation": 135, "NeighborAdvertisement": 136,
}

func (w *Words) number(path []string, key string, n int) {
	switch lower := strings.ToLower(key); {
	case strings.HasSuffix(lower, "port") || strings.HasSuffix(lower, "ports"):
		w.Ports = append(w.Ports, uint16(n))
	case strings.HasSuffix(lower, "protocol"):
		w.Protocols = append(w.Protocols, uint8(n))
	case key == "number" || key == "start" || key == "end": // ports of ClusterNetworkPolicy
		if slices.ContainsFunc(path, func(p string) bool { return strings.HasPrefix(p, "port") || strings.HasPrefix(p, "destinationPort") }) {
			w.Ports = append(w.Ports, uint16(n))
		}
	}
}

func (w *Words) text(path []string, key, text string) {
	if b, ok := block(text); ok {
		w.Blocks = append(w.Blocks, b)
		return
	}
	switch lower := strings.TrimPrefix(strings.ToLower(key), "not"); lower {
	case "namespace", "namespaces":
		w.Namespaces = append(w.Namespaces, wordIn(text))
	case "principals", "serviceaccounts":
		w.account(text)
	case "port", "ports", "endport", "namedport":
		w.port(text)
	case "path", "paths":
		w.Targets = append(w.Targets, samples(text)...)
	case "exact", "prefix":
		if slices.Contains(path, "paths") {
			w.Targets = append(w.Targets, text)
		} else if slices.Contains(path, "methods") {
			w.Methods = append(w.Methods, text)
		}
	case "method", "methods":
		w.Methods = append(w.Methods, samples(text)...)
	case "host", "hosts":
		w.Hosts = append(w.Hosts, samples(strings.ReplaceAll(text, ":*", ":8443"))...)
	case "headers":
		name, value, _ := strings.Cut(text, ":")
		w.header(strings.TrimSpace(name), strings.TrimSpace(value))
	case "matchname", "matchpattern", "domains", "domainnames", "domain":
		w.Names = append(w.Names, strings.ReplaceAll(wordIn(text), "x.x.", "x."))
	case "requestprincipals":
		w.Tokens.principal(text)
	case "issuer":
		w.Tokens.Issuers = append(w.Tokens.Issuers, text)
	case "audiences":
		w.Tokens.Audiences = append(w.Tokens.Audiences, text)
	case "servernames":
		w.ServerNames = append(w.ServerNames, wordIn(text))
	case "names":
		if slices.ContainsFunc(path, func(p string) bool { return strings.HasSuffix(p, "erviceAccounts") }) {
			w.Accounts = append(w.Accounts, text)
		}
	default:
		if strings.Contains(strings.ToLower(key), "selector") {
			w.selector(append(slices.Clip(path), key), text)
		}
	}
}

// account reads a principal, or a service account with or without its namespace.
func (w *Words) account(text string) {
	parts := strings.Split(text, "/")
	w.Accounts = append(w.Accounts, wordIn(parts[len(parts)-1]))
	if len(parts) > 1 {
		if at := slices.Index(parts, "ns"); at >= 0 && at+1 < len(parts) {
			w.Namespaces = append(w.Namespaces, wordIn(parts[at+1]))
		} else if len(parts) == 2 {
			w.Namespaces = append(w.Namespaces, wordIn(parts[0]))
		}
	}
}

// port reads a port's number or name, or a range of Calico's or Cilium's.
func (w *Words) port(text string) {
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ':' }) {
		if n, err := strconv.ParseUint(part, 10, 16); err == nil {
			w.Ports = append(w.Ports, uint16(n))
		} else {
			w.PortNames = append(w.PortNames, text)
		}
	}
}

// The parts of Calico's selectors that name labels (projectcalico/calico,
// libcalico-go/lib/selector/tokenizer).
var (
	compared = regexp.MustCompile(`([\w./-]+)\s*(?:==|!=|contains|starts\s*with|ends\s*with)\s*["']([^"']*)["']`)
	listed   = regexp.MustCompile(`([\w./-]+)\s*(?:not\s+)?in\s*\{\s*["']([^"']*)["']`)
	having   = regexp.MustCompile(`has\(\s*([\w./-]+)\s*\)`)
)

// selector reads a selector of Calico's: all of its labels together, and each
// alone.
func (w *Words) selector(path []string, text string) {
	all := map[string]string{}
	one := func(key, value string) {
		if label, ok := strings.CutPrefix(key, "pcns."); ok {
			w.labels(append(slices.Clip(path), "namespaceSelector"), map[string]string{label: value})
			return
		}
		if _, ok := strings.CutPrefix(key, "pcsa."); ok {
			return
		}
		w.labels(path, map[string]string{key: value})
		all[key] = value
	}
	for _, re := range []*regexp.Regexp{compared, listed} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			one(m[1], m[2])
		}
	}
	for _, m := range having.FindAllStringSubmatch(text, -1) {
		if _, known := all[m[1]]; !known {
			one(m[1], anything)
		}
	}
	if len(all) > 1 {
		w.labels(path, all)
	}
}

// block reads an address or a range.
func block(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	b, err := netip.ParsePrefix(text)
	return b.Masked(), err == nil
}
