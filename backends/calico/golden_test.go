package calico

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/backends/manifest"
)

// kinds makes what documents of a kind decode into.
var kinds = map[string]func() any{
	v3.KindTier:                      func() any { return v3.NewTier() },
	v3.KindNetworkPolicy:             func() any { return v3.NewNetworkPolicy() },
	v3.KindGlobalNetworkPolicy:       func() any { return v3.NewGlobalNetworkPolicy() },
	v3.KindStagedNetworkPolicy:       func() any { return v3.NewStagedNetworkPolicy() },
	v3.KindStagedGlobalNetworkPolicy: func() any { return v3.NewStagedGlobalNetworkPolicy() },
	v3.KindNetworkSet:                func() any { return v3.NewNetworkSet() },
	v3.KindGlobalNetworkSet:          func() any { return v3.NewGlobalNetworkSet() },
}

// TestGolden holds everything that is known to be rendered to what the API
// server, calicoctl and Felix demand, by the grammar of their own: a selector
// that the schema takes and Felix cannot read would widen its policy.
func TestGolden(t *testing.T) {
	seen := map[string]int{}
	err := filepath.WalkDir("../../golden", func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && e.Name() == "oracle" {
			return fs.SkipDir // what engines are asked about
		}
		if err != nil || filepath.Ext(path) != ".yaml" || e.Name() == "input.yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, text := range bytes.Split(data, []byte("\n---\n")) {
			var meta struct {
				metav1.TypeMeta   `json:",inline"`
				metav1.ObjectMeta `json:"metadata"`
			}
			if err := yaml.Unmarshal(text, &meta); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if meta.APIVersion != v3.GroupVersionCurrent {
				continue
			}
			seen[meta.Kind]++
			value := kinds[meta.Kind]()
			if err := yaml.UnmarshalStrict(text, value); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			t.Run(path+" "+meta.Kind+" "+meta.Name, func(t *testing.T) {
				validate(t, manifest.Object{APIVersion: meta.APIVersion, Kind: meta.Kind, Namespace: meta.Namespace, Name: meta.Name, Value: value})
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for kind := range kinds {
		if seen[kind] == 0 {
			t.Errorf("no %s", kind)
		}
	}
}
