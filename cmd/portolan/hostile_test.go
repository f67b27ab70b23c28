//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a hostile input may cost the command. Both are far above what the inputs
// below take, and far below what they would take unbounded.
const (
	hostileTime   = time.Minute
	hostileMemory = 1 << 30
)

// hostile is an input that would exhaust time, memory or the stack, or have
// something written where it does not belong.
type hostile struct {
	name  string
	files map[string]string
	setup func(t *testing.T, dir string) // what is no file
	args  []string
	exit  int
	want  string // on stderr
}

const plainIntent = "namespace \"a\" {}\n"

func hostileInputs() []hostile {
	repeat := strings.Repeat
	policy := func(spec string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: a}\nspec: " + spec + "\n"
	}
	intent := func(name, text, want string) hostile {
		return hostile{name: "intent: " + name, files: map[string]string{"in/main.portolan.hcl": text}, args: []string{"render", "in", "--to", "calico", "-o", "out"}, exit: 2, want: want}
	}
	manifest := func(name, text, want string) hostile {
		return hostile{name: "manifest: " + name, files: map[string]string{"in/x.yaml": text}, args: []string{"render", "in", "--to", "cilium", "-o", "out"}, exit: 2, want: want}
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 30 {
		n, m := string(rune('a'+i/10))+string(rune('0'+i%10)), ""
		if i > 0 {
			m = string(rune('a'+(i-1)/10)) + string(rune('0'+(i-1)%10))
			bomb.WriteString(n + ": &" + n + " [" + repeat("*"+m+", ", 9) + "*" + m + "]\n")
		}
	}
	return []hostile{
		intent("brackets in brackets", "locals { x = "+repeat("[", 1e6), "P1002"),
		intent("blocks in blocks", repeat("namespace \"x\" {\n", 1e5), "P1002"),
		intent("a huge number", "locals { x = [1e1000000000] }\nallow a to world { tcp = local.x }\n"+plainIntent, "P1002"),
		intent("no UTF-8", "namespace \"a\xff\xfe\" {}\n", "P1001"),
		intent("100 MB", plainIntent+repeat("# "+repeat("x", 1022)+"\n", 100<<10), "P1002"),
		intent("locals that need each other", "locals {\n  a = local.b\n  b = local.a\n}\n"+plainIntent+"allow a to world { tcp = local.a }\n", "P1403"),
		intent("a target that leads out", plainIntent+"target \"../../escaped\" { cni = \"calico\" }\n", "P1108"),
		intent("a namespace that leads out", "namespace \"../../escaped\" {}\n", "P1108"),
		{
			name: "intent: the network in use", files: map[string]string{"in/main.portolan.hcl": "portolan { use = [\"https://example.com/policy\"] }\n" + plainIntent},
			args: []string{"render", "in", "--to", "calico", "-o", "out"}, exit: 2, want: "P1114",
		},
		manifest("lists in lists", policy("{x: "+repeat("[", 1e5)+repeat("]", 1e5)+"}"), "P6003"),
		manifest("maps in maps", policy(repeat("{a: ", 1e5)+repeat("}", 1e5)), "P6003"),
		manifest("aliases of aliases", bomb.String()+policy("{podSelector: {}}"), "P6002"),
		manifest("an alias of itself", "a: &a [*a]\n"+policy("{podSelector: {}}"), "P6002"),
		manifest("a huge number", policy("{podSelector: {}, ingress: [{ports: [{port: 1"+repeat("0", 1e6)+"}]}]}"), "P6105"),
		manifest("no UTF-8", policy("{podSelector: {matchLabels: {a: \"\xff\xfe\"}}}"), "P6001"),
		manifest("100 MB", repeat("# "+repeat("x", 1022)+"\n", 100<<10)+policy("{podSelector: {}}"), "P6002"),
		manifest("a name that leads out", strings.Replace(policy("{podSelector: {}}"), "name: x", "name: ../../escaped", 1), "P6105"),
		manifest("a namespace that leads out", strings.Replace(policy("{podSelector: {}}"), "namespace: a", "namespace: ../../escaped", 1), "P6105"),
		{
			name: "a pipe that nobody writes to", args: []string{"check", "in"}, exit: 2, want: "no file",
			setup: func(t *testing.T, dir string) {
				check(t, os.MkdirAll(filepath.Join(dir, "in"), 0o755))
				check(t, syscall.Mkfifo(filepath.Join(dir, "in/main.portolan.hcl"), 0o600))
			},
		},
		{
			name: "a device without an end", args: []string{"render", "in", "--to", "cilium", "-o", "out"}, exit: 2, want: "P6001",
			setup: func(t *testing.T, dir string) {
				check(t, os.MkdirAll(filepath.Join(dir, "in"), 0o755))
				check(t, os.Symlink("/dev/zero", filepath.Join(dir, "in/x.yaml")))
			},
		},
		{
			name: "a target's folder that is a link", files: map[string]string{"in/main.portolan.hcl": plainIntent + "target \"eu\" { cni = \"calico\" }\n"},
			args: []string{"render", "in", "-o", "out"}, exit: 2, want: "link",
			setup: func(t *testing.T, dir string) {
				check(t, os.MkdirAll(filepath.Join(dir, "out"), 0o755))
				check(t, os.MkdirAll(filepath.Join(dir, "elsewhere"), 0o755))
				check(t, os.Symlink("../elsewhere", filepath.Join(dir, "out/eu")))
			},
		},
		{
			name: "a namespace's folder that is a link", files: map[string]string{"in/main.portolan.hcl": plainIntent + "target \"eu\" { cni = \"calico\" }\n"},
			args: []string{"render", "in", "-o", "out"}, exit: 2, want: "link",
			setup: func(t *testing.T, dir string) {
				check(t, os.MkdirAll(filepath.Join(dir, "out/eu"), 0o755))
				check(t, os.MkdirAll(filepath.Join(dir, "elsewhere"), 0o755))
				check(t, os.Symlink("../../elsewhere", filepath.Join(dir, "out/eu/a")))
			},
		},
	}
}

// TestHostileInputs runs the command on inputs that are meant to hurt: each is
// refused with a diagnostic, in bounded time and memory, and nothing is written.
func TestHostileInputs(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes as long as the bounds allow")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range hostileInputs() {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range x.files {
				path := filepath.Join(dir, name)
				check(t, os.MkdirAll(filepath.Dir(path), 0o755))
				check(t, os.WriteFile(path, []byte(text), 0o600))
			}
			if x.setup != nil {
				x.setup(t, dir)
			}
			before := listing(t, dir)
			ctx, cancel := context.WithTimeout(t.Context(), hostileTime)
			defer cancel()
			cmd := exec.CommandContext(ctx, self, x.args...)
			cmd.Args[0] = "portolan" // as which this binary is the command, see TestMain
			cmd.Dir = dir
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if ctx.Err() != nil {
				t.Fatalf("it runs for over %v", hostileTime)
			}
			exit := 0
			if status := (*exec.ExitError)(nil); errors.As(err, &status) {
				exit = status.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			said := stderr.String()
			if exit != x.exit || !strings.Contains(said, x.want) || strings.Contains(said, "goroutine ") {
				t.Errorf("exit code %d, not %d with %q:\n%.2000s", exit, x.exit, x.want, said)
			}
			if stdout.Len() > 0 || len(said) > 16<<10 {
				t.Errorf("it prints %d bytes, and %d of diagnostics:\n%.2000s", stdout.Len(), len(said), said)
			}
			if used := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10; used > hostileMemory {
				t.Errorf("it takes %d MiB of memory", used>>20)
			}
			if after := listing(t, dir); !slices.Equal(before, after) {
				t.Errorf("it writes: %q, and there was %q", after, before)
			}
		})
	}
}

// listing gives everything below a directory.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	check(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		out = append(out, strings.TrimPrefix(path, dir))
		return err
	}))
	return out
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
