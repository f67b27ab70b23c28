package cilium

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/portolan-dev/portolan/ir/profile"
)

// undecided gives why the code at hand does not decide what was read: it hangs on
// more than policies, or the profile is of a release that means something else by
// it; "" where neither is so.
func (l *loaded) undecided(p profile.Profile) string {
	for _, r := range l.rules {
		if resolved(r) {
			return "Services and groups of clouds are resolved by what is not in policies"
		}
		if !p.Version.AtLeast(1, 20) && slices.ContainsFunc(rangesOf(r), func(c api.CIDRRule) bool { return c.CIDRGroupSelector.LabelSelector != nil }) {
			return "groups of ranges are selected by keys and values together from 1.20 on"
		}
	}
	for _, r := range l.resources {
		for _, e := range r.entries {
			if why := cmp.Or(unsupported(p, e), older(p, e)); why != "" {
				return why
			}
		}
	}
	return ""
}

// resolved reports whether a rule names peers that something beside the agent's
// policies makes others of.
func resolved(r *api.Rule) bool {
	return slices.ContainsFunc(r.Egress, func(e api.EgressRule) bool { return len(e.ToServices)+len(e.ToGroups) > 0 }) ||
		slices.ContainsFunc(r.EgressDeny, func(e api.EgressDenyRule) bool { return len(e.ToServices)+len(e.ToGroups) > 0 }) ||
		slices.ContainsFunc(r.Ingress, func(i api.IngressRule) bool { return len(i.FromGroups) > 0 }) ||
		slices.ContainsFunc(r.IngressDeny, func(i api.IngressDenyRule) bool { return len(i.FromGroups) > 0 })
}

// rangesOf gives a rule's ranges and groups of them.
func rangesOf(r *api.Rule) []api.CIDRRule {
	var out []api.CIDRRule
	for _, i := range r.Ingress {
		out = append(out, i.FromCIDRSet...)
	}
	for _, i := range r.IngressDeny {
		out = append(out, i.FromCIDRSet...)
	}
	for _, e := range r.Egress {
		out = append(out, e.ToCIDRSet...)
	}
	for _, e := range r.EgressDeny {
		out = append(out, e.ToCIDRSet...)
	}
	return out
}

// unsupported gives what an entry asks for that the profile does not have.
func unsupported(p profile.Profile, e *types.PolicyEntry) string {
	for _, rule := range e.L4 {
		if rule.Rules == nil {
			continue
		}
		if len(rule.Rules.HTTP) > 0 && !p.On("http_rules") {
			return "the cluster has no HTTP rules"
		}
		if len(rule.Rules.DNS) > 0 && !p.On("fqdn_rules") {
			return "the cluster has no rules by DNS name"
		}
	}
	for _, s := range e.L3 {
		if _, named := s.GetFQDNSelector(); named && !p.On("fqdn_rules") {
			return "the cluster has no rules by DNS name"
		}
	}
	return ""
}

// older gives what an entry has that releases before the one at hand, of which
// the profile is, take for something else.
func older(p profile.Profile, e *types.PolicyEntry) string {
	if p.Version.AtLeast(1, 20) {
		return ""
	}
	for _, s := range e.L3 {
		n, named := s.GetFQDNSelector()
		_, labelled := s.(*types.LabelSelector)
		switch {
		case named && strings.Contains(n.MatchPattern, "**") && !p.Version.AtLeast(1, 19):
			return "asterisks in a row are one before 1.19 (cilium/cilium#43420)"
		case labelled && !s.IsWildcard() && s.Matches(labels.LabelArray{labels.NewLabel("any", "", "other")}):
			return "identities are aggregated from 1.20 on (cilium/cilium#47216)"
		}
	}
	for _, rule := range e.L4 {
		if why := olderPorts(p, e, &rule); why != "" {
			return why
		}
	}
	return ""
}

func olderPorts(p profile.Profile, e *types.PolicyEntry, rule *api.PortRule) string {
	for _, port := range rule.Ports {
		if !e.Ingress && strings.Trim(port.Port, "0123456789") != "" {
			return "ports of destinations by name are those of each from 1.20 on"
		}
	}
	for _, s := range rule.ServerNames {
		if strings.Contains(string(s), "*") {
			return "patterns of servers' names are the language of DNS names from 1.20 on (cilium/cilium#43674)"
		}
	}
	if rule.Rules == nil {
		return ""
	}
	for _, d := range rule.Rules.DNS {
		if strings.Contains(d.MatchPattern, "**") && !p.Version.AtLeast(1, 19) {
			return "asterisks in a row are one before 1.19 (cilium/cilium#43420)"
		}
	}
	if !e.DefaultDeny && !p.Version.AtLeast(1, 18) {
		return "rules that close nothing restrict requests before 1.18 (cilium/cilium#38841)"
	}
	return ""
}
