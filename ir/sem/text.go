package sem

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
)

// Text is the flow in words, in a cluster with the inventory's workloads:
// "shop/web -> shop/api tcp/8080 GET /x". Its endpoints are written as Text of
// Endpoint has them.
func (f *Flow) Text(inv *ir.Inventory) string {
	parts := []string{f.Source.Text(inv), "->", f.Destination.Text(inv), f.transport()}
	if len(f.Calls) > 0 {
		parts = append(parts, `called "`+strings.Join(f.Calls, `", "`)+`"`)
	}
	if r := f.Request; r != nil {
		parts = append(parts, r.Method+" "+r.Target)
		if r.Host != "" {
			parts = append(parts, "host "+r.Host)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
			parts = append(parts, name+": "+r.Headers[name])
		}
	}
	if f.Query != "" {
		parts = append(parts, "asking for "+strconv.Quote(f.Query))
	}
	if f.Authenticated {
		parts = append(parts, "over mutual TLS")
	} else if f.Source.Meshed && f.Destination.Meshed {
		parts = append(parts, "in plaintext")
	}
	return strings.Join(parts, " ")
}

// transport is the protocol with what it has of ports or messages: tcp/8080.
func (f *Flow) transport() string {
	switch f.Protocol {
	case TCP, UDP, SCTP:
		text := fmt.Sprintf("%s/%d", ported[f.Protocol], f.Port)
		if f.SourcePort != 0 {
			text += fmt.Sprintf(" from port %d", f.SourcePort)
		}
		return text
	case ICMP, ICMPv6:
		return fmt.Sprintf("%s/%d/%d", map[uint8]string{ICMP: "icmp", ICMPv6: "icmpv6"}[f.Protocol], f.ICMPType, f.ICMPCode)
	}
	return fmt.Sprintf("protocol %d", f.Protocol)
}

// Text names the endpoint: a declared workload that has just these labels as
// namespace/name, another pod as namespace{key=value,...}, with @account behind
// it where that is known, what is outside by DNS name or address.
func (e *Endpoint) Text(inv *ir.Inventory) string {
	switch e.Kind {
	case Pod:
		return e.pod(inv)
	case OwnNode, OtherNode:
		if len(e.Labels) > 0 {
			return e.at(e.Kind.String() + "[" + pairs(e.Labels) + "]")
		}
		return e.at(e.Kind.String())
	case Remote:
		return e.Cluster + ":" + e.pod(&ir.Inventory{})
	case Infrastructure:
		if e.Name == "" {
			return "infrastructure"
		}
		return e.Name
	case External:
	}
	switch {
	case len(e.Names) > 0:
		return e.at(e.Names[0])
	case e.APIServer:
		return e.at("apiserver")
	case e.Address.IsValid():
		return e.Address.String()
	}
	return "world"
}

func (e *Endpoint) at(name string) string {
	if e.Address.IsValid() {
		return name + " " + e.Address.String()
	}
	return name
}

func (e *Endpoint) pod(inv *ir.Inventory) string {
	account := ""
	if e.Account != "" {
		account = "@" + e.Account
	}
	for i := range inv.Workloads {
		w := &inv.Workloads[i]
		labels, exact := w.Pods.Labels.MatchLabels()
		if exact && maps.Equal(labels, e.Labels) && e.In(w.Pods) {
			if e.Account == w.Account {
				account = ""
			}
			return w.Namespace + "/" + w.Name + account
		}
	}
	return e.Namespace + "{" + pairs(e.Labels) + "}" + account
}

// pairs is labels as key=value, in order of keys.
func pairs(labels map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, k+"="+labels[k])
	}
	return strings.Join(out, ",")
}
