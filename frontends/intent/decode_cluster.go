package intent

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/set"
)

// What a target may name.
var (
	cniNames  = append([]string{"calico", "cilium", "kubernetes"}, profile.PlatformNames()...)
	meshNames = []string{"istio", "istio-ambient"}
)

func (l *loader) decodeCluster() {
	f := &l.config.Cluster
	f.DNS.Value = defaultDNS(nil)
	f.MeshRoot.Value = "istio-system"
	if list := l.blocks["cluster"]; len(list) > 0 {
		a := l.arguments(l.top, list[0])
		l.decodeFacts(f, list[0], a)
		f.Switches = a.switches(nil)
	}
	l.defaultExempt()
}

// defaultExempt gives the namespaces that the cluster's default spares where
// that is not said.
func (l *loader) defaultExempt() {
	f := &l.config.Cluster
	if !f.Exempt.Set {
		f.Exempt.Value = []string{f.DNS.Value.Namespace, f.MeshRoot.Value}
		slices.Sort(f.Exempt.Value)
		f.Exempt.Value = slices.Compact(f.Exempt.Value)
	}
}

// decodeFacts decodes what a cluster or a target block states. What it does
// not state keeps the value it has.
func (l *loader) decodeFacts(f *Facts, b *block, a *arguments) {
	f.Range = b.header
	for _, x := range []struct {
		name string
		to   *At[set.Addresses]
	}{
		{"pod_cidrs", &f.PodCIDRs}, {"service_cidrs", &f.ServiceCIDRs}, {"node_cidrs", &f.NodeCIDRs}, {"api_server", &f.APIServer},
	} {
		*x.to, _ = decodeArg(a, x.name, x.to.Value, func(v value) (set.Addresses, bool) { return v.addressList(x.name) })
	}
	f.ClusterMesh, _ = a.booleanOr("cluster_mesh", f.ClusterMesh.Value)
	f.Rewritten = wordArg(a, "external_traffic", words[bool]{"kept": false, "rewritten": true}, f.Rewritten.Value)
	f.TrustDomain, _ = decodeArg(a, "trust_domain", f.TrustDomain.Value, value.trustDomain)
	f.MeshRoot, _ = decodeArg(a, "mesh_root_namespace", f.MeshRoot.Value, func(v value) (string, bool) { return v.namespaceName("mesh_root_namespace") })
	if v, ok := a.value("mesh_metrics"); ok {
		f.Metrics.Value, f.Metrics.Set = v.workloads("mesh_metrics")
		f.Metrics.Range = v.rng
	}
	f.DefaultDeny = wordArg(a, "default_deny", directions, f.DefaultDeny.Value)
	f.MTLS = wordArg(a, "mtls", mtlsModes, f.MTLS.Value)
	f.Exempt, _ = decodeArg(a, "exempt", f.Exempt.Value, value.namespaceNames)
	a.description()
	f.DNS.Range = b.header
	for _, c := range b.body.blocks {
		if c.kind == "ingress" && !c.broken && len(c.labels) == 0 && !f.Ingress.Set {
			f.Ingress.Value, f.Ingress.Set = l.decodeIngress(c)
			f.Ingress.Range = c.header
		}
		if c.kind == "dns" && !c.broken && len(c.labels) == 0 && !f.DNS.Set {
			f.DNS = At[DNS]{l.decodeDNS(f.DNS.Value, c), c.header, true}
		}
	}
}

func (l *loader) decodeDNS(d DNS, b *block) DNS {
	a := l.arguments(l.top, b)
	if x, ok := decodeArg(a, "namespace", "", func(v value) (string, bool) { return v.namespaceName("namespace") }); ok {
		d.Namespace = x.Value
	}
	if x, ok := decodeArg(a, "labels", ir.Selector{}, func(v value) (ir.Selector, bool) { return v.selector("labels") }); ok {
		d.Labels = x.Value
	}
	if x, ok := decodeArg(a, "port", 0, func(v value) (int, bool) { return v.integer("port", 1, 65535) }); ok {
		d.Port = uint16(x.Value)
	}
	if x, ok := decodeArg(a, "node_local", set.Addresses{}, value.nodeLocal); ok {
		d.NodeLocal = x.Value
	}
	a.description()
	return d
}

// workloads decodes a list of workloads.
func (v value) workloads(what string) ([]PeerRef, bool) {
	list, ok := v.peerList(what)
	for _, ref := range list {
		if _, is := ref.Peer.(*Workload); !is {
			v.add(diag.WrongType, fmt.Sprintf("%s is no workload.", ref.Text), `Name a workload, such as "monitoring.prometheus".`)
			ok = false
		}
	}
	return list, ok
}

// decodeIngress decodes the way in from outside.
func (l *loader) decodeIngress(b *block) (Ingress, bool) {
	a := l.arguments(l.top, b)
	a.description()
	var i Ingress
	var first *attr
	ok := true
	for _, name := range []string{"workload", "kind", "cidrs"} {
		x := a.attr(name)
		switch {
		case x == nil:
			continue
		case first != nil:
			l.diags.Add(diag.Exclusive, x.nameRange, fmt.Sprintf("The ingress has both %s and %s.", first.name, name), "It is one of them. Where there are several ways in, make a group of them and name that in rules.").Relate(first.nameRange, first.name)
			return i, false
		}
		first = x
		v := a.s.value(x.expr)
		switch name {
		case "workload":
			i.Workloads, ok = v.peer("workload")
			for _, ref := range i.Workloads {
				if _, is := ref.Peer.(*Workload); !is && ok {
					v.add(diag.WrongType, fmt.Sprintf("%s is no workload.", ref.Text), `Name the workload that takes what comes in, such as "ingress-nginx.controller"; pods on the host network are kind = "nodes".`)
					ok = false
				}
			}
		case "kind":
			i.Kind = wordArg(a, "kind", words[string]{"nodes": "nodes", "cilium": "cilium"}, "").Value
			ok = i.Kind != ""
		case "cidrs":
			i.CIDRs, ok = v.addressList("cidrs")
		}
	}
	if first == nil && !a.broken {
		l.diags.Add(diag.MissingArgument, b.header, "The ingress block does not say what the way in is.", `It is one of workload = "ingress-nginx.controller", kind = "nodes" or "cilium", and cidrs = ["203.0.113.10"].`)
		return i, false
	}
	return i, ok
}

// nodeLocal is a list of addresses, or one.
func (v value) nodeLocal() (set.Addresses, bool) {
	if _, written := v.tuple(); !written {
		if val, ok := v.eval(); !ok {
			return set.Addresses{}, false
		} else if _, is := asString(val); is {
			all, ok := prefixes([]value{v}, &v.s.l.diags)
			return set.AddressesOf(all...), ok
		}
	}
	return v.addressList("node_local")
}

func (v value) namespaceName(what string) (string, bool) {
	s, ok := v.text(what)
	if ok && !rfc1123.MatchString(s) {
		v.add(diag.BadName, fmt.Sprintf("%q is no name of a namespace in Kubernetes.", s), "It has up to 63 lower-case letters, digits and -, and begins and ends with a letter or a digit.")
		return "", false
	}
	return s, ok
}

func (v value) namespaceNames() ([]string, bool) {
	list, ok := v.list("exempt")
	if !ok {
		return nil, false
	}
	var out []string
	for _, e := range list {
		s, good := e.namespaceName("An element of exempt")
		ok = ok && good
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), ok
}

// trustDomain has the form that SPIFFE gives it.
var trustDomain = regexp.MustCompile(`^[a-z0-9][-._a-z0-9]{0,254}$`)

func (v value) trustDomain() (string, bool) {
	s, ok := v.text("trust_domain")
	if ok && !trustDomain.MatchString(s) {
		v.add(diag.BadName, fmt.Sprintf("%q is no trust domain.", s), "It has lower-case letters, digits, dots, - and _, as in cluster.local.")
		return "", false
	}
	return s, ok
}

func (l *loader) decodeTarget(b *block) {
	a := l.arguments(l.top, b)
	t := &Target{Name: b.labels[0].text, Range: b.header, Description: a.description()}
	t.CNI, _ = decodeArg(a, "cni", Engine{}, func(v value) (Engine, bool) { return v.engine("cni", cniNames) })
	t.Mesh, _ = decodeArg(a, "mesh", Engine{}, func(v value) (Engine, bool) { return v.engine("mesh", meshNames) })
	if !a.broken && a.attr("cni") == nil && a.attr("mesh") == nil {
		l.diags.Add(diag.MissingArgument, b.header, fmt.Sprintf("The target %q has neither a cni nor a mesh.", t.Name), "Say what enforces: cni = \"cilium\", mesh = \"istio\", or both.")
	}
	t.Mode = wordArg(a, "mode", modes, ir.Enforce)
	// A dns block of the target starts from the cluster's, or else from where the
	// platform has it.
	t.Facts.DNS.Value = l.config.Cluster.DNS.Value
	if !l.config.Cluster.DNS.Set {
		t.Facts.DNS.Value = defaultDNS(t)
	}
	l.decodeFacts(&t.Facts, b, a)
	t.Facts.Switches = a.switches(t.engines())
	if !t.Facts.DNS.Set {
		t.Facts.DNS.Value = DNS{}
	}
	t.Externals = l.overrides[b]
	for _, c := range b.body.blocks {
		if c.kind == "accept" && len(c.labels) == 1 && !c.broken {
			t.Accepts = append(t.Accepts, l.decodeAccept(c))
		}
	}
	sortBy(t.Accepts, func(x *Accept) string {
		key := x.Loss
		for _, r := range x.Rules {
			key += "\x00" + r.Value
		}
		for _, r := range x.Lacks {
			key += "\x00" + r.Value
		}
		return key
	})
	l.config.Targets = append(l.config.Targets, t)
}

// engine decodes "name" or "name@version".
func (v value) engine(what string, names []string) (Engine, bool) {
	text, ok := v.text(what)
	if !ok {
		return Engine{}, false
	}
	name, version, hasVersion := strings.Cut(text, "@")
	if !slices.Contains(names, name) {
		detail := suggest(name, names, "It is one of ")
		if slices.Contains(cniNames, name) {
			detail = fmt.Sprintf("%s is a CNI: cni = %q.", name, text)
		} else if slices.Contains(meshNames, name) {
			detail = fmt.Sprintf("%s is a mesh: mesh = %q.", name, text)
		}
		v.add(diag.BadEngine, fmt.Sprintf("%q is no %s that Portolan knows.", name, what), detail)
		return Engine{}, false
	}
	if hasVersion && version == "" {
		v.add(diag.BadEngine, fmt.Sprintf("There is no version after %s@.", name), "")
		return Engine{}, false
	}
	if _, err := profile.Of(name, version); err != nil {
		v.add(diag.BadEngine, fmt.Sprintf("%q is no version of %s that Portolan knows.", version, name), sentence(upperFirst(err.Error())))
		return Engine{}, false
	}
	return Engine{name, version}, true
}

func (l *loader) decodeAccept(b *block) *Accept {
	a := l.arguments(l.top, b)
	x := &Accept{Loss: b.labels[0].text, Range: b.header, Description: a.description()}
	if v, ok := a.value("lacks"); ok {
		if list, ok := v.list("lacks"); ok {
			for _, e := range list {
				if w, ok := e.word("lacks", lackWords); ok {
					x.Lacks = append(x.Lacks, At[string]{w, e.rng, true})
				}
			}
		}
	}
	if v, ok := a.value("rules"); ok {
		x.Rules, _ = v.texts("rules")
	}
	x.Reason, _ = decodeArg(a, "reason", "", func(v value) (string, bool) {
		s, ok := v.text("reason")
		if ok && strings.TrimSpace(s) == "" {
			v.add(diag.EmptySelection, "The reason is empty.", "Say why the loss is taken, for whoever reads this next year.")
			return "", false
		}
		return s, ok
	})
	x.Until, _ = decodeArg(a, "until", "", func(v value) (string, bool) {
		s, ok := v.text("until")
		if !ok {
			return "", false
		}
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			v.add(diag.BadDate, fmt.Sprintf("%q is no date.", s), "Write the last day as YYYY-MM-DD, such as \"2027-03-31\".")
			return "", false
		}
		return s, true
	})
	sortBy(x.Lacks, func(v At[string]) string { return v.Value })
	sortBy(x.Rules, func(v At[string]) string { return v.Value })
	return x
}

func (l *loader) decodePortolan(b *block) {
	a := l.arguments(l.top, b)
	a.description()
	decodeArg(a, "language", 0, func(v value) (int, bool) {
		n, ok := v.integer("language", 1, 1<<30)
		if ok && n != 1 {
			v.add(diag.WrongVersion, fmt.Sprintf("The configuration is in version %d of the language.", n), "This Portolan reads version 1.")
		}
		return n, ok
	})
	decodeArg(a, "required_version", "", func(v value) (string, bool) {
		s, ok := v.text("required_version")
		if !ok {
			return "", false
		}
		holds, err := satisfies(l.opts.Version, s)
		switch {
		case err != nil:
			v.add(diag.WrongVersion, fmt.Sprintf("%q is no constraint on versions.", s), sentence(upperFirst(err.Error()))+` Write ">= 0.1", or several with commas: ">= 0.1, < 2.0".`)
		case !holds:
			v.add(diag.WrongVersion, fmt.Sprintf("The configuration requires Portolan %s.", s), fmt.Sprintf("This is %s.", l.opts.Version))
		}
		return s, err == nil
	})
}

var versionConstraint = regexp.MustCompile(`^\s*(=|!=|>=|<=|>|<|~>)?\s*v?([0-9]+(?:\.[0-9]+){0,2})\s*$`)

var isVersion = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`)

// satisfies reports whether a version meets every one of the constraints. A
// version's suffix, as of a pre-release, is left out of account; what is no
// version, as a build from source, meets everything.
func satisfies(version, constraints string) (bool, error) {
	have := strings.TrimPrefix(version, "v")
	if i := strings.IndexAny(have, "-+"); i >= 0 {
		have = have[:i]
	}
	holds := true
	for part := range strings.SplitSeq(constraints, ",") {
		m := versionConstraint.FindStringSubmatch(part)
		if m == nil {
			return false, fmt.Errorf("%q is neither a version nor an operator and a version", strings.TrimSpace(part))
		}
		if !isVersion.MatchString(have) {
			continue
		}
		c := slices.Compare(numbers(have), numbers(m[2]))
		switch m[1] {
		case "", "=":
			holds = holds && c == 0
		case "!=":
			holds = holds && c != 0
		case ">=":
			holds = holds && c >= 0
		case "<=":
			holds = holds && c <= 0
		case ">":
			holds = holds && c > 0
		case "<":
			holds = holds && c < 0
		case "~>": // the last number given may grow, those before may not
			n := max(1, strings.Count(m[2], "."))
			holds = holds && c >= 0 && slices.Equal(numbers(have)[:n], numbers(m[2])[:n])
		}
	}
	return holds, nil
}

func numbers(version string) []int {
	out := []int{0, 0, 0}
	for i, s := range strings.SplitN(version, ".", 3) {
		out[i], _ = strconv.Atoi(s)
	}
	return out
}
