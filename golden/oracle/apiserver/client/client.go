// Package client starts the API server of the folder above it and sends it
// manifests, as kubectl does with --server-side --dry-run=server --validate=strict:
//
//	s, err := client.Start(ctx, binary, t.TempDir())
//	defer s.Close()
//	err = s.Install(ctx, definitions)
//	err = s.Apply(ctx, doc) // what the server has against it
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"

	"github.com/portolan-dev/portolan/golden/oracle"
)

// Endpoint is where a server listens, and who may talk to it.
type Endpoint struct {
	Address     string // a URL
	Token       string // of the one user, who may do everything
	Certificate string // the path of the server's own
}

// Server is a running API server.
type Server struct {
	Version string // as it says, v1.36.3

	process   *exec.Cmd
	hold      io.Closer // ends the process
	discovery *discovery.DiscoveryClient
	objects   dynamic.Interface
	kinds     meta.RESTMapper
	spaces    map[string]bool // namespaces that are there
}

// How long is waited for what takes seconds.
const (
	patience = 2 * time.Minute
	interval = 100 * time.Millisecond
)

// Start starts the binary with its data in a folder, which is empty and not
// removed, and waits until it serves. The server ends with Close, with the
// context and with this process.
func Start(ctx context.Context, binary, dir string) (*Server, error) {
	s := &Server{process: exec.CommandContext(ctx, binary, dir), spaces: map[string]bool{}}
	var log bytes.Buffer
	s.process.Stderr = &log
	hold, err := s.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.hold = hold
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	if err := s.connect(ctx, out); err != nil {
		// Only then has it stopped writing its log.
		return nil, errors.Join(err, s.Close(), fmt.Errorf("%s says: %s", binary, tail(log.Bytes())))
	}
	return s, nil
}

// tail gives the last of a log.
func tail(log []byte) []byte { return log[max(0, len(log)-2000):] }

// connect reads where the server listens and waits until it is ready.
func (s *Server) connect(ctx context.Context, out io.Reader) error {
	var e Endpoint
	if err := json.NewDecoder(out).Decode(&e); err != nil {
		return fmt.Errorf("the server does not say where it listens: %w", err)
	}
	config := &rest.Config{Host: e.Address, BearerToken: e.Token, TLSClientConfig: rest.TLSClientConfig{CAFile: e.Certificate}, QPS: -1, WarningHandler: rest.NoWarnings{}}
	var err error
	if s.objects, err = dynamic.NewForConfig(config); err != nil {
		return err
	}
	if s.discovery, err = discovery.NewDiscoveryClientForConfig(config); err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, interval, patience, true, func(ctx context.Context) (bool, error) {
		_, err := s.discovery.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the server is not ready: %w", err)
	}
	v, err := s.discovery.ServerVersion()
	if err != nil {
		return err
	}
	s.Version = v.GitVersion
	return s.discover()
}

// discover learns which kinds the server has.
func (s *Server) discover() error {
	groups, err := restmapper.GetAPIGroupResources(s.discovery)
	if err != nil {
		return err
	}
	s.kinds = restmapper.NewDiscoveryRESTMapper(groups)
	return nil
}

var definitions = apiextensions.SchemeGroupVersion.WithResource("customresourcedefinitions")

// Install adds kinds and waits until the server has them. The error says which
// definition it does not take, and why.
func (s *Server) Install(ctx context.Context, list []*apiextensions.CustomResourceDefinition) error {
	for _, d := range list {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(d)
		if err != nil {
			return err
		}
		delete(fields, "status")
		if _, err := s.objects.Resource(definitions).Create(ctx, &unstructured.Unstructured{Object: fields}, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	for _, d := range list {
		if err := wait.PollUntilContextTimeout(ctx, interval, patience, true, func(ctx context.Context) (bool, error) { return s.serves(ctx, d.Name) }); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	return s.discover()
}

// serves reports whether the server has the kind of a definition.
func (s *Server) serves(ctx context.Context, name string) (bool, error) {
	o, err := s.objects.Resource(definitions).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false, err
	}
	var d apiextensions.CustomResourceDefinition
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &d); err != nil {
		return false, err
	}
	for _, c := range d.Status.Conditions {
		if c.Type == apiextensions.Established && c.Status == apiextensions.ConditionTrue {
			return true, nil
		}
	}
	return false, nil
}

// Apply sends a document as a server-side apply that is not kept, unknown fields
// being errors, and gives what the server has against it. Its namespace is made
// where it is not there; a namespaced object without one is in "default".
func (s *Server) Apply(ctx context.Context, doc oracle.Document) error {
	var o unstructured.Unstructured
	if err := yaml.Unmarshal(doc.Text, &o.Object); err != nil {
		return err
	}
	kind := o.GroupVersionKind()
	mapping, err := s.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	target := dynamic.ResourceInterface(s.objects.Resource(mapping.Resource))
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := o.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		if err := s.namespace(ctx, namespace); err != nil {
			return err
		}
		target = s.objects.Resource(mapping.Resource).Namespace(namespace)
	}
	force := true
	_, err = target.Patch(ctx, o.GetName(), types.ApplyYAMLPatchType, doc.Text, metav1.PatchOptions{
		DryRun: []string{metav1.DryRunAll}, FieldManager: "portolan", FieldValidation: metav1.FieldValidationStrict, Force: &force,
	})
	return err
}

// namespace makes a namespace unless it is there.
func (s *Server) namespace(ctx context.Context, name string) error {
	if s.spaces[name] {
		return nil
	}
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("v1")
	o.SetKind("Namespace")
	o.SetName(name)
	_, err := s.objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Create(ctx, o, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	s.spaces[name] = true
	return nil
}

// Close ends the server, and kills it if it does not end by itself.
func (s *Server) Close() error {
	stop := time.AfterFunc(10*time.Second, func() { _ = s.process.Process.Kill() })
	defer stop.Stop()
	if err := s.hold.Close(); err != nil {
		return err
	}
	return s.process.Wait()
}
