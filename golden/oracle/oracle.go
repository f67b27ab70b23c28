// Package oracle holds Portolan to the code of the engines that it writes for.
//
// It is a module of its own, so that users of Portolan never download an
// engine. An Engine is a vendor's validation and policy code behind one
// interface: it says what it accepts, and what passes in a cluster of endpoints.
// What Portolan's own evaluator says of the same flows has to be the same.
//
// The folders: an engine each (kubernetes, calico with felix, a program of a module
// of its own, cilium, istio), the schemas that API servers check (schemas), a real
// API server (apiserver), what is drawn at random (random), flows at the
// boundaries of given manifests (boundary), and the checks (conformance).
package oracle

import (
	"net/netip"

	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"
)

// Document is a manifest as one YAML document, with where it comes from.
type Document struct {
	Source string // file and line, or the seed that it was drawn from
	Text   []byte
}

// Rejection is what an engine has against a document.
type Rejection struct {
	Document Document
	Reason   string
}

// Cluster is the endpoints that flows are between, and what holds of them all.
type Cluster struct {
	Endpoints []Endpoint

	Name        string // this cluster's among connected ones; "" where none are
	TrustDomain string // of the mesh; "" for cluster.local
	MeshRoot    string // the mesh's root namespace; "" for istio-system
	Services    []Service
}

// Endpoint is one that exists: a pod with its addresses and ports, a node, or
// something outside. The address of the embedded endpoint is not set: a flow has
// it, by its family.
type Endpoint struct {
	sem.Endpoint
	ID        string       // unique in the cluster; a DNS label
	Addresses []netip.Addr // one of each family that it has
	Node      string       // of a pod: the ID of the node that it is on
	Ports     []NamedPort  // of a pod: what it calls its ports
}

// NamedPort is a container port with a name.
type NamedPort struct {
	Name     string
	Protocol uint8 // as in sem.Flow
	Port     uint16
	Service  uint16 // of a Service: its own number of the port; 0 for the pods'
}

// Service is a Service of the cluster.
type Service struct {
	Namespace, Name string
	Selector        map[string]string
	Ports           []NamedPort // Port is the pods'
	Waypoint        string      // the Gateway that traffic to it goes through; "" for none
}

// Flow is a connection between two endpoints of a cluster. The embedded flow is
// what Portolan decides; the rest is what engines see where that has predicates.
type Flow struct {
	sem.Flow
	From, To int // indexes of Cluster.Endpoints

	Token      *Token     // that the request carries
	ServerName string     // that the TLS handshake asks for
	Client     netip.Addr // the original client behind trusted proxies
}

// Token is a JSON Web Token that its issuer has signed.
type Token struct {
	Issuer, Subject string
	Audiences       []string
	Claims          map[string]any
}

// Verdict is what an engine says of a flow.
type Verdict struct {
	Allowed bool
	Reason  string // the engine's own word on what decided, for people
}

// Engine is a vendor's code. It keeps no state between calls.
type Engine interface {
	// Accept gives what the vendor's validation rejects of the documents, as
	// they would be when each is applied to an API server.
	Accept(docs []Document) ([]Rejection, error)

	// Load gives the policy of the documents in a cluster, as an engine of the
	// profile with its switches enforces it. All documents are accepted.
	Load(p profile.Profile, c *Cluster, docs []Document) (Policy, error)
}

// Policy decides flows of the cluster that it was loaded in.
type Policy interface {
	// Decide gives the verdict on the flow at both its ends. It is false where
	// the engine's code at hand does not decide such flows.
	Decide(f *Flow) (Verdict, bool)

	// Close ends what runs for it.
	Close() error
}
