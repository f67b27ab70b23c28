package intent

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

// Service is a Kubernetes Service in front of a workload.
type Service struct {
	Name  string
	Ports []ir.ServicePort // sorted by port
	Range diag.Range
}

// services decodes the Services of a workload: by name the port of its pods, or
// a map of the Service's ports to theirs.
func (v value) services(declared []Port) []Service {
	list, _ := v.entries("services")
	if len(list) == 0 {
		if list != nil || v.isObject() {
			v.empty("services")
		}
		return nil
	}
	var out []Service
	for _, e := range list {
		s := Service{Name: e.key, Range: e.keyRange}
		if !rfc1123.MatchString(e.key) {
			v.s.l.diags.Add(diag.BadName, e.keyRange, fmt.Sprintf("%q is no name of a Service.", e.key), "It has up to 63 lower-case letters, digits and -, and begins and ends with a letter or a digit.")
			continue
		}
		if s.Ports = e.value.servicePorts(e.key, declared); s.Ports != nil {
			out = append(out, s)
		}
	}
	sortBy(out, func(s Service) string { return s.Name })
	return out
}

func (v value) servicePorts(name string, declared []Port) []ir.ServicePort {
	if _, written := v.object(); !written {
		if target, ok := v.podPort(declared); ok {
			return []ir.ServicePort{{Port: target, Target: target}}
		}
		return nil
	}
	list, _ := v.entries("the ports of a Service")
	if len(list) == 0 {
		v.empty("the Service " + name)
		return nil
	}
	var out []ir.ServicePort
	for _, e := range list {
		n, err := strconv.ParseUint(e.key, 10, 16)
		if err != nil || n == 0 {
			v.s.l.diags.Add(diag.BadPort, e.keyRange, fmt.Sprintf("%q is no port of a Service.", e.key), "A key is the Service's port, a number from 1 to 65535, and its value the pods' port: { 80 = 8080 }.")
			continue
		}
		target, ok := e.value.podPort(declared)
		if !ok {
			continue
		}
		if slices.ContainsFunc(out, func(p ir.ServicePort) bool { return p.Port == uint16(n) }) {
			v.s.l.diags.Add(diag.SetTwice, e.keyRange, fmt.Sprintf("Port %d of the Service is set twice.", n), "")
			continue
		}
		out = append(out, ir.ServicePort{Port: uint16(n), Target: target})
	}
	slices.SortFunc(out, func(a, b ir.ServicePort) int { return int(a.Port) - int(b.Port) })
	return out
}

// podPort decodes a port of a workload's pods, by number or by declared name.
func (v value) podPort(declared []Port) (uint16, bool) {
	val, ok := v.eval()
	if !ok {
		return 0, false
	}
	if name, text := asString(val); text {
		var names []string
		for _, p := range declared {
			if p.Name == name {
				return p.Number, true
			}
			names = append(names, p.Name)
		}
		v.add(diag.BadPort, fmt.Sprintf("%q is no port of the workload.", name), strings.TrimSpace("Write a number from 1 to 65535, or the name of a port that the workload declares. "+suggest(name, names, "Those are ")))
		return 0, false
	}
	return v.portNumber()
}
