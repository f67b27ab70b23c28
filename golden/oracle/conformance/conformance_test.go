package conformance

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/portolan-dev/portolan/golden/oracle/calico"
	"github.com/portolan-dev/portolan/golden/oracle/cilium"
	"github.com/portolan-dev/portolan/golden/oracle/istio"
	"github.com/portolan-dev/portolan/golden/oracle/kubernetes"
	"github.com/portolan-dev/portolan/golden/oracle/random"
)

var (
	programs = flag.Int("programs", 30, "how many random programs each check draws of each family")
	update   = flag.Bool("update", false, "write the scores to docs/conformance.md, where all checks pass")
)

// families is all of them, in the order of the page.
var families = []*Family{
	{
		Name: "kubernetes", Engine: kubernetes.New(), Draw: kubernetes.Draw, Argued: kubernetes.Argued(), Dialect: random.Dialects["kubernetes"], Proved: true,
		Profiles: []string{"kubernetes,cidr_matches_pods=true,cidr_matches_nodes=true"},
	},
	{
		Name: "calico", Engine: calico.New(), Draw: calico.Draw, Dialect: random.Dialects["calico"], Proved: true,
		Profiles: []string{"calico", "calico,host_endpoints=true"},
	},
	{
		Name: "cilium", Engine: cilium.New(), Draw: cilium.Draw, Argued: cilium.Argued(), Dialect: random.Dialects["cilium"],
		Profiles: []string{
			"cilium", "cilium,host_firewall=true",
			"cilium,cluster_network_policy=true,host_firewall=true,node_selector_labels=true,cluster_name=default",
		},
	},
	{
		Name: "istio", Engine: istio.New(), Draw: istio.Draw, Argued: istio.Argued, Dialect: random.Dialects["istio"], Proved: true,
		Profiles: []string{"istio", "istio-ambient"},
	},
}

var board Scoreboard

// TestMain prints the scores of all checks that ran.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	fmt.Print("\n", board.Table())
	if *update && code == 0 {
		if err := board.write(families); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	os.Exit(code)
}

func TestKubernetes(t *testing.T) {
	t.Parallel()
	Checks(t, families[0], *programs, &board)
}

func TestCalico(t *testing.T) {
	t.Parallel()
	Checks(t, families[1], *programs, &board)
}

func TestCilium(t *testing.T) {
	t.Parallel()
	Checks(t, families[2], *programs, &board)
}

func TestIstio(t *testing.T) {
	t.Parallel()
	Checks(t, families[3], *programs, &board)
}
