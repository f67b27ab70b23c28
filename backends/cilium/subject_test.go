package cilium

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	upstream "github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
)

func pods(namespace ir.Constraint, reqs ...ir.Requirement) ir.Pods {
	p := ir.AllPods()
	p.Namespace, _ = ir.Select(ir.Requirement{Key: ir.NamespaceName, Constraint: namespace})
	p.Labels, _ = ir.Select(reqs...)
	return p
}

func TestSelectors(t *testing.T) {
	byTeam := func(c ir.Constraint) ir.Pods {
		p := ir.AllPods()
		p.Namespace, _ = ir.Select(ir.Requirement{Key: "team", Constraint: c})
		return p
	}
	account := ir.InNamespace("shop")
	account.Account = ir.OneOf("web")
	for _, c := range []struct {
		what, want string
		pods       ir.Pods
	}{
		{"a namespace", `[{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"shop"}}]`, ir.InNamespace("shop")},
		{"two namespaces", `[{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"In","values":["a","b"]}]}]`, ir.InNamespace("a", "b")},
		{"every pod", `[{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"}]}]`, ir.AllPods()},
		{"all but one", `[{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"},{"key":"k8s:io.kubernetes.pod.namespace","operator":"NotIn","values":["shop"]}]}]`, pods(ir.NotOneOf("shop"))},
		{"by label", `[{"matchLabels":{"k8s:io.cilium.k8s.namespace.labels.team":"x"},"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"}]}]`, byTeam(ir.OneOf("x"))},
		{"by absence", `[{"matchExpressions":[{"key":"k8s:io.cilium.k8s.namespace.labels.team","operator":"DoesNotExist"},{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"}]}]`, byTeam(ir.Absent())},
		{"by account", `[{"matchLabels":{"k8s:io.cilium.k8s.policy.serviceaccount":"web","k8s:io.kubernetes.pod.namespace":"shop"}}]`, account},
		{"labels", `[{"matchLabels":{"k8s:app.kubernetes.io/name":"x","k8s:io.kubernetes.pod.namespace":"shop"}}]`,
			pods(ir.OneOf("shop"), ir.Requirement{Key: "app.kubernetes.io/name", Constraint: ir.OneOf("x")})},
		{"present and not", `[{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"shop"},"matchExpressions":[{"key":"k8s:app","operator":"Exists"},{"key":"k8s:app","operator":"NotIn","values":["x"]}]}]`,
			pods(ir.OneOf("shop"), ir.Requirement{Key: "app", Constraint: ir.Present().And(ir.NotOneOf("x"))})},
		{"absent or one of", `[{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"shop"},"matchExpressions":[{"key":"k8s:app","operator":"DoesNotExist"}]},{"matchLabels":{"k8s:app":"x","k8s:io.kubernetes.pod.namespace":"shop"}}]`,
			pods(ir.OneOf("shop"), ir.Requirement{Key: "app", Constraint: ir.Absent().Or(ir.OneOf("x"))})},
	} {
		got, ref := selectors(c.pods, true)
		if ref != nil {
			t.Errorf("%s: %v", c.what, ref)
			continue
		}
		same(t, c.what, got, c.want)
	}
	subject, _ := subjectSelectors(pods(ir.OneOf("shop"), ir.Requirement{Key: "app", Constraint: ir.OneOf("x")}), "shop")
	same(t, "a namespaced subject", subject, `[{"matchLabels":{"k8s:app":"x"}}]`)
	subject, _ = subjectSelectors(ir.InNamespace("shop"), "shop")
	same(t, "a namespace as subject", subject, `[{}]`)
	subject, _ = subjectSelectors(ir.AllPods(), "")
	same(t, "every pod as subject", subject, `[{"matchExpressions":[{"key":"k8s:io.kubernetes.pod.namespace","operator":"Exists"}]}]`)
}

func TestSelectorsRefused(t *testing.T) {
	for _, c := range []struct {
		what string
		pods ir.Pods
	}{
		{"label filter", pods(ir.OneOf("a"), ir.Requirement{Key: "pod-template-hash", Constraint: ir.OneOf("x")})},
		{"label filter", pods(ir.OneOf("a"), ir.Requirement{Key: "topology.kubernetes.io/zone", Constraint: ir.Absent()})},
		{"no pod fits", pods(ir.Absent())},
		{"service account", ir.Pods{Account: ir.OneOf(strings.Repeat("a", 64))}},
		{"label selectors", func() ir.Pods {
			var reqs []ir.Requirement
			for i := range 10 {
				reqs = append(reqs, ir.Requirement{Key: string(rune('a' + i)), Constraint: ir.Absent().Or(ir.OneOf("x"))})
			}
			return pods(ir.OneOf("a"), reqs...)
		}()},
	} {
		if _, ref := selectors(c.pods, true); ref == nil || !strings.Contains(ref.reason, c.what) {
			t.Errorf("%s: %v", c.what, ref)
		}
	}
}

// TestDropped holds the list of filtered keys to the filter itself.
func TestDropped(t *testing.T) {
	if err := labelsfilter.ParseLabelPrefixCfg(slog.New(slog.NewTextHandler(io.Discard, nil)), nil, nil, ""); err != nil {
		t.Fatal(err)
	}
	parts := []string{
		"app", "app.kubernetes.io", "/", "name", "io.kubernetes", ".pod.namespace", "kubernetes.io", ".", "statefulset.", "pod-name", "apps.", "pod-index",
		"batch.", "job-completion-index", "controller-uid", "beta.", "k8s.io", "pod-template-hash", "pod-template-generation", "controller-revision-hash",
		"annotation", "s", "etcd_node", "topology.", "io.cilium.k8s.namespace.labels.", "io.cilium.k8s.policy.serviceaccount", "io.cilium.k8s.policy.cluster", "x", "-",
	}
	check := func(t interface{ Errorf(string, ...any) }, key string) {
		kept, _ := labelsfilter.Filter(upstream.Map2Labels(map[string]string{key: "v"}, upstream.LabelSourceK8s))
		if got := dropped(key); got == (len(kept) == 1) {
			t.Errorf("%q: dropped %v, the filter keeps %v", key, got, kept)
		}
	}
	for _, p := range parts {
		check(t, p)
	}
	rapid.Check(t, func(r *rapid.T) {
		check(r, strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 4).Draw(r, "parts"), ""))
	})
}
