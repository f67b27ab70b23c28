package istio

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// text is a string of a manifest.
type text struct {
	value string
	at    diag.Range
}

// matcher is one thing that a rule asks of a connection: that something of it
// matches one of the values, where there are any, and none of the not-values.
// Fields of sources and operations and conditions all come down to it, as they
// do in Istio (istio/istio, pilot/pkg/security/authz/model/model.go).
type matcher struct {
	key         string // as in a condition
	values, not []text
	field       string // its path, for messages
	condition   bool   // stands in `when`
	at          diag.Range
}

// The keys of conditions, and of fields that no condition has.
const (
	keyPrincipal        = "source.principal"
	keyNamespace        = "source.namespace"
	keyAccount          = "source.serviceAccount"
	keyTrustDomain      = "source.trustDomain"
	keyIP               = "source.ip"
	keyRemoteIP         = "remote.ip"
	keyRequestPrincipal = "request.auth.principal"
	keyAudiences        = "request.auth.audiences"
	keyPresenter        = "request.auth.presenter"
	keyClaims           = "request.auth.claims" // [name]
	keyHeaders          = "request.headers"     // [name]
	keyDestinationIP    = "destination.ip"
	keyPort             = "destination.port"
	keySNI              = "connection.sni"
	keyFilters          = "experimental.envoy.filters." // name[key]

	keyHosts   = "hosts"
	keyMethods = "methods"
	keyPaths   = "paths"
)

// isField reports that the key is a field's, and no condition's.
func (m matcher) isField() bool { return m.key == keyHosts || m.key == keyMethods || m.key == keyPaths }

// http reports that only a proxy that reads requests can answer.
func (m matcher) http() bool {
	return m.isField() || strings.HasPrefix(m.key, "request.")
}

// sender reports that the matcher is about who sends.
func (m matcher) sender() bool {
	return strings.HasPrefix(m.key, "source.") || m.key == keyRemoteIP || strings.HasPrefix(m.key, "request.auth.")
}

// layer4 reports that ztunnel reads the condition (istio/istio,
// pilot/pkg/serviceregistry/ambient/authorization.go, l4WhenAttributes).
func (m matcher) layer4() bool {
	return slices.Contains([]string{keyIP, keyNamespace, keyPrincipal, keyDestinationIP, keyPort}, m.key)
}

// conditions says what the model has no part for of what is sent. With equal lists of values it
// is the same predicate, not-values are its negation.
func (m matcher) conditions() []ir.Condition {
	var out []ir.Condition
	for i, list := range [][]text{m.values, m.not} {
		if len(list) == 0 {
			continue
		}
		var values []string
		for _, v := range list {
			values = append(values, strconv.Quote(v.value))
		}
		slices.Sort(values)
		out = append(out, ir.Condition{Atom: "istio " + m.key + " in " + strings.Join(slices.Compact(values), ", "), Not: i == 1})
	}
	return out
}

// addresses is the union of addresses and ranges, which the reader has checked.
func addresses(list []text) set.Addresses {
	var out []netip.Prefix
	for _, v := range list {
		if p, err := prefixOf(v.value); err == nil {
			out = append(out, p)
		}
	}
	return set.AddressesOf(out...)
}

// narrow gives the addresses of a set that the matcher matches.
func (m matcher) narrow(a set.Addresses) set.Addresses {
	if len(m.values) > 0 {
		a = a.Intersect(addresses(m.values))
	}
	return a.Subtract(addresses(m.not))
}

// ports is the union of the ports, which the reader has checked. Port 0, which
// Istio takes, is no connection's.
func ports(list []text) set.Ports {
	var out []set.PortRange
	for _, v := range list {
		if p, err := portOf(v.value); err == nil && p > 0 {
			out = append(out, set.PortRange{First: p, Last: p})
		}
	}
	return set.PortsOf(out...)
}

// bracketed splits "request.headers[name]" at its brackets, as Istio does
// (istio/istio, pkg/config/security/security.go, validateMapKey).
func bracketed(key string) (name string, ok bool) {
	_, rest, open := strings.Cut(key, "[")
	name, closed := strings.CutSuffix(rest, "]")
	return name, open && closed && name != ""
}
