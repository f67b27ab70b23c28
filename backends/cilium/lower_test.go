package cilium

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/profile"
)

func TestTry(t *testing.T) {
	dirs, _ := filepath.Glob(os.Getenv("TRY"))
	for _, dir := range dirs {
		fmt.Println("=====", dir)
		cfg, _, diags := intent.Load([]string{dir}, intent.Options{})
		for _, d := range diags {
			fmt.Println("load:", d)
		}
		to, err := os.ReadFile(filepath.Join(dir, "targets"))
		if err != nil {
			to = []byte("cilium")
		}
		pr, err := profile.Parse(strings.TrimSpace(string(to)))
		if err != nil {
			t.Fatal(err)
		}
		p, diags := intent.Lower(cfg, nil)
		for _, d := range diags {
			fmt.Println("lower:", d)
		}
		objs, diags := New().Lower(p, lower.Target{Name: "t", Profile: pr})
		for _, d := range diags {
			fmt.Println("backend:", d, "--", d.Detail)
		}
		out, err := manifest.Stream(objs)
		fmt.Println(string(out), err)
	}
}
