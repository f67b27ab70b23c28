package profile

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"cilium":                                  "cilium@1.20",
		"calico@3.30":                             "calico@3.30",
		"calico@v3.30.2":                          "calico@3.30",
		"cilium@1.18,host_firewall=true":          "cilium@1.18,host_firewall=true",
		"kubernetes,sctp=false,end_port=false":    "kubernetes@1.36,end_port=false,sctp=false",
		"kubernetes,sctp=false,sctp=true":         "kubernetes@1.36,sctp=true",
		"eks-vpc-cni@1.33":                        "eks-vpc-cni@1.33",
		"aks-cilium":                              "aks-cilium@1.18",
		"aks-cilium,http_rules=true":              "aks-cilium@1.18,http_rules=true",
		"istio-ambient@1.30":                      "istio-ambient@1.30",
		"openshift-ovn@1.34,named_ports=wider":    "openshift-ovn@1.34,named_ports=wider",
		"kubernetes@1.36,cidr_matches_pods=false": "kubernetes@1.36,cidr_matches_pods=false",
	} {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if p.String() != want {
			t.Errorf("%s is %s, want %s", text, p, want)
		}
		if q, err := Parse(p.String()); err != nil || q != p {
			t.Errorf("%s read again is %s: %v", p, q, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"flannel":                        "there is no engine",
		"cilium@1.2":                     "older than 1.17",
		"aks-cilium@1.20":                "newer than 1.18",
		"aks-cilium@x":                   "is no version",
		"cilium,sctp=false":              `cilium has no switch "sctp": it has `,
		"aks-cilium,sctp=false":          `aks-cilium has no switch "sctp"`,
		"kubernetes,sctp":                `"sctp" is no switch: write it as sctp=value`,
		"kubernetes,":                    "is no switch",
		"kubernetes,sctp=":               "it takes true, false",
		"kubernetes,named_ports=true":    "it takes own, wider, none",
		"cilium,host_firewall=true=true": "it takes true, false",
	} {
		if p, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v, want %q", text, p, err, want)
		}
	}
}

// What is stated wins over the platform, and the platform over what the engine
// ships with.
func TestSwitch(t *testing.T) {
	for _, x := range []struct{ profile, name, want string }{
		{"kubernetes", "cidr_matches_pods", ""},
		{"eks-vpc-cni", "cidr_matches_pods", "true"},
		{"eks-vpc-cni,cidr_matches_pods=false", "cidr_matches_pods", "false"},
		{"gke-dataplane-v2", "cidr_matches_pods", "false"},
		{"gke-dataplane-v2", "cidr_matches_nodes", ""},
		{"kubernetes", "named_ports", "own"},
		{"openshift-ovn", "named_ports", "wider"},
		{"cilium", "http_rules", "true"},
		{"aks-cilium", "http_rules", "false"},
		{"openshift-ovn", "host_network_namespace", ""},
		{"openshift-ovn,host_network_namespace=false", "host_network_namespace", "false"},
		{"calico", "http_rules", ""},
		{"calico", "nonsense", ""},
	} {
		p, err := Parse(x.profile)
		if got := p.Switch(x.name); err != nil || got != x.want {
			t.Errorf("%s of %s is %q, want %q: %v", x.name, x.profile, got, x.want, err)
		}
	}
}

func TestCIDRs(t *testing.T) {
	for text, want := range map[string]CIDRs{
		"cilium": CIDRsOutside, "aks-cilium": CIDRsOutside, "calico": CIDRsEveryone, "istio": CIDRsEveryone,
		"kubernetes": CIDRsUnknown, "eks-vpc-cni": CIDRsEveryone, "gke-dataplane-v2": CIDRsUnknown, "openshift-ovn": CIDRsUnknown,
		"kubernetes,cidr_matches_nodes=false,cidr_matches_pods=false": CIDRsOutside,
		"kubernetes,cidr_matches_nodes=true,cidr_matches_pods=false":  CIDRsUnknown,
		"kubernetes,cidr_matches_nodes=true,cidr_matches_pods=true":   CIDRsEveryone,
	} {
		if p, err := Parse(text); err != nil || p.CIDRs() != want {
			t.Errorf("%s: %d, want %d: %v", text, p.CIDRs(), want, err)
		}
	}
}

// The tables hold together: sorted, whole, and in each other's words.
func TestTables(t *testing.T) {
	var names []string
	for _, s := range Switches() {
		names = append(names, s.Name)
		if len(s.Engines) == 0 || s.Says == "" || s.Source == "" {
			t.Errorf("%s is not whole", s.Name)
		}
		if s.Default != "" && !s.takes(s.Default) {
			t.Errorf("%s does not take its default %q", s.Name, s.Default)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(Switches()) {
		t.Errorf("switches out of order, or twice: %v", names)
	}
	if !slices.IsSorted(PlatformNames()) {
		t.Errorf("platforms out of order: %v", PlatformNames())
	}
	for _, f := range Platforms() {
		p, err := Of(f.Name, "")
		if err != nil || p.Platform != f.Name || p.Engine != f.Engine || p.Name() != f.Name {
			t.Errorf("%s: %+v %v", f.Name, p, err)
		}
		oldest, newest, _ := Range(f.Engine)
		if !f.Oldest.AtLeast(oldest.Major, oldest.Minor) || !newest.AtLeast(f.Newest.Major, f.Newest.Minor) {
			t.Errorf("%s has versions that %s has not", f.Name, f.Engine)
		}
		for _, v := range f.Values {
			q, err := p.With(v.Switch, v.Value)
			if v.Value == "" {
				q, err = p, nil
			}
			if err != nil || v.Source == "" || q.Switch(v.Switch) != p.Switch(v.Switch) {
				t.Errorf("%s: %+v: %v", f.Name, v, err)
			}
			i := slices.IndexFunc(switches, func(s Switch) bool { return s.Name == v.Switch })
			if switches[i].Default == v.Value {
				t.Errorf("%s says of %s what is so anyway", f.Name, v.Switch)
			}
		}
		for _, n := range f.Notes {
			if n.Source == "" || !strings.HasSuffix(n.Says, ".") {
				t.Errorf("%s: a note that is no sentence, or without a source: %+v", f.Name, n)
			}
		}
		if f.DNS.Namespace == "" || f.DNS.Port == 0 || f.DNS.Source == "" {
			t.Errorf("%s: %+v", f.Name, f.DNS)
		}
	}
}

// TestNameSwitch is a switch that takes a name rather than one of some words.
func TestNameSwitch(t *testing.T) {
	p, err := Parse("cilium@1.20,cluster_name=east-1")
	if err != nil || p.Switch("cluster_name") != "east-1" || p.String() != "cilium@1.20,cluster_name=east-1" {
		t.Errorf("%v %v", p, err)
	}
	for _, wrong := range []string{"", "East", "-a", "a b", "abcdefghijklmnopqrstuvwxyz0123456789"} {
		if _, err := p.With("cluster_name", wrong); err == nil || !strings.Contains(err.Error(), "takes a name") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if q, _ := Parse("cilium"); q.Switch("cluster_name") != "" {
		t.Error("every cluster has a name of its own, and none by default")
	}
}
