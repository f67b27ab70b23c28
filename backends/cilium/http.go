package cilium

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cilium/cilium/pkg/policy/api"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
)

func lacksRequests(requests []ir.Request) diag.Code {
	for _, q := range requests {
		if !q.GRPC {
			return diag.LacksHTTP
		}
	}
	return diag.LacksGRPC
}

func lacksRequest(q ir.Request, reason, nearest string) *refusal {
	return &refusal{lacksRequests([]ir.Request{q}), reason, nearest}
}

// httpRules gives the rules whose union is the requests; a rule is a product of
// one path, one host and one value of each header.
func (l *lowering) httpRules(r *ir.Rule, d ir.Direction) (*api.L7Rules, *refusal) {
	if d == ir.Egress && l.asksDNS(r) {
		// Two kinds of rules for one port and peer stop the computation of the
		// endpoint's policy (pkg/policy/rule.go mergeRedirect).
		return nil, &refusal{lacksRequests(r.Traffic.Requests()), "Cilium has HTTP rules or DNS rules for one port, and the port of the cluster's DNS is among the rule's",
			fmt.Sprintf("Leave port %d out.", l.dnsPort())}
	}
	rules := &api.L7Rules{}
	for _, q := range r.Traffic.Requests() {
		list, ref := requestRules(q)
		if ref != nil {
			return nil, ref
		}
		rules.HTTP = append(rules.HTTP, list...)
		if len(rules.HTTP) > maxParts {
			return nil, overBound("HTTP rules", len(rules.HTTP), maxParts)
		}
	}
	if len(rules.HTTP) == 0 {
		panic("cilium: no requests in " + r.Origin.Address)
	}
	return rules, nil
}

func requestRules(q ir.Request) (api.PortRulesHTTP, *refusal) {
	method, ref := methodPattern(q)
	if ref != nil {
		return nil, ref
	}
	headers, ref := headerMatches(q)
	if ref != nil {
		return nil, ref
	}
	host := hostPattern(q.Hosts)
	if q.Host != nil {
		host, _ = lower.Expression(q.Host) // others were refused before
	}
	var out api.PortRulesHTTP
	for _, p := range q.Paths {
		path, ref := pathPattern(p)
		if ref != nil {
			ref.code = lacksRequests([]ir.Request{q})
			return nil, ref
		}
		if q.Path != nil {
			path, _ = lower.Expression(q.Path)
		}
		for _, h := range headers {
			out = append(out, api.PortRuleHTTP{Method: method, Path: path, Host: host, HeaderMatches: h})
		}
	}
	return out, nil
}

// methodPattern is an expression for the whole method, "" for every one.
func methodPattern(q ir.Request) (string, *refusal) {
	if q.Method.IsAnything() {
		return "", nil
	}
	values, ok := q.Method.Values()
	if !ok {
		return "", lacksRequest(q, "Cilium matches methods that are named, and the rule is for all but some", "List the methods that are wanted.")
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return strings.Join(quoted, "|"), nil
}

// hostPattern is an expression for the whole host as the client sends it: in
// any case, with or without a port.
func hostPattern(hosts []ir.Name) string {
	if len(hosts) == 0 {
		return ""
	}
	list := make([]string, len(hosts))
	for i, h := range hosts {
		suffix, wildcard := h.Parts()
		list[i] = [...]string{"", `[^.:]+\.`, `([^.:]+\.)+`}[wildcard] + regexp.QuoteMeta(suffix)
	}
	if len(list) == 1 {
		return "(?i)" + list[0] + "(:[0-9]+)?"
	}
	return "(?i)(" + strings.Join(list, "|") + ")(:[0-9]+)?"
}

// headerMatches gives the alternatives of header conditions: a condition is the
// presence of a header or one exact value of it.
func headerMatches(q ir.Request) ([][]*api.HeaderMatch, *refusal) {
	ways := [][]*api.HeaderMatch{nil}
	for _, r := range q.Headers.Requirements() {
		var alternatives []string
		switch form, values := r.Constraint.Form(); form {
		case ir.FormExists:
			alternatives = []string{""} // no value: presence
		case ir.FormIn:
			for _, v := range values {
				if v == "" {
					return nil, lacksRequest(q, "Cilium takes an empty value of header \""+r.Key+"\" for any value", "Leave the empty value out.")
				}
				alternatives = append(alternatives, v)
			}
		default:
			return nil, lacksRequest(q, "Cilium matches a header that is there, or one exact value of it, and nothing that is not so: "+r.String(),
				"Name the values that are wanted, or leave the header to a mesh (`mesh = \"istio\"`).")
		}
		var next [][]*api.HeaderMatch
		for _, way := range ways {
			for _, v := range alternatives {
				next = append(next, append(way[:len(way):len(way)], &api.HeaderMatch{Name: r.Key, Value: v}))
			}
		}
		if ways = next; len(ways) > maxParts {
			return nil, overBound("combinations of header values", len(ways), maxParts)
		}
	}
	return ways, nil
}
