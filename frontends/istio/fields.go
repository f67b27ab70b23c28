package istio

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
)

const (
	atWaypoints    = "Policies with targets are enforced by gateways and waypoints, which decide about Services and their ports and not about pods; sidecars and ztunnel pass them over. Select the pods with `selector`."
	otherNamespace = "Targets are of the namespace of what stands at them. The API server rejects it."

	notAField = "It is the older form of `targetRefs`. " + atWaypoints
)

// dryRun is the annotation by which a policy decides nothing; where it may stand
// says istio/istio, pkg/config/validation/validation.go, checkDryRunAnnotation.
const dryRun = "istio.io/dry-run"

// policyFields is what becomes of every field of an AuthorizationPolicy.
var policyFields = slices.Concat(
	manifest.Understood("spec.selector.matchLabels.*", "spec.action", "spec.provider.name",
		"spec.targetRefs[].group", "spec.targetRefs[].kind", "spec.targetRefs[].name",
		"spec.rules[].when[].key", "spec.rules[].when[].values[]", "spec.rules[].when[].notValues[]"),
	pairTable("spec.rules[].from[].source.", sourcePairs),
	pairTable("spec.rules[].to[].operation.", operationPairs),
	manifest.Refused(otherNamespace, "spec.targetRefs[].namespace"),
	manifest.Refused(notAField, "spec.targetRef"),
)

// peerFields is what becomes of every field of a PeerAuthentication.
var peerFields = manifest.Understood("spec.selector.matchLabels.*", "spec.mtls.mode", "spec.portLevelMtls.*.mode")

// pair is two lists of a source or an operation, of what must match and of what
// must not, and the key that a condition about the same has.
type pair struct{ yes, no, key string }

var sourcePairs = []pair{
	{"principals", "notPrincipals", keyPrincipal},
	{"requestPrincipals", "notRequestPrincipals", keyRequestPrincipal},
	{"namespaces", "notNamespaces", keyNamespace},
	{"serviceAccounts", "notServiceAccounts", keyAccount},
	{"trustDomains", "notTrustDomains", keyTrustDomain},
	{"ipBlocks", "notIpBlocks", keyIP},
	{"remoteIpBlocks", "notRemoteIpBlocks", keyRemoteIP},
}

var operationPairs = []pair{
	{"hosts", "notHosts", keyHosts},
	{"ports", "notPorts", keyPort},
	{"methods", "notMethods", keyMethods},
	{"paths", "notPaths", keyPaths},
}

func pairTable(prefix string, pairs []pair) manifest.Table {
	var t manifest.Table
	for _, p := range pairs {
		t = append(t, manifest.Understood(prefix+p.yes+"[]", prefix+p.no+"[]")...)
	}
	return t
}

// document reads a document, and lifts what is no matter of several documents.
func (l *lifting) document(d *manifest.Document) {
	if v := d.Version(); v != "v1" && v != "v1beta1" {
		l.invalid(d.Range, fmt.Sprintf("%s of version %s is none that Istio has.", d.Kind, v), "Write security.istio.io/v1.")
		return
	}
	if _, written := d.Annotations()[dryRun]; written && d.Kind != kindPolicy {
		l.invalid(d.Range, "The annotation "+dryRun+" stands at a "+d.Kind+".", "Remove it: there are dry runs of AuthorizationPolicies only. Istio rejects the object.")
		return
	}
	switch d.Kind {
	case kindPolicy:
		l.policyDocument(d)
	case kindPeer:
		p := &peerAuthentication{name: d.Name, namespace: d.InNamespace(), at: d.Range}
		d.Object(peerFields, &l.diags, func(o *manifest.Object) {
			o.Field("spec").Object(func(spec *manifest.Object) { l.readPeer(spec, p) })
		})
		l.peers = append(l.peers, p)
	case kindRequest:
		l.requestDocument(d)
	}
}

func (l *lifting) policyDocument(d *manifest.Document) {
	p := &policy{name: d.Name, namespace: d.InNamespace(), at: d.Range, action: allow}
	if text, written := d.Annotations()[dryRun]; written {
		var err error
		if p.dryRun, err = strconv.ParseBool(text); err != nil {
			l.invalid(d.Range, fmt.Sprintf("The annotation %s is %q.", dryRun, text), "Write true or false. Istio rejects the policy.")
		}
	}
	before := len(l.diags)
	d.Object(policyFields, &l.diags, func(o *manifest.Object) {
		o.Field("spec").Object(func(spec *manifest.Object) { l.readPolicy(spec, p) })
	})
	l.validate(p)
	if _, written := d.Annotations()[dryRun]; written && p.action != allow && p.action != deny {
		l.invalid(p.at, "The annotation "+dryRun+" stands at an action other than ALLOW and DENY.", "Remove the annotation, or the policy. Istio rejects it.")
	}
	if !l.diags[before:].HasErrors() {
		l.authorize(p)
	}
}

func (l *lifting) readPolicy(spec *manifest.Object, p *policy) {
	p.selector = l.readSelector(spec.Field("selector"))
	p.targets = readTargets(spec.Field("targetRefs"))
	l.attachedOnce(p.selector, p.targets)
	if word, ok := spec.Field("action").Word("ALLOW", "DENY", "AUDIT", "CUSTOM"); ok {
		p.action = actions[word]
	}
	spec.Field("provider").Object(func(o *manifest.Object) {
		p.provider, _ = o.Field("name").Text()
	})
	for i, v := range spec.Field("rules").Items() {
		r := rule{index: i, at: v.Range()}
		v.Object(func(o *manifest.Object) { l.readRule(o, &r) })
		p.rules = append(p.rules, r)
	}
}

func (l *lifting) readRule(o *manifest.Object, r *rule) {
	r.from = l.readLists(o.Field("from"), "source", sourcePairs)
	r.to = l.readLists(o.Field("to"), "operation", operationPairs)
	for _, v := range o.Field("when").Items() {
		v.Object(func(c *manifest.Object) {
			at := c.Required("key")
			m := matcher{field: v.Path(), at: at.Range(), condition: true, values: readTexts(c.Field("values")), not: readTexts(c.Field("notValues"))}
			var ok bool
			if m.key, ok = at.Text(); ok && m.isField() {
				at.Bad("is no attribute", "Write it as an operation. Istio rejects the policy.")
				return
			}
			r.when = append(r.when, m)
		})
	}
}

// readLists reads sources or operations. One that asks for nothing is an error
// to Istio; none at all ask for nothing.
func (l *lifting) readLists(list manifest.Value, name string, pairs []pair) [][]matcher {
	var out [][]matcher
	for _, v := range list.Items() {
		v.Object(func(o *manifest.Object) {
			var all []matcher
			inner := o.Field(name)
			if !inner.Require() {
				return
			}
			before := len(l.diags)
			inner.Object(func(o *manifest.Object) {
				for _, p := range pairs {
					yes, no := o.Field(p.yes), o.Field(p.no)
					m := matcher{key: p.key, values: readTexts(yes), not: readTexts(no), field: yes.Path(), at: yes.KeyRange()}
					if len(m.values) == 0 {
						m.field, m.at = no.Path(), no.KeyRange()
					}
					if len(m.values)+len(m.not) > 0 {
						all = append(all, m)
					}
				}
			})
			if all == nil && len(l.diags) == before {
				l.invalid(inner.Range(), inner.Path()+" is empty.", "Istio rejects it, for it would be read as everything. Remove the entry, or say what it is about.")
			}
			out = append(out, all)
		})
	}
	return out
}

func readTexts(list manifest.Value) []text {
	var out []text
	for _, v := range list.Items() {
		if s, ok := v.Text(); ok {
			out = append(out, text{s, v.Range()})
		}
	}
	return out
}

// readSelector reads the labels of pods; nil where no selector was written.
func (l *lifting) readSelector(v manifest.Value) *selector {
	if !v.Present() {
		return nil
	}
	s := &selector{at: v.Range()}
	v.Object(func(o *manifest.Object) {
		labels := o.Field("matchLabels")
		if labels.Kind() == manifest.Map {
			s.labels = map[string]string{}
		}
		entries := labels.Entries()
		if len(entries) > maxLabels {
			l.invalid(labels.Range(), fmt.Sprintf("A selector has at most %d labels.", maxLabels), "")
		}
		for _, e := range entries {
			value, _ := e.Value.Text()
			switch {
			case e.Key == "":
				e.Value.Bad("has an empty key", "Istio rejects the selector.")
			case strings.Contains(e.Key, "*") || strings.Contains(value, "*"):
				e.Value.Bad("has a star, and a selector takes none", "Labels are compared as they are. The API server rejects the selector.")
			case len(value) > maxLabel:
				e.Value.Bad(fmt.Sprintf("has more than %d characters", maxLabel), "The API server rejects the selector.")
			}
			s.labels[e.Key] = value
		}
	})
	return s
}

func (l *lifting) readPeer(spec *manifest.Object, p *peerAuthentication) {
	p.selector = l.readSelector(spec.Field("selector"))
	p.mode = readMode(spec.Field("mtls"))
	at := spec.Field("portLevelMtls")
	entries := at.Entries()
	switch {
	case at.Kind() == manifest.Map && len(entries) == 0:
		at.Bad("is empty", "Remove it, or name a port. The API server rejects it.")
	case len(entries) > 0 && !p.ofWorkload():
		at.Bad("stands without a selector", "Modes of ports are for the pods of a selector. The API server rejects it.")
	}
	for _, e := range entries {
		port, err := strconv.ParseUint(e.Key, 10, 16)
		if err != nil || port == 0 || strconv.FormatUint(port, 10) != e.Key {
			e.Value.Bad("is for no port", "The key is a number from 1 to 65535, of the pods' port.")
		}
		p.ports = append(p.ports, ir.PortMTLS{Port: uint16(port), Mode: readMode(e.Value)})
	}
	slices.SortFunc(p.ports, func(a, b ir.PortMTLS) int { return int(a.Port) - int(b.Port) })
}

// readMode reads a mode of mutual TLS; absent is unset.
func readMode(v manifest.Value) ir.MTLSMode {
	mode := ir.MTLSUnset
	v.Object(func(o *manifest.Object) {
		if word, ok := o.Field("mode").Word("UNSET", "DISABLE", "PERMISSIVE", "STRICT"); ok {
			mode = mtlsModes[word]
		}
	})
	return mode
}
