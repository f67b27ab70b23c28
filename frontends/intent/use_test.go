package intent

import (
	"errors"
	"fmt"
	"maps"
	"os"
	slash "path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir/diag"
)

// tree writes files by path, and gives the root of them.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		at := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const usedPlatform = `
cluster {
  pod_cidrs    = ["10.0.0.0/8"]
  default_deny = "both"
  mtls         = "strict"
}
namespace "platform" {
  name         = "platform-prod"
  labels       = { team = "platform" }
  default_deny = "ingress"
  mtls         = "strict"
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = 8080 }
  }
  workload "resolver" {
    labels = { app = "resolver" }
    dns    = false
  }
  allow api to mail { tcp = [587] }
  test "a test of its own" {
    deny world to self {}
  }
}
namespace "tenant" {
  for_each = { a = "gold", b = "free" }
  labels   = { plan = each.value }
  workload "web" { labels = { app = "web" } }
}
namespace "teams" { match = { team = any } }
namespace "legacy" {
  managed = false
  workload "old" { labels = { app = "old" } }
}
external "mail" { cidrs = ["192.0.2.0/24"] }
group "callers" { members = ["tenant", mail, "legacy.old"] }
tier "own" {
  order = 1
  deny mail to cluster {}
}
target "eu" { cni = "cilium" }
`

const usingShop = `
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to "platform.api" { tcp = ["http"] }
  allow callers to web { tcp = [80] }
  allow "tenant[\"a\"].web" to web { tcp = [81] }
  allow teams to web { tcp = [82] }
  allow web to mail { tcp = [587] }
  allow web to others { tcp = [83] }
}
`

// TestUseIsUnmanaged demands that used names mean what they do where they are
// declared here, unmanaged.
func TestUseIsUnmanaged(t *testing.T) {
	root := tree(t, map[string]string{
		"platform/a.portolan.hcl": usedPlatform,
		"shop/a.portolan.hcl":     "portolan { use = [\"../platform\"] }\n" + usingShop,
		"one/a.portolan.hcl": usingShop + `
cluster { pod_cidrs = ["10.0.0.0/8"] }
namespace "platform" {
  managed = false
  name    = "platform-prod"
  labels  = { team = "platform" }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = 8080 }
  }
  workload "resolver" { labels = { app = "resolver" } }
}
namespace "tenant" {
  managed  = false
  for_each = { a = "gold", b = "free" }
  labels   = { plan = each.value }
  workload "web" { labels = { app = "web" } }
}
namespace "teams" { match = { team = any } }
external "mail" { cidrs = ["192.0.2.0/24"] }
group "callers" { members = ["tenant", mail, pods({ app = "old" }, { "kubernetes.io/metadata.name" = "legacy" })] }
`,
	})
	var texts []string
	for _, dir := range []string{"shop", "one"} {
		c, _, diags := Load([]string{filepath.Join(root, dir)}, Options{})
		p, more := Lower(c, nil)
		for _, d := range append(diags, more...) {
			if d.Severity != diag.Hint && (dir == "shop" || d.Code != diag.WorkloadUnused) {
				t.Errorf("%s: %s\n\t%s", dir, d, d.Detail)
			}
		}
		if len(c.Tiers)+len(c.Targets)+len(c.Tests) > 0 {
			t.Errorf("%s: others' tiers, targets and tests are there", dir)
		}
		texts = append(texts, p.Text())
	}
	compareText(t, texts[0], texts[1])
}

// Configurations may use each other, and one by several ways: each is read once,
// from disk and in memory.
func TestUseOfEachOther(t *testing.T) {
	files := map[string]string{
		"shop/a.portolan.hcl": `portolan { use = ["../platform", "../jobs/nested/.."] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to both { tcp = [80] }
  allow "jobs.run" to web { tcp = [80] }
}`,
		"platform/a.portolan.hcl": `portolan { use = ["../shop", "../jobs"] }
namespace "platform" {
  workload "api" { labels = { app = "api" } }
}
group "both" { members = ["platform.api", "jobs.run", "shop.web"] }`,
		"jobs/a.portolan.hcl": `portolan { use = ["../shop/"] }
variable "app" {}
namespace "jobs" {
  workload "run" { labels = { app = var.app } }
  allow run to "shop.web" { tcp = [80] }
}`,
		"jobs/values.auto.portolanvars":  `app = "run"`,
		"jobs/nested/other.portolan.hcl": `nonsense = `,
	}
	root := tree(t, files)
	opened := map[string]int{}
	open := func(dir string) (map[string][]byte, error) {
		opened[dir]++
		out := map[string][]byte{}
		for name, text := range files {
			if slash.Dir(name) == dir {
				out["HEAD:"+name] = []byte(text)
			}
		}
		if len(out) == 0 {
			return nil, errors.New("nothing there")
		}
		return out, nil
	}
	inMemory, _ := open("shop")
	clear(opened)
	var texts []string
	for _, x := range []struct {
		paths []string
		opts  Options
	}{
		{[]string{filepath.Join(root, "shop")}, Options{}},
		{[]string{filepath.Join(root, "shop", "a.portolan.hcl")}, Options{}},
		{nil, Options{Files: inMemory, Dir: "shop", Open: open}},
	} {
		c, sources, diags := Load(x.paths, x.opts)
		p, more := Lower(c, nil)
		if diags = append(diags, more...); len(diags) > 0 {
			t.Errorf("%v", diags)
		}
		if len(sources) != 4 { // three files, and the values
			t.Errorf("%v: sources %v", x.paths, slices.Sorted(maps.Keys(sources)))
		}
		texts = append(texts, p.Text())
	}
	if texts[0] != texts[1] || texts[0] != texts[2] {
		t.Errorf("not the same:\n%s\n%s\n%s", texts[0], texts[1], texts[2])
	}
	if opened["platform"] != 1 || opened["jobs"] != 1 || len(opened) != 2 {
		t.Errorf("opened %v", opened)
	}
}

// What is wrong with a configuration that is used is said at its place.
func TestUseOfWhatIsWrong(t *testing.T) {
	for _, x := range []struct {
		name, text string
		code       diag.Code
		file       string
		says       string // in the detail
	}{
		{"a variable without a value", `variable "x" {}`, diag.MissingValue, "platform/a.portolan.hcl", "is used by another"},
		{"a syntax error", "namespace \"platform\" {\n", diag.Syntax, "platform/a.portolan.hcl", ""},
		{"a name that it does not know", "group \"both\" { members = [shop] }\n", diag.UnknownName, "platform/a.portolan.hcl", ""},
		{"a group in itself", "portolan { use = [\"../shop\"] }\ngroup \"theirs\" { members = [ours] }", diag.Cycle, "", ""},
		{"what it uses is not there", "portolan { use = [\"../nowhere\"] }", diag.Unreadable, "platform/a.portolan.hcl", ""},
		{"another version", "portolan { required_version = \"> 9\" }", diag.WrongVersion, "platform/a.portolan.hcl", ""},
		{"a list of what is computed", "locals { x = \"../shop\" }\nportolan { use = [local.x] }", diag.BadExpression, "platform/a.portolan.hcl", ""},
	} {
		root := tree(t, map[string]string{
			"platform/a.portolan.hcl": x.text + "\n",
			"shop/a.portolan.hcl":     "portolan { use = [\"../platform\"] }\ngroup \"ours\" { members = [theirs] }\nallow ours to cluster { tcp = [1] }\n",
		})
		_, sources, diags := Load([]string{filepath.Join(root, "shop")}, Options{Version: "0.1.0", Vars: nil})
		i := slices.IndexFunc(diags, func(d diag.Diagnostic) bool {
			return d.Code == x.code && (x.file == "" || d.Range.File == filepath.Join(root, filepath.FromSlash(x.file)))
		})
		if i < 0 {
			t.Errorf("%s: %v", x.name, diags)
			continue
		}
		if sources[diags[i].Range.File] == nil {
			t.Errorf("%s: the text of %s is not among the sources", x.name, diags[i].Range.File)
		}
		if !strings.Contains(diags[i].Detail, x.says) {
			t.Errorf("%s: %s", x.name, diags[i].Detail)
		}
		// What could not be read may have declared what is not found.
		if x.code == diag.Syntax && slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == diag.UnknownName }) {
			t.Errorf("%s: %v", x.name, diags)
		}
	}
}

// What hints and warnings say of a configuration that is used is for its owners.
func TestUseSaysNoMoreThanErrors(t *testing.T) {
	root := tree(t, map[string]string{
		"platform/a.portolan.hcl": "namespace \"platform\" {\n  allow nobody to self {}\n}\nexternal \"x\" { cidrs = [\"192.0.2.1/24\"] }\n",
		"shop/a.portolan.hcl":     "portolan { use = [\"../platform\"] }\n",
	})
	if _, _, diags := Load([]string{filepath.Join(root, "shop")}, Options{}); len(diags) > 0 {
		t.Errorf("%v", diags)
	}
	if _, _, diags := Load([]string{filepath.Join(root, "platform")}, Options{}); len(diags) == 0 {
		t.Error("nothing to say of the other")
	}
}

// Standard input stands in the working directory.
func TestUseFromStandardInput(t *testing.T) {
	t.Chdir(filepath.Join(tree(t, map[string]string{"platform/a.portolan.hcl": "namespace \"platform\" {}", "shop/x": ""}), "shop"))
	c, diags := loadText(t, "portolan { use = [\"../platform\"] }\nallow \"r\" {\n from = [platform]\n to = [cluster]\n tcp = [1]\n}\n", Options{})
	if len(diags) > 0 || len(c.Namespaces) != 1 || c.Namespaces[0].From != filepath.Join("..", "platform") {
		t.Errorf("%v %v", diags, c.Namespaces)
	}
}

// In memory there is nothing beside a configuration, unless it is said how to get
// it.
func TestUseInMemory(t *testing.T) {
	_, _, diags := Load(nil, Options{Files: map[string][]byte{"a.portolan.hcl": []byte("portolan { use = [\"../platform\"] }")}})
	if len(diags) != 1 || diags[0].Code != diag.Unreadable || !strings.Contains(diags[0].Summary, "in memory") {
		t.Errorf("%v", diags)
	}
}

func TestUseIsBounded(t *testing.T) {
	files := map[string]string{}
	for i := range maxUsed + 2 {
		files[fmt.Sprintf("d%d/a.portolan.hcl", i)] = fmt.Sprintf("portolan { use = [\"../d%d\"] }\n", i+1)
	}
	files[fmt.Sprintf("d%d/a.portolan.hcl", maxUsed+2)] = "namespace \"last\" {}\n"
	_, _, diags := Load([]string{filepath.Join(tree(t, files), "d0")}, Options{})
	if len(diags) != 1 || diags[0].Code != diag.TooLarge {
		t.Errorf("%v", diags)
	}
}

// Of what others declare and do not manage, facts and groups still say what it
// is; their nodes are peers, and theirs to govern.
func TestUseOfFactsAndNodes(t *testing.T) {
	root := tree(t, map[string]string{
		"platform/a.portolan.hcl": `
cluster {
  switches     = { host_firewall = true }
  cluster_mesh = true
  ingress { workload = "gateways.front" }
}
namespace "gateways" {
  managed = false
  workload "front" { labels = { app = "front" } }
}
nodes "workers" {
  labels       = { role = "worker" }
  default_deny = "both"
}
namespace "gateway-jobs" {
  targets = ["eu"]
  workload "run" { labels = { app = "run" } }
}
target "eu" { cni = "cilium" }
`,
		"shop/a.portolan.hcl": `
portolan { use = ["../platform"] }
cluster { switches = { named_ports = "wider" } }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow ingress to web { tcp = [8080] }
  allow workers to web { tcp = [9100] }
  allow web to "gateway-jobs.run" { tcp = [1] }
}
`,
	})
	c, _, diags := Load([]string{filepath.Join(root, "shop")}, Options{})
	p, more := Lower(c, nil)
	diags = append(diags, more...)
	if len(diags) != 1 || diags[0].Code != diag.DropsOut { // here is no target eu
		t.Errorf("%v", diags)
	}
	if !p.Hosts.IsEmpty() || !p.Inventory.Facts.ClusterMesh {
		t.Errorf("hosts %v, facts %+v", p.Hosts, p.Inventory.Facts)
	}
	text := p.Text()
	for _, want := range []string{"pods(in gateways; app=front)", "nodes{role=worker}"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	var stated []string
	for _, s := range c.Cluster.Switches.Value {
		stated = append(stated, s.Name+"="+s.Value)
	}
	if want := []string{"host_firewall=true", "named_ports=wider"}; !slices.Equal(stated, want) {
		t.Errorf("switches %v, want %v", stated, want)
	}
	if c.Scoped() {
		t.Error("a configuration without targets says different things for them")
	}
}

// Names of the same sound stay apart: what a group of others holds is what they
// mean by it.
func TestUseKeepsNamesApart(t *testing.T) {
	root := tree(t, map[string]string{
		"platform/a.portolan.hcl": `
namespace "legacy" {
  managed = false
  workload "old" {
    labels = { app = "old" }
    ports  = { http = 2 }
  }
}
namespace "s" {
  managed = false
  name    = "shop"
}
external "mail" { cidrs = ["192.0.2.0/24"] }
group "g" { members = ["legacy.old"] }
group "theirs" { members = [g] }
group "post" { members = [mail] }
group "shops" { members = [s] }
`,
		"shop/a.portolan.hcl": `
portolan { use = ["../platform"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to "ours" { tcp = ["http"] }
  allow web to post { tcp = [25] }
  allow shops to web { tcp = [80] }
  allow web to shops { tcp = [81] }
}
namespace "legacy" {
  name = "own-legacy"
  workload "old" {
    labels = { app = "other" }
    ports  = { http = 1 }
  }
}
external "mail" { cidrs = ["198.51.100.0/24"] }
group "ours" { members = [theirs] }
target "eu" {
  cni = "cilium"
  external "mail" { cidrs = ["203.0.113.0/24"] }
}
`,
	})
	c, _, diags := Load([]string{filepath.Join(root, "shop")}, Options{})
	for _, d := range diags {
		if d.Code != diag.NeverUsed {
			t.Errorf("%s\n\t%s", d, d.Detail)
		}
	}
	p, _ := Lower(c, c.Targets[0])
	text := p.Text()
	for _, want := range []string{`pods(in legacy; app=old)`, `tcp "http"`, "192.0.2.0/24"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, d := range p.All() {
		if d.Rule.Subject.Address == "s" {
			t.Errorf("what is governed is called as others call it\n%s", text)
		}
	}
}

// Groups of one name in two configurations do not depend on themselves.
func TestUseOfGroupsOfOneName(t *testing.T) {
	root := tree(t, map[string]string{
		"platform/a.portolan.hcl": "external \"mail\" { cidrs = [\"192.0.2.0/24\"] }\ngroup \"g\" { members = [mail] }\ngroup \"theirs\" { members = [g] }\n",
		"shop/a.portolan.hcl":     "portolan { use = [\"../platform\"] }\ngroup \"g\" { members = [theirs] }\n",
	})
	_, _, diags := Load([]string{filepath.Join(root, "shop")}, Options{})
	for _, d := range diags {
		if d.Code == diag.Cycle {
			t.Errorf("%s\n\t%s", d, d.Detail)
		}
	}
}
