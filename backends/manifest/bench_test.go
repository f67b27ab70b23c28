package manifest

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// benchObjects makes policies as a backend would: two ingress rules, one egress
// rule, about 1.2 KB each.
func benchObjects(n int) []Object {
	tcp, udp := corev1.ProtocolTCP, corev1.ProtocolUDP
	objs := make([]Object, n)
	for i := range objs {
		app := func(k int) *metav1.LabelSelector {
			return &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": fmt.Sprintf("service-%d", i+k), "tier": "backend"}}
		}
		ns := func(k int) *metav1.LabelSelector {
			return &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": fmt.Sprintf("team-%d", (i+k)%100)}}
		}
		port := func(proto *corev1.Protocol, p int32) networking.NetworkPolicyPort {
			v := intstr.FromInt32(p)
			return networking.NetworkPolicyPort{Protocol: proto, Port: &v}
		}
		np := &networking.NetworkPolicy{
			TypeMeta: metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
			ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("service-%d", i), Namespace: fmt.Sprintf("team-%d", i%100),
				Labels:      map[string]string{"app.kubernetes.io/managed-by": "portolan"},
				Annotations: map[string]string{"portolan.dev/subject": fmt.Sprintf("team-%d/service-%d", i%100, i)},
			},
			Spec: networking.NetworkPolicySpec{
				PodSelector: *app(0),
				PolicyTypes: []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress},
				Ingress: []networking.NetworkPolicyIngressRule{
					{From: []networking.NetworkPolicyPeer{{NamespaceSelector: ns(1), PodSelector: app(1)}}, Ports: []networking.NetworkPolicyPort{port(&tcp, 8080), port(&tcp, 8443)}},
					{From: []networking.NetworkPolicyPeer{{IPBlock: &networking.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16"}}}}, Ports: []networking.NetworkPolicyPort{port(&tcp, 9090)}},
				},
				Egress: []networking.NetworkPolicyEgressRule{
					{To: []networking.NetworkPolicyPeer{{NamespaceSelector: ns(2), PodSelector: app(2)}}, Ports: []networking.NetworkPolicyPort{port(&udp, 53), port(&tcp, 53)}},
				},
			},
		}
		objs[i] = Object{APIVersion: np.APIVersion, Kind: np.Kind, Namespace: np.Namespace, Name: np.Name, Value: np}
	}
	return objs
}

// BenchmarkAppend prints 10,000 NetworkPolicies; MB/s are of YAML.
func BenchmarkAppend(b *testing.B) {
	objs := benchObjects(10_000)
	out, err := Stream(objs)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("marshal and print", func(b *testing.B) {
		b.SetBytes(int64(len(out)))
		b.ReportAllocs()
		for b.Loop() {
			dst := out[:0]
			for _, obj := range objs {
				if dst, err = Append(dst, obj); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("marshal", func(b *testing.B) {
		b.SetBytes(int64(len(out)))
		b.ReportAllocs()
		p := printers.Get().(*printer)
		for b.Loop() {
			for _, obj := range objs {
				p.reset()
				if err := p.load(obj); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("print", func(b *testing.B) {
		p := printers.Get().(*printer)
		var text []byte
		ends := make([]int, len(objs))
		for i, obj := range objs {
			p.reset()
			if err := p.load(obj); err != nil {
				b.Fatal(err)
			}
			text = append(text, p.text...)
			ends[i] = len(text)
		}
		b.SetBytes(int64(len(out)))
		b.ReportAllocs()
		for b.Loop() {
			dst, start := out[:0], 0
			for i, obj := range objs {
				p.reset()
				p.text = append(p.text, text[start:ends[i]]...)
				start = ends[i]
				if dst, err = p.document(dst, obj); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
