package golden

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/sem"
)

// sizes are the benchmarks' inputs: rules over workloads. Cost per rule is to
// stay flat from the first to the last.
var sizes = []struct{ rules, workloads int }{{100, 10}, {1000, 100}, {10000, 1000}}

// engines are what the benchmarks render for, one at a time and together.
var engines = []string{"kubernetes", "calico", "cilium", "istio"}

// generate writes an intent with this many rules over this many workloads, in
// namespaces of ten workloads each. Rules go round, within a namespace and
// across, each with two ports, none twice.
func generate(rules, workloads int) []byte {
	var b bytes.Buffer
	const perNamespace = 10
	namespace := func(w int) string { return fmt.Sprintf("ns%03d", w/perNamespace) }
	name := func(w int) string { return fmt.Sprintf("w%d", w%perNamespace) }
	written := 0
	for first := 0; first < workloads; first += perNamespace {
		fmt.Fprintf(&b, "namespace %q {\n", namespace(first))
		end := min(first+perNamespace, workloads)
		for w := first; w < end; w++ {
			fmt.Fprintf(&b, "  workload %q {\n    labels          = { app = %q, tier = \"t%d\" }\n    service_account = %q\n", name(w), name(w), w%3, name(w))
			b.WriteString("    ports           = { http = { port = 8080, protocol = \"http\" }, metrics = 9090 }\n  }\n")
		}
		share := rules*end/workloads - written
		written += share
		for i := range share {
			to := (first + i%perNamespace + 1 + i/perNamespace) % workloads
			target := name(to)
			if namespace(to) != namespace(first) {
				target = fmt.Sprintf("%q", namespace(to)+"."+name(to))
			}
			fmt.Fprintf(&b, "  allow \"r%d\" {\n    description = \"call %d\"\n    from        = [%s]\n    to          = [%s]\n    tcp         = [\"http\", %d]\n  }\n",
				i, i, name(first+i%perNamespace), target, 10000+i)
		}
		b.WriteString("}\n\n")
	}
	return b.Bytes()
}

// load reads the generated intent from one file.
func load(b *testing.B, rules, workloads int) (string, *intent.Config) {
	b.Cleanup(func(percent int) func() {
		return func() { debug.SetGCPercent(percent) }
	}(debug.SetGCPercent(400))) // as the command sets it
	path := filepath.Join(b.TempDir(), "main.portolan.hcl")
	if err := os.WriteFile(path, generate(rules, workloads), 0o644); err != nil {
		b.Fatal(err)
	}
	cfg, _, diags := intent.Load([]string{path}, intent.Options{})
	if diags.HasErrors() {
		b.Fatal(diags[0])
	}
	return path, cfg
}

func perRule(b *testing.B, rules int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rules), "ns/rule")
	b.ReportAllocs()
}

// BenchmarkParse is text to a resolved configuration.
func BenchmarkParse(b *testing.B) {
	for _, s := range sizes {
		b.Run(fmt.Sprintf("rules=%d", s.rules), func(b *testing.B) {
			path, _ := load(b, s.rules, s.workloads)
			for b.Loop() {
				intent.Load([]string{path}, intent.Options{})
			}
			perRule(b, s.rules)
		})
	}
}

// BenchmarkLower is a configuration to a program.
func BenchmarkLower(b *testing.B) {
	for _, s := range sizes {
		b.Run(fmt.Sprintf("rules=%d", s.rules), func(b *testing.B) {
			_, cfg := load(b, s.rules, s.workloads)
			for b.Loop() {
				intent.Lower(cfg, nil)
			}
			perRule(b, s.rules)
		})
	}
}

// rendered renders one configuration for some engines, and proves it.
func rendered(b *testing.B, cfg *intent.Config, to ...string) []pipeline.Rendered {
	return renderedWith(b, cfg, pipeline.Options{Now: time.Unix(0, 0)}, to...)
}

func renderedWith(b *testing.B, cfg *intent.Config, o pipeline.Options, to ...string) []pipeline.Rendered {
	targets, diags := pipeline.Targets(cfg, nil, to)
	out, more := pipeline.Render(cfg, targets, o)
	if diags.HasErrors() || more.HasErrors() {
		b.Fatal(diags, more)
	}
	for _, r := range out {
		if r.Refused {
			b.Fatal(r.Diags)
		}
	}
	return out
}

// BenchmarkObjects is a configuration to objects, lowering included, not proved.
func BenchmarkObjects(b *testing.B) {
	for _, engine := range engines {
		for _, s := range sizes {
			b.Run(fmt.Sprintf("to=%s/rules=%d", engine, s.rules), func(b *testing.B) {
				_, cfg := load(b, s.rules, s.workloads)
				for b.Loop() {
					renderedWith(b, cfg, pipeline.Options{Now: time.Unix(0, 0), Unproved: true}, engine)
				}
				perRule(b, s.rules)
			})
		}
	}
}

// BenchmarkRender is a configuration to proved objects: lowered, printed, read
// back and compared.
func BenchmarkRender(b *testing.B) {
	for _, engine := range engines {
		for _, s := range sizes {
			b.Run(fmt.Sprintf("to=%s/rules=%d", engine, s.rules), func(b *testing.B) {
				_, cfg := load(b, s.rules, s.workloads)
				for b.Loop() {
					rendered(b, cfg, engine)
				}
				perRule(b, s.rules)
			})
		}
	}
}

// BenchmarkPrint is objects to YAML.
func BenchmarkPrint(b *testing.B) {
	for _, engine := range engines {
		for _, s := range sizes {
			b.Run(fmt.Sprintf("to=%s/rules=%d", engine, s.rules), func(b *testing.B) {
				_, cfg := load(b, s.rules, s.workloads)
				r := rendered(b, cfg, engine)
				var n int
				for b.Loop() {
					out, err := manifest.Stream(r[0].Objects())
					if err != nil {
						b.Fatal(err)
					}
					n = len(out)
				}
				b.SetBytes(int64(n))
				perRule(b, s.rules)
			})
		}
	}
}

// BenchmarkWhole is what a user waits for: text to YAML for all four engines.
func BenchmarkWhole(b *testing.B) {
	for _, s := range sizes {
		b.Run(fmt.Sprintf("rules=%d", s.rules), func(b *testing.B) {
			path, _ := load(b, s.rules, s.workloads)
			for b.Loop() {
				cfg, _, _ := intent.Load([]string{path}, intent.Options{})
				for _, r := range rendered(b, cfg, engines...) {
					if _, err := manifest.Stream(r.Objects()); err != nil {
						b.Fatal(err)
					}
				}
			}
			perRule(b, s.rules)
		})
	}
}

// BenchmarkDiff is two configurations in memory, of which one has a rule less,
// to the flows that differ.
func BenchmarkDiff(b *testing.B) {
	for _, s := range sizes {
		b.Run(fmt.Sprintf("rules=%d", s.rules), func(b *testing.B) {
			_, cfg := load(b, s.rules, s.workloads)
			less := *cfg
			less.Rules = cfg.Rules[1:]
			for b.Loop() {
				before, _ := intent.Lower(cfg, nil)
				after, _ := intent.Lower(&less, nil)
				c, err := sem.Compare(sem.Policy{{Program: before}}, sem.Policy{{Program: after}}, sem.Options{Inventory: &before.Inventory})
				if err != nil {
					b.Fatal(err)
				}
				if changes, _, err := c.Changes(10); err != nil || len(changes) != 1 {
					b.Fatal(changes, err)
				}
			}
			perRule(b, s.rules)
		})
	}
}

// BenchmarkFlows is a program to everything that may talk in it.
func BenchmarkFlows(b *testing.B) {
	for _, s := range []struct{ rules, workloads int }{{100, 20}, {1000, 200}, {10000, 2000}} {
		b.Run(fmt.Sprintf("rules=%d", s.rules), func(b *testing.B) {
			_, cfg := load(b, s.rules, s.workloads)
			p, _ := intent.Lower(cfg, nil)
			for b.Loop() {
				if _, err := sem.Connect(sem.Policy{{Program: p}}, &p.Inventory, sem.ConnectOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			perRule(b, s.rules)
		})
	}
}
