// Command apiserver is a Kubernetes API server with its store in one process,
// for tests: kube-apiserver and etcd as they are, on loopback.
//
//	apiserver DIR
//
// keeps all that it writes in DIR, an empty folder. It prints one line of JSON,
// a client.Endpoint, once it listens, and ends when its standard input does: it
// cannot outlive the test that started it. Package client starts it.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"github.com/portolan-dev/portolan/golden/oracle/apiserver/client"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: apiserver DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		// Until whoever holds the other end is gone.
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	store, err := startStore(filepath.Join(dir, "etcd"))
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer store.Close()
	o := options.NewServerRunOptions()
	endpoint, err := configure(o, dir, store.Clients[0].Addr().String())
	if err != nil {
		return err
	}
	return serve(ctx, o, endpoint)
}

// startStore starts etcd on a free port.
func startStore(dir string) (*embed.Etcd, error) {
	any := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	c := embed.NewConfig()
	c.Dir, c.LogLevel = dir, "error"
	c.UnsafeNoFsync = true // nothing is kept
	c.ListenClientUrls, c.AdvertiseClientUrls = any, any
	c.ListenPeerUrls, c.AdvertisePeerUrls = any, any
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	store, err := embed.StartEtcd(c)
	if err != nil {
		return nil, err
	}
	select {
	case <-store.Server.ReadyNotify():
		return store, nil
	case err := <-store.Err():
		store.Close()
		return nil, err
	}
}

// configure makes the options of a server that one user, who may do all, talks
// to. Off are the admission plugins that hang on objects which controllers
// make, and what a server does for a cluster's network.
func configure(o *options.ServerRunOptions, dir, store string) (*client.Endpoint, error) {
	token, key, err := secrets(dir)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().(*net.TCPAddr)
	o.SecureServing.Listener, o.SecureServing.BindPort, o.SecureServing.BindAddress = listener, address.Port, address.IP
	o.SecureServing.ServerCert.CertDirectory = dir
	o.GenericServerRunOptions.AdvertiseAddress = address.IP
	o.Etcd.StorageConfig.Transport.ServerList = []string{"http://" + store}
	o.ServiceClusterIPRanges = "10.0.0.0/24"
	o.EndpointReconcilerType = "none"
	o.Features.EnableProfiling = false

	o.Authorization.Modes = []string{"AlwaysAllow"}
	o.Authentication.Anonymous.Allow = false
	o.Authentication.TokenFile.TokenFile = filepath.Join(dir, "tokens.csv")
	o.Authentication.ServiceAccounts.Issuers = []string{"https://kubernetes.default.svc"}
	o.Authentication.ServiceAccounts.KeyFiles = []string{key}
	o.ServiceAccountSigningKeyFile = key
	o.Admission.GenericAdmission.DisablePlugins = []string{
		"ServiceAccount", "TaintNodesByCondition", "Priority", "DefaultTolerationSeconds", "RuntimeClass",
	}
	return &client.Endpoint{
		Address: "https://" + address.String(), Token: token,
		Certificate: filepath.Join(dir, o.SecureServing.ServerCert.PairName+".crt"),
	}, nil
}

// secrets writes the one user's token, and a key for service accounts.
func secrets(dir string) (token, keyFile string, err error) {
	token = rand.Text()
	if err := os.WriteFile(filepath.Join(dir, "tokens.csv"), []byte(token+",admin,admin,system:masters\n"), 0o600); err != nil {
		return "", "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	text, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return "", "", err
	}
	keyFile = filepath.Join(dir, "accounts.key")
	return token, keyFile, os.WriteFile(keyFile, text, 0o600)
}

// serve runs the server until the context ends.
func serve(ctx context.Context, o *options.ServerRunOptions, endpoint *client.Endpoint) error {
	if err := o.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	completed, err := o.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	if err := json.NewEncoder(os.Stdout).Encode(endpoint); err != nil {
		return err
	}
	if err := app.Run(ctx, completed); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
