package calico

import (
	"fmt"
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// read takes in a document of Calico's. Others are passed over.
func (l *lifting) read(d *manifest.Document) {
	g := d.Group()
	k, ours := kinds[d.Kind]
	if g != group && g != rawGroup || !ours {
		return
	}
	versions := map[string]string{group: "v3", rawGroup: "v1"}
	switch {
	case d.Version() != versions[g]:
		l.diags.Add(diag.NotEnforced, d.Range, fmt.Sprintf("Calico has no %s of %s.", d.Kind, d.APIVersion),
			fmt.Sprintf("Write `apiVersion: %s/v3`.", group))
		return
	case k.mode == ir.Staged && !l.version.AtLeast(3, 30):
		l.diags.Add(diag.NotEnforced, d.Range, fmt.Sprintf("Calico %s has no %s.", l.version, d.Kind), "Staged policies are in open source Calico from 3.30.")
		return
	case g == rawGroup:
		l.diags.Add(diag.NoEffect, d.Range,
			fmt.Sprintf("%s is in the form of Calico's storage, which nothing validates and nothing gives defaults to.", d),
			fmt.Sprintf("It is read as Felix reads it. Write `apiVersion: %s/v3`, which Calico's API takes.", group))
	}
	k.read(l, d, &k)
}

func (l *lifting) readTier(d *manifest.Document, k *kind) {
	t := tier{name: d.Name, order: defaultOrder, at: d.Range}
	d.Object(k.fields, &l.diags, func(o *manifest.Object) {
		if why := validation.IsDNS1123Label(d.Name); why != nil {
			o.Report(diag.BadFieldValue, fmt.Sprintf("%q is no name of a tier.", d.Name), strings.Join(why, "; "))
		}
		o.Required("spec").Object(func(spec *manifest.Object) {
			if order, ok := spec.Field("order").Float(); ok {
				t.order = order
			}
			action, _ := spec.Field("defaultAction").Word("Deny", "Pass")
			t.pass = action == "Pass"
		})
	})
	there := l.tier(t.name)
	if there == nil {
		l.tiers = append(l.tiers, t)
		return
	}
	if t.order != there.order || t.pass != there.pass {
		l.diags.Add(diag.BadFieldValue, d.Range, fmt.Sprintf("Tier %q is Calico's own, and its order and default action are fixed.", t.name),
			fmt.Sprintf("Its order is %v and its default action %s.", there.order, map[bool]string{true: "Pass", false: "Deny"}[there.pass]))
	}
	there.at = d.Range
}

// storedMetadata is where Calico's storage keeps an object's own metadata, the
// labels among them (libcalico-go/lib/backend/k8s/resources/resources.go).
const storedMetadata = "projectcalico.org/metadata"

func (l *lifting) readSet(d *manifest.Document, k *kind) {
	n := netset{address: d.Kind + " " + d.Name, at: d.Range, labels: d.Labels()}
	if !k.global {
		n.namespace = d.InNamespace()
		n.address = d.Kind + " " + n.namespace + "/" + d.Name
	}
	var prefixes []netip.Prefix
	d.Object(k.fields, &l.diags, func(o *manifest.Object) {
		o.Required("spec").Object(func(spec *manifest.Object) {
			for _, v := range spec.Field("nets").Items() {
				if p, ok := v.Addresses(); ok {
					prefixes = append(prefixes, p)
				}
			}
		})
	})
	n.nets = set.AddressesOf(prefixes...)
	l.addSet(n, d)
}

func (l *lifting) addSet(n netset, d *manifest.Document) {
	for _, key := range []string{labelNamespace, labelOrchestrator} {
		if _, has := n.labels[key]; has {
			l.diags.Add(diag.BadFieldValue, d.Range, fmt.Sprintf("%s has the label %q, which Calico gives to pods.", n.address, key),
				"Selectors of pods, those of native policies too, would select its addresses. Remove the label.")
		}
	}
	if _, stored := d.Annotations()[storedMetadata]; stored && d.Group() == rawGroup {
		l.diags.Add(diag.NotEnforced, d.Range, fmt.Sprintf("The labels of %s are in its annotation %q, and not its own.", n.address, storedMetadata),
			"Read it with `calicoctl get -o yaml`, or through Calico's API.")
	}
	l.sets = append(l.sets, n)
}

// readHost reads a host endpoint, of which policies of pods see its addresses.
func (l *lifting) readHost(d *manifest.Document, k *kind) {
	n := netset{address: d.Kind + " " + d.Name, at: d.Range, labels: d.Labels()}
	var prefixes []netip.Prefix
	d.Object(k.fields, &l.diags, func(o *manifest.Object) {
		o.Required("spec").Object(func(spec *manifest.Object) {
			spec.Required("node").Text()
			_, named := spec.Field("interfaceName").Text()
			for _, v := range spec.Field("expectedIPs").Items() {
				if p, ok := v.Addresses(); ok {
					prefixes = append(prefixes, p)
				}
			}
			if !named && len(prefixes) == 0 {
				spec.Bad("has neither interfaceName nor expectedIPs", "Calico's API refuses it.")
			}
			for _, v := range spec.Field("profiles").Items() {
				if name, ok := v.Text(); ok && name != "projectcalico-default-allow" {
					v.Report(diag.RefusedField, fmt.Sprintf("The labels that profile %q gives the host endpoint are not known.", name), "Remove the profile.")
				}
			}
		})
	})
	if l.isOfNode(n.labels) {
		return
	}
	n.nets = set.AddressesOf(prefixes...)
	l.addSet(n, d)
	l.diags.Add(diag.NoEffect, d.Range, fmt.Sprintf("What policies decide at %s is not judged.", n.address),
		"Portolan judges what pods send and receive. The host endpoint counts where selectors of pods' policies select its addresses.")
}

func (l *lifting) readPolicy(d *manifest.Document, k *kind) {
	p := policy{kind: d.Kind, name: d.Name, at: d.Range, tier: defaultTier, tierAt: d.Range, order: last, mode: k.mode, rules: map[ir.Direction][]rule{}}
	if !k.global {
		p.namespace = d.InNamespace()
	}
	effective := true
	d.Object(k.fields, &l.diags, func(o *manifest.Object) {
		o.Required("spec").Object(func(spec *manifest.Object) {
			if v := spec.Field("tier"); v.Present() {
				p.tierAt = v.Range()
				if name, ok := v.Text(); ok && name != "" {
					p.tier = name
				}
			}
			if order, ok := spec.Field("order").Float(); ok {
				p.order = order
			}
			l.readSubject(spec, &p, k)
			l.readRules(spec, &p, d.Group() == rawGroup)
			effective = l.governsPods(spec, &p, k)
		})
	})
	l.checkName(&p)
	if effective {
		l.policies = append(l.policies, p)
	}
}

// What Felix makes of a selector that it cannot read. The API server of native
// CustomResourceDefinitions takes any text.
const (
	policyIgnored = "Felix ignores a policy with such a selector."
	policyWidened = "Felix leaves such a selector out, so that the policy governs every pod that the others let it."
)

func (l *lifting) readSubject(spec *manifest.Object, p *policy, k *kind) {
	p.selector = l.selector(spec.Field("selector"), false, policyIgnored)
	p.accountSelector = l.selector(spec.Field("serviceAccountSelector"), false, policyWidened)
	if k.global {
		p.namespaceSelector = l.selector(spec.Field("namespaceSelector"), false, policyWidened)
		p.narrow(spec.Field("selector"))
	}
	for _, v := range spec.Field("performanceHints").Items() {
		v.Word("AssumeNeededOnEveryNode")
	}
}

// narrow reads all() in the selector of a global policy as Felix does beside the
// selectors of namespaces and of accounts: its text is replaced, so that it stands
// for pods (libcalico-go/lib/backend/syncersv1/updateprocessors,
// globalnetworkpolicyprocessor.go).
func (p *policy) narrow(v manifest.Value) {
	var key string
	switch {
	case p.selector == nil:
		return
	case p.namespaceSelector != nil:
		key = labelNamespace
	case p.accountSelector != nil:
		key = labelAccount
	default:
		return
	}
	text, _ := v.Text()
	if s, err := parseSelector(strings.ReplaceAll(text, "all()", "has("+key+")")); err == nil {
		p.selector = s
	}
}

// governsPods reports whether the policy decides about pods, or would if it were
// enforced. Policies before address translation and without connection tracking
// are for host endpoints only (felix/calc/policy_resolver.go).
func (l *lifting) governsPods(spec *manifest.Object, p *policy, k *kind) bool {
	governs := true
	if k.mode == ir.Staged {
		governs = l.isSet(spec, p)
	}
	if !k.global {
		return governs
	}
	untracked, _ := spec.Field("doNotTrack").Bool()
	early, _ := spec.Field("preDNAT").Bool()
	forward, _ := spec.Field("applyOnForward").Bool()
	if l.hosts && (untracked || early || forward) {
		l.bounded(p.at, func() {
			if hostsOf(p.governs()) != nil {
				spec.Report(diag.RefusedField, fmt.Sprintf("%s is about what nodes forward, or about packets before connections are tracked.", p.address()),
					"The model has what nodes send and take themselves. Remove doNotTrack, preDNAT and applyOnForward, or select no host endpoints.")
			}
		})
	}
	if !untracked && !early {
		return governs
	}
	if untracked && early || !forward || early && p.types.Has(ir.Egress) {
		spec.Bad("has doNotTrack or preDNAT in a combination that Calico refuses",
			"Only one of them may be true, applyOnForward must be, and preDNAT takes no egress.")
	}
	spec.Report(diag.NoEffect, fmt.Sprintf("%s is for host endpoints only, and decides nothing about pods.", p.address()), "It is not judged.")
	return false
}

// hasTier reports whether a policy's name has its tier before it.
func hasTier(name, tier string) bool { return strings.HasPrefix(name, tier+".") }

// checkName checks that a name has its tier before it, which it must have up to
// 3.31 outside tier default (release-v3.31, libcalico-go/lib/names/policy.go).
func (l *lifting) checkName(p *policy) {
	if l.version.AtLeast(3, 32) || hasTier(p.name, p.tier) || p.tier == defaultTier && !strings.Contains(p.name, ".") {
		return
	}
	l.diags.Add(diag.BadFieldValue, p.at, fmt.Sprintf("%s is in tier %q, and its name says otherwise.", p.address(), p.tier),
		fmt.Sprintf("Calico %s wants the name %q.", l.version, p.tier+"."+p.name[strings.LastIndexByte(p.name, '.')+1:]))
}

// Bounds of the schema from 3.33 (api/pkg/apis/projectcalico/v3/policy_common.go).
const (
	maxRules    = 1024
	maxNets     = 256
	maxPorts    = 50
	maxSelector = 1024
)

// within33 checks a bound of the schema.
func (l *lifting) within33(v manifest.Value, has, most int, what string) {
	if l.version.AtLeast(3, 33) && has > most {
		v.Bad(fmt.Sprintf("has %d %s", has, what), fmt.Sprintf("Calico takes %d from 3.33.", most))
	}
}

// selector reads a selector; nil where none is written or it is wrong.
func (l *lifting) selector(v manifest.Value, global bool, consequence string) *selector {
	text, ok := v.Text()
	if !ok || text == "" {
		return nil
	}
	l.within33(v, len(text), maxSelector, "characters")
	s, err := parseSelector(text)
	switch {
	case err != nil:
		v.Bad("is no selector", fmt.Sprintf("The selector is wrong: %s. %s", err, consequence))
		return nil
	case strings.Trim(text, " \t") == "":
		v.Bad("is blank", "Remove it, or write all(). "+consequence)
	case s.hasGlobal() && !(global && s.op == opGlobal):
		v.Bad("has global() where it may not be", "global() stands alone, and in namespaceSelector of a source or destination only.")
	}
	return s
}

// readRules reads the rules and the directions that the policy governs.
func (l *lifting) readRules(spec *manifest.Object, p *policy, raw bool) {
	written := map[ir.Direction]manifest.Value{ir.Ingress: spec.Field("ingress"), ir.Egress: spec.Field("egress")}
	for _, d := range directions {
		items := written[d].Items()
		l.within33(written[d], len(items), maxRules, "rules")
		for _, v := range items {
			p.rules[d] = append(p.rules[d], l.readRule(v, p, d))
		}
	}
	v := spec.Field("types")
	types := v.Items()
	for _, t := range types {
		word, ok := t.Word("Ingress", "Egress")
		d := ir.Egress
		if word == "Ingress" {
			d = ir.Ingress
		}
		if ok && p.types.Has(d) {
			t.Bad("stands twice", "")
		}
		p.types |= d.Set()
	}
	if len(types) == 0 {
		p.types = l.defaultTypes(spec, p, raw)
	}
	for _, d := range directions {
		if len(p.rules[d]) > 0 && !p.types.Has(d) {
			written[d].Report(diag.NoEffect, fmt.Sprintf("The %s rules of %s have no effect, since types does not name their direction.", d, p.address()),
				"Add the direction to types, or remove the rules.")
		}
	}
}

// defaultTypes gives the directions of a policy that names none: both where it
// comes out of storage (felix/calc/policy_sorter.go), and else those that it has
// rules of, and ingress where it has none (api/pkg/defaults/networkpolicy.go).
// Clusters that validate by admission policy take an empty list for rules
// (api/admission/networkpolicy.mutatingadmissionpolicy.yaml).
func (l *lifting) defaultTypes(spec *manifest.Object, p *policy, raw bool) ir.Directions {
	if raw {
		return ir.Both
	}
	by := func(ingress, egress bool) (out ir.Directions) {
		if ingress || !egress {
			out |= ir.IngressOnly
		}
		if egress {
			out |= ir.EgressOnly
		}
		return out
	}
	length := by(len(p.rules[ir.Ingress]) > 0, len(p.rules[ir.Egress]) > 0)
	if presence := by(spec.Field("ingress").Present(), spec.Field("egress").Present()); presence != length && l.version.AtLeast(3, 32) {
		spec.Report(diag.MissingField, fmt.Sprintf("%s has no types, and what goes for them hangs on how Calico is installed.", p.address()),
			"An empty list of rules counts as rules in some clusters. Write types.")
	}
	return length
}
