// Package schemas validates custom resources as an API server does that has
// their official definitions: the structural schema, unknown fields, defaults,
// list types and CEL.
//
//	errs := schemas.Validate(oracle.Document{Text: text})
//
// The definitions are the files of the vendors' modules. Calico's come from the
// OpenAPI definitions of its Go types, as the modules that can be had carry no
// CRDs of projectcalico.org/v3: these know fields and types, and no enums,
// patterns or CEL.
package schemas

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// file is where a module has definitions, and of which kinds they are taken.
type file struct {
	module, path string
	kinds        []string
}

var files = []file{
	{"github.com/cilium/cilium", "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml", []string{"CiliumNetworkPolicy"}},
	{"github.com/cilium/cilium", "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumclusterwidenetworkpolicies.yaml", []string{"CiliumClusterwideNetworkPolicy"}},
	{"github.com/cilium/cilium", "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumcidrgroups.yaml", []string{"CiliumCIDRGroup"}},
	{"istio.io/api", "kubernetes/customresourcedefinitions.gen.yaml", []string{
		"AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication",
		"DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "VirtualService", "WorkloadEntry",
	}},
	// The standard channel, which is what Portolan writes.
	{"sigs.k8s.io/network-policy-api", "config/crd/standard/policy.networking.k8s.io_clusternetworkpolicies.yaml", []string{"ClusterNetworkPolicy"}},
}

// Definitions gives the definitions of all kinds, in order of names. The error
// says which file of which module could not be read.
var Definitions = sync.OnceValues(func() ([]*apiextensions.CustomResourceDefinition, error) {
	dirs, err := modules()
	if err != nil {
		return nil, err
	}
	var all []*apiextensions.CustomResourceDefinition
	for _, f := range files {
		found, err := f.read(dirs[f.module])
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", f.path, f.module, err)
		}
		all = append(all, found...)
	}
	own, err := calico()
	if err != nil {
		return nil, err
	}
	all = append(all, own...)
	slices.SortFunc(all, func(a, b *apiextensions.CustomResourceDefinition) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
})

// modules gives the folders of the files' modules, by their paths. Those that
// nothing was built with are downloaded.
func modules() (map[string]string, error) {
	args := []string{"mod", "download", "-json"}
	for _, f := range files {
		if !slices.Contains(args, f.module) {
			args = append(args, f.module)
		}
	}
	out, failed := exec.Command("go", args...).Output()
	dirs := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var m struct{ Path, Dir, Error string }
		switch err := d.Decode(&m); {
		case errors.Is(err, io.EOF) && failed != nil:
			return nil, fmt.Errorf("go mod download: %w", failed)
		case errors.Is(err, io.EOF):
			return dirs, nil
		case err != nil:
			return nil, fmt.Errorf("go mod download: %w", err)
		case m.Error != "":
			return nil, fmt.Errorf("%s: %s", m.Path, m.Error)
		}
		dirs[m.Path] = m.Dir
	}
}

// read gives the definitions of the file's kinds, each of which has to be there.
func (f *file) read(dir string) ([]*apiextensions.CustomResourceDefinition, error) {
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.path)))
	if err != nil {
		return nil, err
	}
	var out []*apiextensions.CustomResourceDefinition
	for reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text))); ; {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		d := &apiextensions.CustomResourceDefinition{}
		if err := cmp.Or(err, yaml.Unmarshal(doc, d)); err != nil {
			return nil, err
		}
		if slices.Contains(f.kinds, d.Spec.Names.Kind) {
			d.Status = apiextensions.CustomResourceDefinitionStatus{}
			out = append(out, d)
		}
	}
	if len(out) != len(f.kinds) {
		return nil, fmt.Errorf("it has %d definitions of %s", len(out), strings.Join(f.kinds, ", "))
	}
	return out, nil
}
