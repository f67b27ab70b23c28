package ir

import (
	"fmt"
	"strings"
)

// Text is the program in a stable text form for people and golden files:
// programs, stages, levels and rules in deciding order, then isolations, then
// the inventory. It holds addresses and no positions, so that it changes only
// with the meaning.
func (p *Program) Text() string {
	var b strings.Builder
	for _, d := range []Direction{Egress, Ingress} {
		stagesText(&b, d.String(), p.Stages(d))
	}
	for _, d := range []Direction{Egress, Ingress} {
		if stages := p.Hosts.Stages(d); len(stages) > 0 {
			stagesText(&b, "hosts "+d.String(), stages)
		}
	}
	if p.Via != nil {
		var pods []string
		for _, q := range p.Via.Destinations {
			pods = append(pods, q.String())
		}
		fmt.Fprintf(&b, "another way to %s\n", strings.Join(pods, " + "))
		stagesText(&b, "its egress", p.Via.Egress)
		stagesText(&b, "its ingress", p.Via.Ingress)
	}
	for _, m := range p.MTLS {
		fmt.Fprintf(&b, "mtls %s %s", m.Mode, m.Subject.Pods)
		for _, port := range m.Ports {
			fmt.Fprintf(&b, " %d=%s", port.Port, port.Mode)
		}
		fmt.Fprintf(&b, "   # %s\n", m.Origin.Address)
	}
	p.Inventory.text(&b)
	return b.String()
}

func stagesText(b *strings.Builder, name string, stages []Stage) {
	fmt.Fprintf(b, "%s\n", name)
	for _, s := range stages {
		fmt.Fprintf(b, "  stage %q", s.Name)
		if s.Order != 0 {
			fmt.Fprintf(b, " order %v", s.Order)
		}
		b.WriteString("\n")
		for i, l := range s.Levels {
			fmt.Fprintf(b, "    level %d\n", i+1)
			for _, r := range l.Rules {
				r.text(b)
			}
		}
		for _, iso := range s.Isolate {
			staged := ""
			if iso.Mode == Staged {
				staged = "staged, "
			}
			fmt.Fprintf(b, "    closed %s   # %s%s %s\n", iso.Subject.text(), staged, iso.Origin.Kind, iso.Origin.Address)
		}
	}
}

func (s *Subject) text() string {
	if s.Kind == SubjectNodes {
		return "nodes{" + s.Nodes.String() + "}"
	}
	return s.Pods.String()
}

func (r *Rule) text(b *strings.Builder) {
	fmt.Fprintf(b, "      %s %s\n", r.Action, r.Subject.text())
	fmt.Fprintf(b, "        peers %s\n        traffic %s\n", r.Peers, r.Traffic)
	var notes []string
	if r.Auth != AnyAuth {
		notes = append(notes, "by "+r.Auth.String())
	}
	for _, c := range r.If {
		notes = append(notes, "if "+c.String())
	}
	if r.Log && r.Action != Log {
		notes = append(notes, "logged")
	}
	if r.Mode == Staged {
		notes = append(notes, "staged")
	}
	notes = append(notes, r.Origin.Kind.String()+" "+r.Origin.Address)
	fmt.Fprintf(b, "        # %s\n", strings.Join(notes, ", "))
}

func (inv *Inventory) text(b *strings.Builder) {
	for _, ns := range inv.Namespaces {
		fmt.Fprintf(b, "namespace %s", ns.Address)
		if ns.Name != ns.Address {
			fmt.Fprintf(b, " named %s", ns.Name)
		}
		if len(ns.Labels) > 0 {
			fmt.Fprintf(b, " labels [%s]", MatchLabels(ns.Labels))
		}
		if !ns.Managed {
			b.WriteString(" unmanaged")
		}
		if ns.Mesh {
			b.WriteString(" in mesh")
		}
		if ns.Waypoint != "" {
			fmt.Fprintf(b, " behind waypoint %s", ns.Waypoint)
		}
		b.WriteString("\n")
	}
	for _, w := range inv.Workloads {
		fmt.Fprintf(b, "workload %s = %s", w.Address, w.Pods)
		if w.Account != "" {
			fmt.Fprintf(b, " runs as %s", w.Account)
		}
		for _, p := range w.Ports {
			fmt.Fprintf(b, " port %s=%d", p.Name, p.Number)
			if p.Protocol != AppUnknown {
				fmt.Fprintf(b, "/%s", p.Protocol)
			}
		}
		for _, s := range w.Services {
			fmt.Fprintf(b, " service %s", s.Name)
			for _, p := range s.Ports {
				fmt.Fprintf(b, " %d=%d", p.Port, p.Target)
			}
		}
		b.WriteString("\n")
	}
	for _, i := range inv.Issuers {
		fmt.Fprintf(b, "issuer %q", i.Issuer)
		if len(i.Audiences) > 0 {
			fmt.Fprintf(b, " for %s", strings.Join(i.Audiences, ", "))
		}
		b.WriteString("\n")
	}
	f := inv.Facts
	fmt.Fprintf(b, "dns %s port %d", f.DNS.Pods, f.DNS.Port)
	if !f.DNS.NodeLocal.IsEmpty() {
		fmt.Fprintf(b, " node-local %s", f.DNS.NodeLocal)
	}
	b.WriteString("\n")
	for _, fact := range []struct {
		name  string
		value string
		known bool
	}{
		{"pod_cidrs", f.PodCIDRs.String(), !f.PodCIDRs.IsEmpty()},
		{"service_cidrs", f.ServiceCIDRs.String(), !f.ServiceCIDRs.IsEmpty()},
		{"node_cidrs", f.NodeCIDRs.String(), !f.NodeCIDRs.IsEmpty()},
		{"api_server", f.APIServer.String(), !f.APIServer.IsEmpty()},
		{"trust_domain", f.TrustDomain, f.TrustDomain != ""},
		{"cluster_mesh", "true", f.ClusterMesh},
		{"cluster_name", f.ClusterName, f.ClusterName != ""},
	} {
		if fact.known {
			fmt.Fprintf(b, "fact %s %s\n", fact.name, fact.value)
		}
	}
}
