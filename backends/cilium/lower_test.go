package cilium

import (
	"fmt"
	"os"
	"testing"

	"github.com/portolan-dev/portolan/backends/lower"
	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/profile"
)

func TestTry(t *testing.T) {
	cfg, _, diags := intent.Load([]string{os.Getenv("TRY")}, intent.Options{})
	for _, d := range diags {
		fmt.Println(d)
	}
	p, diags := intent.Lower(cfg, nil)
	for _, d := range diags {
		fmt.Println(d)
	}
	pr, err := profile.Parse("cilium")
	if err != nil {
		t.Fatal(err)
	}
	objs, diags := New().Lower(p, lower.Target{Name: "t", Profile: pr})
	for _, d := range diags {
		fmt.Println(d, "--", d.Detail)
	}
	out, err := manifest.Stream(objs)
	fmt.Println(string(out), err)
}
