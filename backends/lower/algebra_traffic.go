package lower

import (
	"slices"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// trafficOverlaps reports whether some traffic may be in both.
func trafficOverlaps(t, u ir.Traffic) bool {
	for _, p := range ir.Protocols {
		tp, tOK := t.Transport().Only(p)
		up, uOK := u.Transport().Only(p)
		if tOK && uOK && (tp.Named() != nil || up.Named() != nil || !tp.Ports(p).Intersect(up.Ports(p)).IsEmpty()) {
			return true
		}
	}
	t4, t6 := t.ICMP()
	u4, u6 := u.ICMP()
	return icmpOverlaps(t4, u4) || icmpOverlaps(t6, u6)
}

func icmpOverlaps(s, t ir.ICMP) bool {
	if s.IsEmpty() || t.IsEmpty() {
		return false
	}
	if s.IsAny() || t.IsAny() {
		return true
	}
	return slices.ContainsFunc(s.Types(), func(x ir.ICMPType) bool {
		return slices.ContainsFunc(t.Types(), func(y ir.ICMPType) bool {
			return x.Type == y.Type && (x.Code < 0 || y.Code < 0 || x.Code == y.Code)
		})
	})
}

// requestsGoverned reports whether u restricts TCP to requests in a way that
// matters beside t: what u has of t is then not u's transport.
func requestsGoverned(t, u ir.Traffic) *obstacle {
	if u.Requests() != nil {
		tcp, ok1 := t.Transport().Only(ir.TCP)
		other, ok2 := u.Transport().Only(ir.TCP)
		if ok1 && ok2 && trafficOverlaps(tcp, other) && !requestsCovered(t, u) {
			return blocked("single HTTP requests cannot be taken out of other traffic")
		}
	}
	if u.Names() != nil && !namesCovered(t, u) {
		return blocked("single DNS names cannot be taken out of other traffic")
	}
	return nil
}

func requestsCovered(t, u ir.Traffic) bool {
	return t.Requests() != nil && !slices.ContainsFunc(t.Requests(), func(r ir.Request) bool {
		return !slices.ContainsFunc(u.Requests(), func(q ir.Request) bool { return q.IsAny() || q.String() == r.String() })
	})
}

func namesCovered(t, u ir.Traffic) bool {
	return t.Names() != nil && !slices.ContainsFunc(t.Names(), func(n ir.Name) bool {
		return !slices.ContainsFunc(u.Names(), func(m ir.Name) bool { return nameCovers(m, n) })
	})
}

var namedPorts = blocked("which number a port name stands for is not known, so it cannot be taken out of numbers: declare it in the workload's `ports`")

// trafficAnd is the traffic in both; none where they are surely disjoint. t's
// restriction to requests stays, u's must not narrow it.
func trafficAnd(t, u ir.Traffic) (both ir.Traffic, some bool, ob *obstacle) {
	if !trafficOverlaps(t, u) {
		return ir.Traffic{}, false, nil
	}
	if ob := requestsGoverned(t, u); ob != nil {
		return ir.Traffic{}, false, ob
	}
	if u.IsAll() {
		return t, true, nil
	}
	if t.IsAll() {
		return restrictAs(u.Transport(), t), true, nil
	}
	var out ir.Traffic
	for _, p := range ir.Protocols {
		tp, up := t.Ports(p), u.Ports(p)
		tn, un := namedOf(t, p), namedOf(u, p)
		out = out.Or(ir.PortTraffic(p, tp.Intersect(up)))
		var named []ir.NamedPort
		for _, n := range tn {
			if up.IsAll() || slices.Contains(un, n) {
				named = append(named, n)
			}
		}
		for _, n := range un {
			if tp.IsAll() {
				named = append(named, n)
			}
		}
		out = out.Or(ir.NamedTraffic(named...))
		if !namesDecided(tp, tn, up, un) {
			return ir.Traffic{}, false, namedPorts
		}
	}
	t4, t6 := t.ICMP()
	u4, u6 := u.ICMP()
	out = out.Or(ir.ICMPTraffic(icmpAnd(t4, u4), icmpAnd(t6, u6)))
	return restrictAs(out, t), !out.IsEmpty(), nil
}

// namesDecided reports whether what both have of one protocol is known although
// there are port names: the same names, one side within the other's names, or
// everything or nothing on one side.
func namesDecided(tp set.Ports, tn []ir.NamedPort, up set.Ports, un []ir.NamedPort) bool {
	within := func(a, b []ir.NamedPort) bool {
		return !slices.ContainsFunc(a, func(n ir.NamedPort) bool { return !slices.Contains(b, n) })
	}
	return tp.IsAll() || up.IsAll() || slices.Equal(tn, un) ||
		tp.IsEmpty() && within(tn, un) || up.IsEmpty() && within(un, tn)
}

func namedOf(t ir.Traffic, p ir.Protocol) []ir.NamedPort {
	var out []ir.NamedPort
	for _, n := range t.Named() {
		if n.Protocol == p {
			out = append(out, n)
		}
	}
	return out
}

func icmpAnd(s, t ir.ICMP) ir.ICMP {
	switch {
	case s.IsAny():
		return t
	case t.IsAny():
		return s
	}
	var out []ir.ICMPType
	for _, x := range s.Types() {
		for _, y := range t.Types() {
			if x.Type == y.Type && (x.Code < 0 || y.Code < 0 || x.Code == y.Code) {
				out = append(out, ir.ICMPType{Type: x.Type, Code: max(x.Code, y.Code)})
			}
		}
	}
	if out == nil {
		return ir.ICMP{}
	}
	return ir.ICMPOf(out...)
}

// restrictAs puts t's restrictions on out, as far as out has what they restrict.
func restrictAs(out, t ir.Traffic) ir.Traffic {
	if t.Requests() != nil {
		if _, tcp := out.Only(ir.TCP); tcp {
			out, _ = out.WithRequests(t.Requests()...)
		}
	}
	if t.Names() != nil {
		out, _ = out.WithNames(t.Names()...)
	}
	return out
}

// trafficMinus is the traffic of t that is not in u; none where u has all. Both
// are known to overlap.
func (d domain) trafficMinus(t, u ir.Traffic) (rest ir.Traffic, some bool, ob *obstacle) {
	if ob := requestsGoverned(t, u); ob != nil {
		return ir.Traffic{}, false, ob
	}
	if u.IsAll() {
		return ir.Traffic{}, false, nil
	}
	if t.IsAll() {
		if !d.portsOnly {
			return ir.Traffic{}, false, blocked("protocols other than TCP, UDP, SCTP and ICMP have no name, so nothing can be taken out of all traffic")
		}
		if v4, v6 := u.ICMP(); !v4.IsEmpty() || !v6.IsEmpty() {
			return ir.Traffic{}, false, blocked("ICMP cannot be taken out of all traffic")
		}
		all := ir.Traffic{}
		for _, p := range ir.Protocols {
			all = all.Or(ir.PortTraffic(p, set.AllPorts()))
		}
		t = restrictAs(all, t)
	}
	var out ir.Traffic
	for _, p := range ir.Protocols {
		part, ob := minusPorts(t, u, p)
		if ob != nil {
			return ir.Traffic{}, false, ob
		}
		out = out.Or(part)
	}
	t4, t6 := t.ICMP()
	u4, u6 := u.ICMP()
	v4, ok4 := icmpMinus(t4, u4)
	v6, ok6 := icmpMinus(t6, u6)
	if !ok4 || !ok6 {
		return ir.Traffic{}, false, blocked("single ICMP messages cannot be taken out of all of them")
	}
	out = out.Or(ir.ICMPTraffic(v4, v6))
	if out.IsEmpty() {
		return ir.Traffic{}, false, nil
	}
	return restrictAs(out, t), true, nil
}

func minusPorts(t, u ir.Traffic, p ir.Protocol) (ir.Traffic, *obstacle) {
	tp, up := t.Ports(p), u.Ports(p)
	tn, un := namedOf(t, p), namedOf(u, p)
	if up.IsAll() || tp.IsEmpty() && len(tn) == 0 || up.IsEmpty() && len(un) == 0 {
		if up.IsAll() {
			return ir.Traffic{}, nil
		}
		return ir.PortTraffic(p, tp).Or(ir.NamedTraffic(tn...)), nil
	}
	left := slices.DeleteFunc(slices.Clone(tn), func(n ir.NamedPort) bool { return slices.Contains(un, n) })
	numbers := tp.Subtract(up)
	if len(left) > 0 || len(un) > 0 && !numbers.IsEmpty() {
		return ir.Traffic{}, namedPorts
	}
	return ir.PortTraffic(p, numbers), nil
}

func icmpMinus(s, t ir.ICMP) (ir.ICMP, bool) {
	switch {
	case t.IsAny() || s.IsEmpty():
		return ir.ICMP{}, true
	case t.IsEmpty():
		return s, true
	case s.IsAny():
		return ir.ICMP{}, false
	}
	var out []ir.ICMPType
	for _, x := range s.Types() {
		gone := false
		for _, y := range t.Types() {
			if x.Type != y.Type {
				continue
			}
			if y.Code < 0 || x.Code == y.Code {
				gone = true
			} else if x.Code < 0 {
				return ir.ICMP{}, false
			}
		}
		if !gone {
			out = append(out, x)
		}
	}
	if out == nil {
		return ir.ICMP{}, true
	}
	return ir.ICMPOf(out...), true
}
