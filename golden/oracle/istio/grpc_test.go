package istio

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unsafe"

	"github.com/portolan-dev/portolan/golden/oracle"
	"github.com/portolan-dev/portolan/golden/oracle/boundary"
	"github.com/portolan-dev/portolan/golden/oracle/istio/envoy"
	"github.com/portolan-dev/portolan/golden/oracle/random"
	"github.com/portolan-dev/portolan/ir/profile"
	"github.com/portolan-dev/portolan/ir/sem"

	rbacv3 "github.com/envoyproxy/go-control-plane/envoy/config/rbac/v3"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/authz" // has the engine in it
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"pgregory.net/rapid"
)

// grpc-go has an engine for RBAC of its own, which it does not export.

//go:linkname newChainEngine google.golang.org/grpc/internal/xds/rbac.NewChainEngine
func newChainEngine(policies []*rbacv3.RBAC, name string) (unsafe.Pointer, error)

//go:linkname isAuthorized google.golang.org/grpc/internal/xds/rbac.(*ChainEngine).IsAuthorized
func isAuthorized(engine unsafe.Pointer, ctx context.Context) error //nolint:revive // the receiver comes first

//go:linkname setConnection google.golang.org/grpc/internal/transport.SetConnection
func setConnection(ctx context.Context, conn net.Conn) context.Context

// TestSecondOpinion holds package envoy to grpc-go's engine, by what Istio builds
// of random policies. That engine has no path templates, no filter states and no
// logging, takes every call for a POST, finds headers by lower-case names only,
// and knows of no queries and no proxies in front.
func TestSecondOpinion(t *testing.T) {
	p, err := profile.Parse("istio")
	if err != nil {
		t.Fatal(err)
	}
	c := random.Cluster()
	compared, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		docs := Draw(t)
		if rejected, err := New().Accept(docs); err != nil || len(rejected) > 0 {
			return
		}
		engine, err := New().Load(p, c, docs)
		if err != nil {
			t.Fatal(err)
		}
		loaded, _ := engine.(*policy)
		words, err := boundary.Collect(docs)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range words.Flows(c, rapid.Uint64().Draw(t, "seed"), 100) {
			if f.Request == nil || f.Destination.Kind != sem.Pod || !f.Source.Address.IsValid() || strings.ContainsAny(f.Request.Target, "?#") {
				continue
			}
			x, err := loaded.proxyOf(&c.Endpoints[f.To])
			if err != nil {
				t.Fatal(err)
			}
			f.Request.Method, f.Client = "POST", f.Source.Address
			delete(f.Request.Headers, "x-trace") // which policies write as X-Trace, and grpc-go never finds so
			seen := loaded.connection(&f, f.Port)
			for _, rules := range x.http {
				if rules == nil { // a filter of dry runs alone
					continue
				}
				theirs, err := newChainEngine([]*rbacv3.RBAC{rules}, "drawn")
				if err != nil {
					refused++
					continue
				}
				compared++
				ours, names, err := envoy.Passes(rules, seen)
				if err != nil {
					t.Fatal(err)
				}
				if got := isAuthorized(theirs, call(t, &f, seen)); (got == nil) != ours {
					t.Fatalf("envoy: %v %v, grpc-go: %v\n%s\n%s", ours, names, got, show(&f), texts(docs))
				}
			}
		}
	})
	t.Logf("%d compared, %d beyond grpc-go", compared, refused)
	if compared < 300 {
		t.Errorf("%d compared", compared)
	}
}

// call is a request as grpc-go sees it.
func call(t *rapid.T, f *oracle.Flow, c *envoy.Connection) context.Context {
	headers := metadata.MD{":authority": {c.Request.Authority}}
	for name, value := range c.Request.Headers {
		headers.Set(name, value)
	}
	from := &peer.Peer{Addr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(c.Source, 40000))}
	if c.Principal != "" {
		uri, err := url.Parse(c.Principal)
		if err != nil {
			t.Fatal(err)
		}
		from.AuthInfo = credentials.TLSInfo{State: tls.ConnectionState{PeerCertificates: []*x509.Certificate{{URIs: []*url.URL{uri}}}}}
	}
	ctx := peer.NewContext(metadata.NewIncomingContext(context.Background(), headers), from)
	ctx = grpc.NewContextWithServerTransportStream(ctx, stream(c.Request.Target))
	return setConnection(ctx, arrived{to: net.TCPAddrFromAddrPort(netip.AddrPortFrom(f.Destination.Address, f.Port))})
}

// stream is a call's stream of a method.
type stream string

func (s stream) Method() string             { return string(s) }
func (stream) SetHeader(metadata.MD) error  { return nil }
func (stream) SendHeader(metadata.MD) error { return nil }
func (stream) SetTrailer(metadata.MD) error { return nil }

// arrived is a connection that arrived at an address.
type arrived struct {
	net.Conn
	to net.Addr
}

func (a arrived) LocalAddr() net.Addr { return a.to }
