package pipeline

import (
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/diag"
)

func TestTargets(t *testing.T) {
	cfg := &intent.Config{Targets: []*intent.Target{
		{Name: "eu", CNI: engine("cilium", "1.18")},
		{Name: "us", CNI: engine("calico", ""), Mesh: engine("istio", "")},
	}}
	tests := []struct {
		name      string
		names, to []string
		want      string // "name=part/role,part/role name=..."
		code      diag.Code
	}{
		{"all of the configuration", nil, nil, "eu=cilium@1.18/0 us=calico@3.33/1,istio@1.31/2", ""},
		{"by name, in the order given, once", []string{"us", "eu", "us"}, nil, "us=calico@3.33/1,istio@1.31/2 eu=cilium@1.18/0", ""},
		{"an engine", nil, []string{"kubernetes"}, "kubernetes=kubernetes@1.36/0", ""},
		{"a version, a mesh alone, a stack", nil, []string{"calico@3.30", "istio-ambient", "cilium@1.18+istio@1.29"},
			"calico@3.30=calico@3.30/0 istio-ambient=istio-ambient@1.31/0 cilium@1.18+istio@1.29=cilium@1.18/1,istio@1.29/2", ""},
		{"both", []string{"eu"}, []string{"istio", "istio"}, "eu=cilium@1.18/0 istio=istio@1.31/0", ""},
		{"no such target", []string{"ue"}, nil, "", diag.UnknownTarget},
		{"one name for two", []string{"eu"}, []string{"eu"}, "eu=cilium@1.18/0", diag.UnknownTarget},
		{"no such engine", nil, []string{"flannel"}, "", diag.UnknownEngine},
		{"no such version", nil, []string{"cilium@9.9"}, "", diag.UnknownEngine},
		{"no version at all", nil, []string{"cilium@new"}, "", diag.UnknownEngine},
		{"a version that leads elsewhere", nil, []string{"cilium@1.18./../../x"}, "", diag.UnknownEngine},
		{"a stack the wrong way round", nil, []string{"istio+cilium"}, "", diag.UnknownEngine},
		{"two meshes", nil, []string{"cilium+istio+istio-ambient"}, "", diag.UnknownEngine},
		{"two CNIs", nil, []string{"cilium+calico"}, "", diag.UnknownEngine},
		{"nothing", nil, []string{""}, "", diag.UnknownEngine},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			targets, diags := Targets(cfg, tt.names, tt.to)
			if tt.code == "" && len(diags) > 0 || tt.code != "" && (len(diags) != 1 || diags[0].Code != tt.code) {
				t.Errorf("got %v, want %q", diags, tt.code)
			}
			if got := describe(targets); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if _, diags := Targets(&intent.Config{}, nil, nil); len(diags) != 1 || diags[0].Code != diag.NoTarget {
		t.Errorf("without targets: %v", diags)
	}
}

func engine(name, version string) intent.At[intent.Engine] {
	return intent.At[intent.Engine]{Value: intent.Engine{Name: name, Version: version}, Set: true}
}

func describe(targets []Target) string {
	var out []string
	for _, t := range targets {
		var parts []string
		for _, p := range t.Parts {
			parts = append(parts, p.Profile.String()+"/"+string(rune('0'+p.Role)))
		}
		out = append(out, t.Name+"="+strings.Join(parts, ","))
	}
	return strings.Join(out, " ")
}

func TestSuggest(t *testing.T) {
	for _, tt := range []struct{ given, want string }{
		{"calco", `Did you mean "calico"?`},
		{"xyz", "There are calico, cilium."},
	} {
		if got := Suggest(tt.given, []string{"calico", "cilium"}, "There are "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.given, got, tt.want)
		}
	}
	if got := Suggest("x", nil, "There are "); got != "" {
		t.Errorf("got %q of nothing", got)
	}
}
