package istio

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/frontends/manifest"
)

// BenchmarkLift is 10,000 policies with a rule about requests each.
func BenchmarkLift(b *testing.B) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&text, `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p%d, namespace: ns%d}
spec:
  selector: {matchLabels: {app: a%d}}
  rules:
  - from: [{source: {serviceAccounts: [shop/web%d, shop/api]}}, {source: {ipBlocks: [10.0.0.0/8], notIpBlocks: [10.1.0.0/16]}}]
    to: [{operation: {ports: ["8080"], methods: [GET], paths: ["/v%d/*", "/health"]}}]
---
`, i, i%100, i, i, i)
	}
	in, diags := manifest.ReadFiles([]manifest.File{{Name: "m.yaml", Data: []byte(text.String())}}, manifest.Options{})
	if len(diags) > 0 || len(in.Documents) != 10_000 {
		b.Fatal(len(in.Documents), diags)
	}
	o := under(b, "istio")
	for b.Loop() {
		if _, diags := (Frontend{}).Lift(in.Documents, o); len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}
