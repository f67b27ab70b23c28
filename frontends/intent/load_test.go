package intent

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/diag"
	"github.com/portolan-dev/portolan/ir/set"
)

// write makes a directory of files.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load reads one text of native syntax and demands that nothing is said of it.
func load(t testing.TB, text string) *Config {
	t.Helper()
	c, diags := loadText(t, text, Options{})
	for _, d := range diags {
		t.Errorf("%s\n\t%s", d, d.Detail)
	}
	return c
}

func loadText(t testing.TB, text string, opts Options) (*Config, diag.List) {
	t.Helper()
	opts.Stdin = strings.NewReader(text)
	c, _, diags := Load([]string{"-"}, opts)
	return c, diags
}

// show writes a Config's meaning without ranges, one fact on a line.
func show(c *Config) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	facts := func(who string, f Facts) {
		line("%s pods=%s services=%s nodes=%s api=%s trust=%s root=%s deny=%s exempt=%v mtls=%s switches=%s", who, showAddresses(f.PodCIDRs.Value), showAddresses(f.ServiceCIDRs.Value), showAddresses(f.NodeCIDRs.Value),
			showAddresses(f.APIServer.Value), f.TrustDomain.Value, f.MeshRoot.Value, f.DefaultDeny.Value, f.Exempt.Value, f.MTLS.Value, showSwitches(f.Switches.Value))
		line("%s dns=%s [%s] %d %s", who, f.DNS.Value.Namespace, f.DNS.Value.Labels, f.DNS.Value.Port, showAddresses(f.DNS.Value.NodeLocal))
	}
	facts("cluster", c.Cluster)
	for _, n := range c.Namespaces {
		line("namespace %s name=%q match=[%s] labels=%v managed=%t deny=%s dns=%t mtls=%s mesh=%t mode=%s%s", n.Address, n.Name, n.Match.Value, n.Labels.Value, n.Managed.Value, n.DefaultDeny.Value, n.DNS.Value, n.MTLS.Value, n.Mesh.Value, n.Mode.Value, showTargets(n.Targets))
		for _, o := range n.Offers {
			b.WriteString("  ")
			showRule(&b, o)
		}
		if n.Cluster.Set {
			line("  of [%s]", ir.Requirement{Key: "cluster", Constraint: n.Cluster.Value})
		}
		for _, w := range n.Workloads {
			line("  workload %s [%s] account=%q mesh=%t host=%t deny=%s dns=%t mtls=%s", w.Address(), w.Labels.Value, w.ServiceAccount.Value, w.Mesh.Value, w.HostNetwork.Value, w.DefaultDeny.Value, w.DNS.Value, w.MTLS.Value)
			for _, p := range w.Ports {
				line("    port %s=%d %s", p.Name, p.Number, p.Protocol)
			}
			for _, p := range w.MTLSPorts {
				line("    mtls %d=%s", p.Port, p.Mode)
			}
		}
	}
	if x := c.Cluster.Ingress; x.Set {
		line("ingress %s %s %s mesh=%t rewritten=%t", showPeers(x.Value.Workloads), x.Value.Kind, showAddresses(x.Value.CIDRs), c.Cluster.ClusterMesh.Value, c.Cluster.Rewritten.Value)
	}
	for _, e := range c.Externals {
		line("external %s %s %v%s", e.Name, showAddresses(e.CIDRs), e.Names, showTargets(e.Targets))
	}
	for _, n := range c.NodeSets {
		line("nodes %s [%s] deny=%s mode=%s", n.Name, n.Labels.Value, n.DefaultDeny.Value, n.Mode.Value)
	}
	for _, i := range c.Issuers {
		line("issuer %s %s uri=%s keys=%s %v", i.Name, i.Issuer.Value, i.JWKSURI.Value, i.JWKS.Value, i.Audiences)
	}
	for _, g := range c.Groups {
		line("group %s %s", g.Name, showPeers(g.Members))
	}
	for _, r := range c.Rules {
		showRule(&b, r)
	}
	for _, x := range c.Tiers {
		line("tier %s %d deny=%t%s", x.Name, x.Order.Value, x.DefaultDeny, showTargets(x.Targets))
		for _, r := range x.Rules {
			showRule(&b, r)
		}
	}
	for _, x := range c.Targets {
		line("target %s cni=%v mesh=%v mode=%s", x.Name, x.CNI.Value, x.Mesh.Value, x.Mode.Value)
		facts("  facts", x.Facts)
		for _, e := range x.Externals {
			line("  external %s %s %v", e.Name, showAddresses(e.CIDRs), e.Names)
		}
		for _, a := range x.Accepts {
			line("  accept %s %v %v %q %s", a.Loss, values(a.Lacks), values(a.Rules), a.Reason.Value, a.Until.Value)
		}
	}
	for _, x := range c.Tests {
		where := "-"
		if x.Namespace != nil {
			where = x.Namespace.Address
		}
		line("test %s %q%s", where, x.Sentence, showTargets(x.Targets))
		for _, r := range x.Rules {
			showRule(&b, r)
		}
	}
	return b.String()
}

func values(list []At[string]) []string {
	var out []string
	for _, x := range list {
		out = append(out, x.Value)
	}
	return out
}

func showAddresses(a set.Addresses) string {
	var out []string
	for _, p := range a.Prefixes() {
		out = append(out, p.String())
	}
	return strings.Join(out, ",")
}

func showSwitches(list []Switch) string {
	var out []string
	for _, s := range list {
		out = append(out, s.Name+"="+s.Value)
	}
	return strings.Join(out, " ")
}

func showPeers(list []PeerRef) string {
	var out []string
	for _, r := range list {
		s := ""
		switch p := r.Peer.(type) {
		case *Workload:
			s = p.Address()
		case *Namespace:
			s = "namespace " + p.Address
		case *External:
			s = "external " + p.Name
		case *Group:
			s = "group " + p.Name
		case *NodeSet:
			s = "nodes " + p.Name
		case Builtin:
			if p == WayIn {
				s = wayIn
			}
			for name, b := range builtins {
				if b == p {
					s = name
				}
			}
		case InlinePods:
			s = p.Pods.String()
		case InlineCIDR:
			s = "cidr " + showAddresses(p.CIDRs)
		case InlineNames:
			s = "fqdn " + joinNames(p.Names)
		}
		out = append(out, s)
	}
	return "{" + strings.Join(out, "; ") + "}"
}

func showRule(b *strings.Builder, r *Rule) {
	fmt.Fprintf(b, "rule %s %s %s -> %s", r.Address, r.Action, showPeers(r.From), showPeers(r.To))
	if r.Except != nil {
		fmt.Fprintf(b, " except %s", showPeers(r.Except))
	}
	if r.ExceptTo != nil {
		fmt.Fprintf(b, " except_to %s", showPeers(r.ExceptTo))
	}
	ports := func(name string, a *At[[]PortTerm]) {
		if a == nil {
			return
		}
		fmt.Fprintf(b, " %s", name)
		for _, p := range a.Value {
			switch {
			case p.Any:
				b.WriteString(" any")
			case p.Name != "":
				b.WriteString(" " + p.Name)
			default:
				fmt.Fprintf(b, " %d-%d", p.First, p.Last)
			}
		}
	}
	ports("tcp", r.Traffic.TCP)
	ports("udp", r.Traffic.UDP)
	ports("sctp", r.Traffic.SCTP)
	icmp := func(name string, a *At[[]ICMPTerm]) {
		if a == nil {
			return
		}
		fmt.Fprintf(b, " %s", name)
		for _, p := range a.Value {
			switch {
			case p.Any:
				b.WriteString(" any")
			case p.HasCode:
				fmt.Fprintf(b, " %d/%d", p.Type, p.Code)
			default:
				fmt.Fprintf(b, " %d", p.Type)
			}
		}
	}
	icmp("icmp", r.Traffic.ICMP)
	icmp("icmpv6", r.Traffic.ICMPv6)
	if r.Traffic.HTTP != nil {
		for _, q := range r.Traffic.HTTP.Value {
			kind := "http"
			if q.GRPC {
				kind = "grpc"
			}
			fmt.Fprintf(b, " %s(%s)", kind, q)
		}
	}
	if r.Traffic.DNS != nil {
		fmt.Fprintf(b, " dns(%s)", joinNames(r.Traffic.DNS.Value))
	}
	if r.Traffic.conditional() {
		for _, t := range alternativesOf(&r.Traffic) {
			fmt.Fprintf(b, " if%v", t)
		}
	}
	fmt.Fprintf(b, " at=%d mode=%s log=%t%s\n", r.At.Value, r.Mode.Value, r.Log.Value, showTargets(r.Targets))
}

// showTargets shows on which targets a block is, where not on all.
func showTargets(t At[[]string]) string {
	if !t.Set {
		return ""
	}
	return " on=" + strings.Join(t.Value, ",")
}

// alternativesOf shows the conditions of a rule that has no externals in them.
func alternativesOf(t *Traffic) [][]ir.Condition {
	l := newLowering(&Config{}, nil)
	return l.conditions(&Rule{Traffic: *t})
}

// compareText reports the first line in which two texts differ.
func compareText(t *testing.T, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Fatalf("line %d:\ngot  %s\nwant %s\n\nall of it:\n%s", i+1, a, b, got)
		}
	}
}

// everything uses each block and argument of the language once.
const everything = `
portolan {
  required_version = ">= 0.1"
  language         = 1
}
cluster {
  pod_cidrs           = ["10.0.0.0/16"]
  service_cidrs       = ["10.1.0.0/16"]
  node_cidrs          = ["10.2.0.0/16"]
  api_server          = ["10.2.0.1", "10.2.0.2/32"]
  trust_domain        = "cluster.local"
  mesh_root_namespace = "istio-root"
  default_deny        = "ingress"
  exempt              = ["kube-system", "legacy"]
  switches            = { host_firewall = true, named_ports = "wider" }
  mtls                = "strict"
  cluster_mesh        = true
  external_traffic    = "rewritten"
  mesh_metrics        = ["monitoring.prometheus"]
  dns {
    namespace  = "dns"
    labels     = { app = "coredns" }
    port       = 5353
    node_local = "169.254.20.10"
  }
  ingress { workload = monitoring.prometheus }
}
namespace "shop" {
  name         = "shop-prod"
  labels       = { team = "a" }
  default_deny = "ingress"
  dns          = false
  mtls         = "strict"
  mesh         = true
  waypoint     = "way"
  mode         = "staged"
  description  = "the shop"
  workload "web" {
    labels          = { "app.kubernetes.io/name" = ["web", "web2"], tier = any, canary = absent, env = not("dev", "test") }
    service_account = "web"
    ports           = { http = 8080, metrics = { port = 9187, protocol = "http" } }
    services        = { web = { 80 = 8080, 9187 = "metrics" }, metrics = "metrics" }
    mesh            = false
    host_network    = false
    default_deny    = "both"
    dns             = true
    mtls            = "permissive"
    mtls_ports      = { metrics = "disable", 8080 = "strict" }
  }
  workload "db" { service_account = "db" }
  allow web to db {
    tcp = [5432, "6000-6010", "metrics"]
    log = true
  }
  allow "many" {
    from      = [web, "monitoring.prometheus", workload.db, pods({ app = "x" })]
    to        = [self, others, stripe, cidr("10.0.0.0/8", "10.1.0.0/16"), fqdn("*.example.com", "a.example.org")]
    except    = [db]
    except_to = [pods({ app = "y" }, { team = not("b") }), pods({ app = "z" }, any)]
    udp       = [any]
    sctp      = any
    icmp      = [8, "3/4"]
    icmpv6    = any
    at        = "source"
    mode      = "staged"
  }
  allow cluster to web {
    tcp  = [8080]
    http = ["GET /api/**", "POST", "* /x/*", { methods = ["GET", "PUT"], paths = ["/a", "~/b.*"], hosts = ["*.example.com"], headers = { X-Tenant = "a", Debug = absent } }]
    grpc = ["shop.Cart/Get", "shop.v1.Cart/*"]
  }
  allow web to dns {
    udp = [53]
    dns = ["*.example.com", "example.com"]
  }
  test "the database is private" {
    deny world to db {}
    allow web to db { tcp = [5432] }
  }
}
namespace "monitoring" {
  managed = false
  targets = ["eu"]
  workload "prometheus" { labels = { app = "prometheus" } }
  offers {
    to     = [prometheus]
    from   = ["shop"]
    tcp    = [9090]
    http   = ["GET /metrics"]
  }
  offers { udp = [53] }
}
namespace "teams" { match = { team = any } }
namespace "far" {
  name    = "shop"
  cluster = ["west", "north"]
  workload "ledger" { labels = { app = "ledger" } }
}
nodes "workers" {
  labels       = { role = "worker" }
  default_deny = "ingress"
  mode         = "staged"
}
issuer "auth" {
  issuer    = "https://auth.example.com"
  jwks_uri  = "https://auth.example.com/keys"
  audiences = ["shop"]
}
issuer "partners" {
  issuer = "https://partners.example.org"
  jwks   = "{\"keys\": [{}]}"
}
allow ingress to "shop.web" {
  tcp    = [8080]
  http   = ["GET"]
  jwt    = ["partners", { issuer = "auth", subject = ["a"], audiences = ["shop"], claims = { "realm.role" = any, "x\\.y" = ["b", "c"] } }]
  client = ["192.0.2.0/24"]
}
allow workers to "far.ledger" {
  tcp = [8443]
  sni = ["a.example.com", "*.example.org"]
}
external "stripe" { fqdns = ["api.stripe.com"] }
external "abuse" {
  cidrs  = ["192.0.2.0/24"]
  except = ["192.0.2.128/25"]
  targets = ["eu"]
}
group "outside" { members = [abuse, external.stripe, namespaces({ team = "a" }), teams] }
deny abuse to apiserver { targets = ["eu"] }
allow nodes to "shop.web" { tcp = [8080] }
tier "security" {
  order   = 100
  default = "deny"
  targets = ["eu"]
  deny abuse to cluster {}
  pass cluster to world { name = "later" }
  log anywhere to outside {}
}
target "eu" {
  cni          = "cilium@1.18"
  mesh         = "istio-ambient"
  mode         = "staged"
  trust_domain = "eu.example.com"
  dns { port = 53 }
  ingress { kind = "nodes" }
  external "abuse" { cidrs = ["198.51.100.0/24"] }
  accept "widened" {
    lacks  = ["log", "http"]
    rules  = ["shop/web->db"]
    reason = "for now"
    until  = "2027-03-31"
  }
}
test "at top level" {
  targets = ["eu"]
  deny abuse to "shop.db" {}
}
`

const everythingShown = `cluster pods=10.0.0.0/16 services=10.1.0.0/16 nodes=10.2.0.0/16 api=10.2.0.1/32,10.2.0.2/32 trust=cluster.local root=istio-root deny=ingress exempt=[kube-system legacy] mtls=strict switches=host_firewall=true named_ports=wider
cluster dns=dns [app=coredns] 5353 169.254.20.10/32
namespace far name="shop" match=[all] labels=map[] managed=false deny=none dns=true mtls=unset mesh=true mode=enforce
  of [cluster in {north,west}]
  workload far/ledger [app=ledger] account="" mesh=true host=false deny=none dns=true mtls=unset
namespace monitoring name="monitoring" match=[all] labels=map[] managed=false deny=none dns=true mtls=unset mesh=true mode=enforce on=eu
  rule monitoring/offers allow {namespace shop} -> {monitoring/prometheus} tcp 9090-9090 http(GET /metrics) at=0 mode=enforce log=false
  rule monitoring/offers allow {anywhere} -> {self} udp 53-53 at=0 mode=enforce log=false
  workload monitoring/prometheus [app=prometheus] account="" mesh=true host=false deny=none dns=true mtls=unset
namespace shop name="shop-prod" match=[all] labels=map[team:a] managed=true deny=ingress dns=false mtls=strict mesh=true mode=staged
  workload shop/db [all] account="db" mesh=true host=false deny=ingress dns=false mtls=strict
  workload shop/web [app.kubernetes.io/name in {web,web2}, no canary, env not in {dev,test}, has tier] account="web" mesh=false host=false deny=both dns=true mtls=permissive
    port http=8080 unknown
    port metrics=9187 http
    mtls 8080=strict
    mtls 9187=disable
namespace teams name="" match=[has team] labels=map[] managed=false deny=none dns=true mtls=unset mesh=true mode=enforce
ingress {monitoring/prometheus}   mesh=true rewritten=true
external abuse 192.0.2.0/25 [] on=eu
external stripe  [api.stripe.com]
nodes workers [role=worker] deny=ingress mode=staged
issuer auth https://auth.example.com uri=https://auth.example.com/keys keys= [shop]
issuer partners https://partners.example.org uri= keys={"keys": [{}]} []
group outside {external abuse; external stripe; pods(in [team=a]); namespace teams}
rule abuse->apiserver deny {external abuse} -> {apiserver} at=0 mode=enforce log=false on=eu
rule ingress->shop.web allow {ingress} -> {shop/web} tcp 8080-8080 http(GET any) if[a token of "https://auth.example.com" for "a" a token's audience has "shop" a token's claim "realm"."role" has * a token's claim "x.y" has "b" the original client is in 192.0.2.0/24] if[a token of "https://auth.example.com" for "a" a token's audience has "shop" a token's claim "realm"."role" has * a token's claim "x.y" has "c" the original client is in 192.0.2.0/24] if[a token of "https://partners.example.org" for * the original client is in 192.0.2.0/24] at=0 mode=enforce log=false
rule nodes->shop.web allow {nodes} -> {shop/web} tcp 8080-8080 at=0 mode=enforce log=false
rule shop/cluster->web allow {cluster} -> {shop/web} tcp 8080-8080 http(GET /api/**) http(POST any) http(* /x/*) http(GET|PUT /a|~/b.* host *.example.com headers [no debug, x-tenant=a]) grpc(POST /shop.Cart/Get) grpc(POST /shop.v1.Cart/*) at=0 mode=enforce log=false
rule shop/many allow {shop/web; monitoring/prometheus; shop/db; pods(in shop-prod; app=x)} -> {self; others; external stripe; cidr 10.0.0.0/16,10.2.0.0/15,10.4.0.0/14,10.8.0.0/13,10.16.0.0/12,10.32.0.0/11,10.64.0.0/10,10.128.0.0/9; fqdn *.example.com, a.example.org} except {shop/db} except_to {pods(in [team not in {b}]; app=y); pods(anywhere; app=z)} udp any sctp any icmp 8 3/4 icmpv6 any at=1 mode=staged log=false
rule shop/web->db allow {shop/web} -> {shop/db} tcp 5432-5432 6000-6010 metrics at=0 mode=enforce log=true
rule shop/web->dns allow {shop/web} -> {dns} udp 53-53 dns(*.example.com, example.com) at=0 mode=enforce log=false
rule workers->far.ledger allow {nodes workers} -> {far/ledger} tcp 8443-8443 if[TLS names the server *.example.org] if[TLS names the server a.example.com] at=0 mode=enforce log=false
tier security 100 deny=true on=eu
rule security/abuse->cluster deny {external abuse} -> {cluster} at=0 mode=enforce log=false
rule security/anywhere->outside log {anywhere} -> {group outside} at=0 mode=enforce log=false
rule security/later pass {cluster} -> {world} at=0 mode=enforce log=false
target eu cni={cilium 1.18} mesh={istio-ambient } mode=staged
  facts pods= services= nodes= api= trust=eu.example.com root= deny=none exempt=[] mtls=unset switches=
  facts dns=dns [app=coredns] 53 169.254.20.10/32
  external abuse 198.51.100.0/24 []
  accept widened [http log] [shop/web->db] "for now" 2027-03-31
test - "at top level" on=eu
rule abuse->shop.db deny {external abuse} -> {shop/db} at=0 mode=enforce log=false
test shop "the database is private"
rule shop/web->db allow {shop/web} -> {shop/db} tcp 5432-5432 at=0 mode=enforce log=false
rule shop/world->db deny {world} -> {shop/db} at=0 mode=enforce log=false
`

func TestLoadEverything(t *testing.T) {
	compareText(t, show(load(t, everything)), everythingShown)
}

// Nothing of the order of blocks, of files or of lines may be seen in a Config.
func TestOrderIsNotSeen(t *testing.T) {
	blocks := strings.SplitAfter(everything, "\n}\n")
	slices.Reverse(blocks)
	files := map[string]string{}
	for i, b := range blocks {
		files[fmt.Sprintf("%c.portolan.hcl", 'a'+i)] = b
	}
	files["notes.hcl"] = "not read {"
	files[".hidden.portolan.hcl"] = "not read {"
	c, _, diags := Load([]string{write(t, files)}, Options{})
	for _, d := range diags {
		t.Error(d)
	}
	compareText(t, show(c), everythingShown)
}

func TestRanges(t *testing.T) {
	src := "namespace \"shop\" {\n  workload \"web\" { labels = { app = \"web\" } }\n  allow cluster to web { tcp = [80, \"90-91\"] }\n}\n"
	dir := write(t, map[string]string{"a.portolan.hcl": src})
	c, sources, _ := Load([]string{dir}, Options{})
	text := func(r diag.Range) string {
		t.Helper()
		if r.File != filepath.Join(dir, "a.portolan.hcl") {
			t.Fatalf("the range is in %q", r.File)
		}
		return string(sources[r.File][r.Start.Byte:r.End.Byte])
	}
	r := c.Rules[0]
	for _, x := range []struct {
		r    diag.Range
		want string
	}{
		{c.Namespaces[0].Range, `namespace "shop"`},
		{c.Namespaces[0].Managed.Range, `namespace "shop"`},
		{c.Namespaces[0].Workloads[0].Range, `workload "web"`},
		{c.Namespaces[0].Workloads[0].Labels.Range, `{ app = "web" }`},
		{r.Range, `allow cluster to web`},
		{r.From[0].Range, `cluster`},
		{r.To[0].Range, `web`},
		{r.Traffic.TCP.Range, `[80, "90-91"]`},
		{r.Traffic.TCP.Value[1].Range, `"90-91"`},
	} {
		if got := text(x.r); got != x.want {
			t.Errorf("got %q, want %q", got, x.want)
		}
	}
	if c.Namespaces[0].Managed.Set || !c.Namespaces[0].Workloads[0].Labels.Set {
		t.Error("Set is wrong")
	}
}

func TestDefaults(t *testing.T) {
	c := load(t, "")
	f := c.Cluster
	if f.DNS.Value.Namespace != "kube-system" || f.DNS.Value.Port != 53 || f.DNS.Value.Labels.String() != "k8s-app=kube-dns" || f.DNS.Set {
		t.Errorf("dns: %+v", f.DNS)
	}
	if f.MeshRoot.Value != "istio-system" || f.MeshRoot.Set || !reflect.DeepEqual(f.Exempt.Value, []string{"istio-system", "kube-system"}) || f.Exempt.Set {
		t.Errorf("root and exempt: %v %v", f.MeshRoot, f.Exempt)
	}
	if f.DefaultDeny.Value != ir.NoDirection || f.DefaultDeny.Set {
		t.Errorf("default_deny: %v", f.DefaultDeny)
	}
}

func TestUnreadable(t *testing.T) {
	empty := t.TempDir()
	for _, p := range []string{"no/such/path", empty} {
		c, _, diags := Load([]string{p}, Options{})
		if c == nil || len(diags) != 1 || diags[0].Code != diag.Unreadable || diags[0].Range.File != p {
			t.Errorf("%s: %v", p, diags)
		}
	}
}

// A name that is given twice, in two ways, is read once.
func TestSameFileTwice(t *testing.T) {
	dir := write(t, map[string]string{"a.portolan.hcl": `namespace "shop" {}`})
	_, sources, diags := Load([]string{dir, filepath.Join(dir, "a.portolan.hcl"), dir + "/"}, Options{})
	if len(diags) != 0 || len(sources) != 1 {
		t.Errorf("%v %v", sources, diags)
	}
}

// TestForEach is about elements, self and names inside and outside.
func TestForEach(t *testing.T) {
	c := load(t, `
variable "tenants" {
  type    = map(object({ port = optional(number, 80) }))
  default = { a = {}, b = { port = 81 } }
}
locals { webs = [tenant["a"].web, "tenant.web"] }
namespace "tenant" {
  for_each = var.tenants
  name     = "t-${each.key}"
  labels   = { tenant = each.key }
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [each.value.port] }
  test "others stay out" {
    deny others to web { tcp = [1] }
  }
}
namespace "hub" {
  for_each = toset(["a"])
  name     = "hub-${each.value}"
  workload "api" { labels = { app = "api" } }
  allow "in" {
    from = [tenant[each.key].web, tenant[each.key], tenant["b"]]
    to   = [api]
  }
  allow "\u0074enant" to api { tcp = [80] }
}
allow "tenant[\"b\"].web" to "namespace.tenant[\"a\"]" { tcp = [80] }
allow tenant to "hub.api" { tcp = [81] }
allow "webs" {
  from = local.webs
  to   = [for k in ["a", "b"] : tenant[k].web if k != "a"]
}
`)
	compareText(t, show(c)[strings.Index(show(c), "namespace"):], `namespace hub["a"] name="hub-a" match=[all] labels=map[] managed=true deny=both dns=true mtls=unset mesh=true mode=enforce
  workload hub["a"]/api [app=api] account="" mesh=true host=false deny=both dns=true mtls=unset
namespace tenant["a"] name="t-a" match=[all] labels=map[tenant:a] managed=true deny=both dns=true mtls=unset mesh=true mode=enforce
  workload tenant["a"]/web [app=web] account="" mesh=true host=false deny=both dns=true mtls=unset
namespace tenant["b"] name="t-b" match=[all] labels=map[tenant:b] managed=true deny=both dns=true mtls=unset mesh=true mode=enforce
  workload tenant["b"]/web [app=web] account="" mesh=true host=false deny=both dns=true mtls=unset
rule hub["a"]/in allow {tenant["a"]/web; namespace tenant["a"]; namespace tenant["b"]} -> {hub["a"]/api} at=0 mode=enforce log=false
rule hub["a"]/tenant->api allow {namespace tenant["a"]; namespace tenant["b"]} -> {hub["a"]/api} tcp 80-80 at=0 mode=enforce log=false
rule tenant->hub.api allow {namespace tenant["a"]; namespace tenant["b"]} -> {hub["a"]/api} tcp 81-81 at=0 mode=enforce log=false
rule tenant["a"]/self->web allow {self} -> {tenant["a"]/web} tcp 80-80 at=0 mode=enforce log=false
rule tenant["b"].web->namespace.tenant["a"] allow {tenant["b"]/web} -> {namespace tenant["a"]} tcp 80-80 at=0 mode=enforce log=false
rule tenant["b"]/self->web allow {self} -> {tenant["b"]/web} tcp 81-81 at=0 mode=enforce log=false
rule webs allow {tenant["a"]/web; tenant["a"]/web; tenant["b"]/web} -> {tenant["b"]/web} at=0 mode=enforce log=false
test tenant["a"] "others stay out"
rule tenant["a"]/others->web deny {others} -> {tenant["a"]/web} tcp 1-1 at=0 mode=enforce log=false
test tenant["b"] "others stay out"
rule tenant["b"]/others->web deny {others} -> {tenant["b"]/web} tcp 1-1 at=0 mode=enforce log=false
`)
}

// TestExpressions is about values that are computed, peers among them.
func TestExpressions(t *testing.T) {
	c := load(t, `
variable "ranges" { default = ["10.0.0.0/8", "10.0.0.0/8", "11.0.0.0/8"] }
locals {
  peers  = toset([for r in var.ranges : cidr(r)]) # same meaning, one peer
  labels = merge({ app = "a" }, { tier = not([for x in ["x", "y"] : x]...) })
  ports  = { http = 8080 }
  open   = true
}
namespace "shop" {
  workload "web" {
    labels = local.labels
    ports  = local.ports
  }
  workload "api" { labels = { (format("%s-x", "app")) = local.open ? any : absent } }
  allow "a" {
    from   = setunion(local.peers, [cidr("12.0.0.0/8")])
    to     = local.open ? [web] : [api]
    tcp    = concat([80], [for p in range(8000, 8003) : p], ["http"])
    except = [for p in [pods({ app = "x" }), web] : p if p != web]
  }
  allow "b" {
    from = [self]
    to   = [for w in [web, api] : w if w != web]
    http = [for m in ["GET", "PUT"] : "${m} /${lower("API")}"]
    tcp  = [lookup(local.ports, "http", 1)]
  }
}
`)
	i := strings.Index(show(c), "  workload")
	compareText(t, show(c)[i:], `  workload shop/api [has app-x] account="" mesh=true host=false deny=both dns=true mtls=unset
  workload shop/web [app=a, tier not in {x,y}] account="" mesh=true host=false deny=both dns=true mtls=unset
    port http=8080 unknown
rule shop/a allow {cidr 10.0.0.0/8; cidr 11.0.0.0/8; cidr 12.0.0.0/8} -> {shop/web} except {pods(in shop; app=x)} tcp 80-80 8000-8000 8001-8001 8002-8002 http at=0 mode=enforce log=false
rule shop/b allow {self} -> {shop/api} tcp 8080-8080 http(GET /api) http(PUT /api) at=0 mode=enforce log=false
`)
}
