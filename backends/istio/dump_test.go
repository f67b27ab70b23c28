package istio

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	security "istio.io/api/security/v1"

	"github.com/portolan-dev/portolan/backends/manifest"
)

func dumpCase(t *testing.T, dir, name, engine, text string) bool {
	p, tg, ok := tryLower(t, engine, text)
	if !ok {
		return false
	}
	objects, diags := Backend{}.Lower(p, tg)
	if diags.HasErrors() {
		return false
	}
	out, err := manifest.Stream(objects)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, name+".yaml"), out, 0o644)
	m := meshOf("istio-system", objects)
	var b strings.Builder
	kind := "sidecar"
	if strings.HasPrefix(engine, "istio-ambient") {
		kind = "ambient"
	}
	n := 0
	each(p, func(f flow) {
		if n++; n%7 != 0 {
			return
		}
		mode := m.mode(f.to, f.port)
		peer := "-"
		if f.from.mesh && !f.plaintext && mode != security.PeerAuthentication_MutualTLS_DISABLE {
			peer = f.from.namespace + "/" + f.from.account
		}
		if peer == "-" && mode == security.PeerAuthentication_MutualTLS_STRICT || kind == "ambient" && f.request != nil {
			return
		}
		want := "DENY"
		if m.allows(f) {
			want = "ALLOW"
		}
		var labels []string
		for k, v := range f.to.labels {
			labels = append(labels, k+"="+v)
		}
		fmt.Fprintf(&b, "%s %s %s %s %s %s %d", want, kind, f.to.namespace, "x=y,"+strings.Join(labels, ","), peer, f.from.address, f.port)
		if q := f.request; q != nil {
			fmt.Fprintf(&b, " %s %s %s", q.method, q.path, q.host)
			for k, v := range q.headers {
				fmt.Fprintf(&b, " %s=%s", k, v)
			}
		}
		b.WriteString("\n")
	})
	os.WriteFile(filepath.Join(dir, name+".flows"), []byte(b.String()), 0o644)
	return true
}

func TestDump(t *testing.T) {
	dir := os.Getenv("DUMP")
	if dir == "" {
		t.Skip()
	}
	for seed := range seeds() {
		for _, e := range []string{"istio", "calico+istio", "istio-ambient"} {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 7))}
			dumpCase(t, dir, fmt.Sprintf("r%05d-%s", seed, e), e, g.intent())
		}
	}
	dirs, _ := filepath.Glob("../../golden/istio/*")
	for _, d := range dirs {
		text, _ := os.ReadFile(filepath.Join(d, "input.portolan.hcl"))
		targets, _ := os.ReadFile(filepath.Join(d, "targets"))
		for _, e := range strings.Fields(string(targets)) {
			dumpCase(t, dir, "golden-"+filepath.Base(d)+"-"+e, e, string(text))
		}
	}
}
