package istio

import (
	_ "unsafe" // for go:linkname: istiod does not export what it converts policies by

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/serviceregistry/ambient"
	"istio.io/istio/pkg/kube/krt"

	securityclient "istio.io/client-go/pkg/apis/security/v1"
)

// initAuthenticationPolicies indexes an environment's PeerAuthentications and
// RequestAuthentications, as istiod does for every push.
//
//go:linkname initAuthenticationPolicies istio.io/istio/pilot/pkg/model.initAuthenticationPolicies
func initAuthenticationPolicies(env *model.Environment) *model.AuthenticationPolicies

// buildWorkloadPolicies gives the names of the policies that istiod attaches to a
// pod for ztunnel, beside those of its namespace and of all.
//
//go:linkname buildWorkloadPolicies istio.io/istio/pilot/pkg/serviceregistry/ambient.buildWorkloadPolicies
func buildWorkloadPolicies(ctx krt.HandlerContext, policies krt.Collection[model.WorkloadAuthorization], peers krt.Collection[*securityclient.PeerAuthentication],
	mesh *ambient.MeshConfig, labels map[string]string, namespace string) []string
