package cilium

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// item reads one entry of a list.
func (r *reading) item(v manifest.Value, d ir.Direction, action ir.Action, address string) {
	v.Object(func(o *manifest.Object) {
		i := item{direction: d, action: action, origin: ir.Origin{Kind: ir.FromRule, Address: address, Description: r.about, Range: v.Range()}}
		named, nobody := r.peers(o, &i)
		ported := r.traffic(o, &i)
		if action == ir.Allow {
			authentication(o.Field("authentication"))
		}
		switch {
		case nobody:
			return
		case !named && !ported:
			return // for nobody: it only closes
		case !named:
			i.part("anybody", side{peers: []ir.Peer{ir.AnyPeer{}}})
		}
		i.all = !ported
		r.rule.items = append(r.rule.items, i)
	})
}

// authentication refuses all but the mode that asks for none. What is required
// of one rule is required of others' traffic too (pkg/policy/rule.go).
func authentication(v manifest.Value) {
	v.Object(func(o *manifest.Object) {
		mode := o.Required("mode")
		if text, ok := mode.Word("disabled", "required", "test-always-fail"); ok && text != "disabled" {
			mode.Report(diag.RefusedField, fmt.Sprintf("%s cannot be judged.", mode.Path()),
				"Whether Cilium's handshake succeeds is in no manifest, and what one rule requires is required of other rules' traffic too. It is deprecated from 1.20: use a mesh's mutual TLS.")
		}
	})
}

// peers reads the peers of an item. named says that it names some, and nobody
// that one of its lists is there and empty, which is for nobody whatever else
// the item says (pkg/policy/utils/parserules.go mergeEndpointSelectors).
func (r *reading) peers(o *manifest.Object, i *item) (named, nobody bool) {
	prefix := map[ir.Direction]string{ir.Ingress: "from", ir.Egress: "to"}[i.direction]
	var first manifest.Value
	for _, kind := range []struct {
		name string
		read func(manifest.Value, *item)
	}{{"Endpoints", r.endpointsOf}, {"Entities", r.entities}, {"CIDR", r.cidrs}, {"CIDRSet", r.cidrSets}, {"Nodes", r.nodePeers}, {"FQDNs", r.names}} {
		fqdns := kind.name == "FQDNs"
		if fqdns && (i.direction == ir.Ingress || i.action == ir.Deny) {
			continue
		}
		v := o.Field(prefix + kind.name)
		switch {
		case !v.Present():
		case len(v.Items()) > 0 && named:
			v.Bad("stands beside "+first.Path(), "The agent takes one kind of peers in a rule. Write two rules, or remove one.")
		case len(v.Items()) > 0:
			named, first = true, v
			kind.read(v, i)
		case fqdns:
			v.Report(diag.NoEffect, v.Path()+" is empty, which is as if it was not there: the rule is for everybody on its ports.", "Remove the rule if it is for nobody.")
		default:
			nobody = true
		}
	}
	return named, nobody
}

func (r *reading) endpointsOf(v manifest.Value, i *item) {
	for _, e := range v.Items() {
		reqs, ok := r.selector(e)
		if !ok {
			continue
		}
		reqs = r.scope.apply(reqs)
		if r.selectsStandIns(reqs) {
			e.Report(diag.RefusedField, e.Path()+" is met by whatever has none of these labels, and with that by what stands for all pods of the cluster at once: Cilium 1.20 lets those pass that it leaves out.",
				"Ask for a label that the pods have, such as io.kubernetes.pod.namespace.")
			continue
		}
		sides := r.endpoints(reqs)
		if len(sides) == 0 {
			e.Report(diag.NoEffect, e.Path()+" selects nothing: to Cilium nothing has such labels.", unseen)
		}
		i.part(textOfAll(reqs), sides...)
	}
}

func (r *reading) entities(v manifest.Value, i *item) {
	for _, e := range v.Items() {
		text, ok := e.Text()
		if !ok {
			continue
		}
		peers, known := r.entity(text)
		if !known {
			e.Bad("is no entity", "The API server takes all, world, cluster, host, remote-node, kube-apiserver, ingress, init, health, unmanaged and none, and cluster-mesh from Cilium 1.20.")
		}
		i.part(entityText+text, side{peers: peers})
	}
}

func (r *reading) cidrs(v manifest.Value, i *item) {
	for _, e := range v.Items() {
		if p, ok := e.CIDR(); ok {
			i.part("range "+p.String(), side{peers: external(set.AddressesOf(p))})
		}
	}
}

func (r *reading) cidrSets(v manifest.Value, i *item) {
	for _, e := range v.Items() {
		e.Object(func(o *manifest.Object) {
			cidr, ref, selector := o.Field("cidr"), o.Field("cidrGroupRef"), o.Field("cidrGroupSelector")
			one := o.Exclusive("cidr", "cidrGroupRef", "cidrGroupSelector")
			one.Require()
			var all set.Addresses
			text := "" // of a selector of groups it is not known
			switch one.Path() {
			case cidr.Path():
				if p, ok := cidr.CIDR(); ok {
					all = set.AddressesOf(p)
					text = "range of a set " + p.String()
				}
			case ref.Path():
				all = r.groupNamed(ref)
				text = "group " + textOf(ref)
			case selector.Path():
				all = r.groupsOf(selector)
			}
			for _, x := range o.Field("except").Items() {
				p, ok := x.CIDR()
				if !ok {
					continue
				}
				gone := set.AddressesOf(p)
				if one.Path() == cidr.Path() && !all.ContainsAll(gone) {
					x.Bad("lies outside of the range that it is taken out of", "The agent refuses the object.")
				}
				all = all.Subtract(gone)
				text += " except " + p.String()
			}
			i.part(text, side{peers: external(all)})
		})
	}
}

// groupNamed gives the addresses of a group; none of one that is not there.
func (r *reading) groupNamed(v manifest.Value) set.Addresses {
	name, ok := v.Text()
	g, found := r.groups[name]
	if ok && !found {
		v.Report(diag.NoEffect, fmt.Sprintf("There is no CiliumCIDRGroup %s among the manifests, so that this is for nobody.", name), "Give the group's manifest too.")
	}
	return g.addresses
}

// groupsOf gives the addresses of the groups with labels.
func (r *reading) groupsOf(v manifest.Value) set.Addresses {
	reqs, ok := r.selector(v)
	if !ok {
		return set.Addresses{}
	}
	all, ok := r.selected(reqs)
	if !ok {
		v.Report(diag.RefusedField, fmt.Sprintf("%s does not tell the addresses of groups from others for sure.", v.Path()),
			"Select groups by labels that they have, and before Cilium 1.20 let no address be in two groups that differ in one of these.")
		return set.Addresses{}
	}
	return all
}

func (r *reading) names(v manifest.Value, i *item) {
	if r.ofNodes {
		v.Report(diag.RefusedField, v.Path()+" is of nodes.", "Whether a node's own DNS passes Cilium's proxy is not in a policy. Use CIDRs.")
	}
	for _, e := range v.Items() {
		name, all, ok := r.name(e)
		switch {
		case all:
			// A pattern for every name is for all addresses that were learnt.
			i.names = append(i.names, anyName())
		case ok:
			i.names = append(i.names, name)
		}
	}
}

// name reads a name or a pattern for names.
func (r *reading) name(v manifest.Value) (n ir.Name, all, ok bool) {
	v.Object(func(o *manifest.Object) {
		exact, one := o.Field("matchName"), o.Exclusive("matchName", "matchPattern")
		text, some := one.Text()
		if !one.Require() || !some {
			return
		}
		var f *fault
		if one.Path() == exact.Path() {
			n, f = exactName(text)
		} else {
			n, all, f = r.namePattern(text)
		}
		ok = sound(one, f)
	})
	return n, all, ok
}

// sound reports a fault of a value, and whether there is none.
func sound(v manifest.Value, f *fault) bool {
	if f != nil {
		v.Bad(f.why, f.todo)
	}
	return f == nil
}

// traffic reads ports and messages; false where there are none, which is every
// protocol.
func (r *reading) traffic(o *manifest.Object, i *item) bool {
	ports, icmps := o.Field("toPorts"), o.Field("icmps")
	for _, v := range ports.Items() {
		r.portRule(v, i)
	}
	for _, v := range icmps.Items() {
		v.Object(func(o *manifest.Object) {
			fields := o.Field("fields")
			if len(fields.Items()) > maxICMPFields {
				fields.Bad(fmt.Sprintf("has over %d entries", maxICMPFields), "Write several rules.")
			}
			for _, f := range fields.Items() {
				i.plain = i.plain.Or(icmpField(f))
			}
		})
	}
	if len(ports.Items()) > 0 && len(icmps.Items()) > 0 {
		icmps.Bad("stands beside toPorts", "The agent takes one of them in a rule. Write two rules.")
	}
	return len(ports.Items())+len(icmps.Items()) > 0
}

func icmpField(v manifest.Value) (t ir.Traffic) {
	v.Object(func(o *manifest.Object) {
		family := "IPv4"
		if f := o.Field("family"); f.Present() {
			family, _ = f.Word("IPv4", "IPv6")
		}
		kind := o.Required("type")
		var text string
		switch kind.Kind() {
		case manifest.Int:
			n, ok := kind.Int(0, 255)
			if !ok {
				return
			}
			text = strconv.FormatInt(n, 10)
		default:
			var ok bool
			if text, ok = kind.Text(); !ok {
				return
			}
		}
		n, f := icmpType(family, text)
		if !sound(kind, f) {
			return
		}
		if n == 0 {
			kind.Report(diag.NoEffect, fmt.Sprintf("%s is type 0, which Cilium takes for every type of %s.", kind.Path(), family), "Leave it out: echo replies are replies, which are always allowed.")
		}
		t = icmpTraffic(family, n)
	})
	return t
}

// portRule reads one entry of toPorts. One without ports is for no traffic.
func (r *reading) portRule(v manifest.Value, i *item) {
	v.Object(func(o *manifest.Object) {
		p := portRule{}
		list := o.Field("ports")
		if len(list.Items()) > maxPorts {
			list.Bad(fmt.Sprintf("has over %d entries", maxPorts), "Write several rules.")
		}
		for _, v := range list.Items() {
			if one, ok := r.port(v, i.direction); ok {
				p.ports = append(p.ports, one)
			}
		}
		if i.action == ir.Allow {
			r.proxied(o.Field("rules"), list, &p, i)
			r.serverNames(o.Field("serverNames"), list, &p)
		}
		i.ports = append(i.ports, p)
	})
}

// port reads one entry of ports.
func (r *reading) port(v manifest.Value, d ir.Direction) (p port, ok bool) {
	v.Object(func(o *manifest.Object) {
		number, end, protocol := o.Required("port"), o.Field("endPort"), o.Field("protocol")
		text, some := number.Text()
		name, _ := protocol.Text()
		protocols, known := protocolsOf(name)
		if !known {
			protocol.Bad("is no protocol with ports", "Write TCP, UDP, SCTP, or ANY for all three. Others are for hosts, behind a switch of the agent.")
		}
		var f *fault
		if some {
			p, f = parsePort(text)
		}
		ok = some && known && sound(number, f)
		p.protocols, p.protocolAt = protocols, protocol
		last, ranged := end.Int(0, 65535)
		if ok && ranged {
			ok = r.endPort(&p, uint16(last), end)
		}
		if ok && p.name != "" && d == ir.Egress && !r.atLeast(20) {
			number.Report(diag.RefusedField, fmt.Sprintf("%s names a port of destinations, which Cilium has one number for in the whole cluster before 1.20.", number.Path()), "Write the number.")
		}
	})
	return p, ok
}

// endPort widens a port to a range.
func (r *reading) endPort(p *port, last uint16, at manifest.Value) bool {
	switch {
	case p.name != "" || p.every:
		if last == 0 {
			return true
		}
		at.Report(diag.RefusedField, fmt.Sprintf("%s is the end of a range that begins with no number.", at.Path()), "Write the first port as a number from 1.")
		return false
	case p.upTo(last) && last != p.first && last != 0:
		at.Report(diag.NoEffect, fmt.Sprintf("%s is below the port: Cilium ignores endPort, and the rule is for port %d alone.", at.Path(), p.first), "Write the smaller number first.")
	}
	return true
}

// proxied reads the rules that Cilium's proxies hold traffic to.
func (r *reading) proxied(v, ports manifest.Value, p *portRule, i *item) {
	v.Object(func(o *manifest.Object) {
		one := o.Exclusive("http", "dns")
		http, dns := o.Field("http").Items(), o.Field("dns").Items()
		if !one.Present() {
			o.Bad("has neither http nor dns", "The API server refuses that, and an object that an older one took allows the whole port.")
		}
		p.http, p.dns = len(http) > 0, len(dns) > 0
		if !p.http && !p.dns {
			return
		}
		r.restricted(one, ports, p, i)
		for _, h := range http {
			r.request(h, p)
		}
		every := false
		for _, n := range dns {
			name, all, ok := r.name(n)
			if every = every || all; ok && !all {
				p.names = append(p.names, name)
			}
		}
		if every {
			p.names = nil
		}
	})
}

// restricted holds rules for requests or names to what the agent takes
// (pkg/policy/api/rule_validation.go).
func (r *reading) restricted(v, list manifest.Value, p *portRule, i *item) {
	switch {
	case !r.ofNodes:
	case p.http:
		v.Bad("stands in a policy of nodes", "The agent takes no HTTP rules there.")
	default:
		v.Report(diag.RefusedField, v.Path()+" restricts the DNS of nodes.", "What nodes ask for goes through a proxy of their own only in part, which is beta. Leave the names out.")
	}
	if p.dns && i.direction == ir.Ingress {
		v.Bad("stands in ingress", "The agent takes DNS rules where names are asked for, in egress only.")
	}
	if p.dns && len(list.Items()) == 0 {
		v.Bad("has no ports beside it", "Write ports, with 53.")
	}
	for _, one := range p.ports {
		at := one.protocolAt
		switch {
		case one.every:
			list.Bad("has port 0 with rules beside it", "Name the ports.")
		case p.http && !slices.Equal(one.protocols, []ir.Protocol{ir.TCP}):
			at.Bad("is not TCP, and HTTP rules stand beside it", "Write protocol: TCP.")
		case p.dns && one.name != "":
			v.Report(diag.RefusedField, fmt.Sprintf("%s restricts DNS on a port by name.", v.Path()), "Write the port's number.")
		case p.dns && one.first != one.last:
			list.Bad("has a range of ports with DNS rules beside it", "Write each port.")
		case p.dns && slices.Equal(one.protocols, []ir.Protocol{ir.SCTP}):
			at.Bad("is SCTP, which no DNS is asked over", "Write UDP and TCP.")
		}
	}
	if opens := r.opens[i.direction-ir.Egress]; opens.Present() && !r.atLeast(18) {
		v.Report(diag.RefusedField, fmt.Sprintf("%s stands in a rule that does not close, of which Cilium 1.17 may refuse what does not fit.", v.Path()),
			"Remove enableDefaultDeny, or compare for Cilium 1.18 or newer.")
	}
}

// request reads one entry of http. One that no request fits is left out.
func (r *reading) request(v manifest.Value, p *portRule) {
	v.Object(func(o *manifest.Object) {
		q := ir.Request{}
		methodAt, pathAt, hostAt := o.Field("method"), o.Field("path"), o.Field("host")
		method, f := r.patterns.method(textOf(methodAt))
		if !sound(methodAt, f) || !sound(pathAt, r.patterns.path(&q, textOf(pathAt))) || !sound(hostAt, r.patterns.host(&q, textOf(hostAt))) {
			method = ir.Anything()
		}
		headers, possible := requestHeaders(o)
		if q.Paths == nil {
			q.Paths = []ir.Path{ir.AnyPath()}
		}
		made, some := ir.NewRequest(method, q.Paths, q.Hosts, headers)
		if made.Path, made.Host = q.Path, q.Host; some && possible {
			p.requests = append(p.requests, made)
		}
	})
}

// requestHeaders reads the conditions on headers; false where no request meets
// them all.
func requestHeaders(o *manifest.Object) (ir.Selector, bool) {
	var reqs []ir.Requirement
	for _, v := range o.Field("headers").Items() {
		if text, ok := v.Text(); ok {
			if h, f := parseHeader(text); sound(v, f) {
				reqs = append(reqs, h.requirement())
			}
		}
	}
	for _, v := range o.Field("headerMatches").Items() {
		v.Object(func(o *manifest.Object) {
			h := header{name: textOf(o.Required("name")), value: textOf(o.Field("value"))}
			h.present = h.value == ""
			// With an action for a mismatch, the request is changed or logged, and passes.
			mismatch := o.Field("mismatch")
			if mismatch.Present() {
				mismatch.Word("LOG", "ADD", "DELETE", "REPLACE")
				return
			}
			reqs = append(reqs, h.requirement())
		})
	}
	return ir.Select(reqs...)
}
