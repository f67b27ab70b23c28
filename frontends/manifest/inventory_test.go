package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-dev/portolan/ir"
)

func takeText(t *testing.T, text string) (Cluster, []Document) {
	t.Helper()
	in, diags := readText(text)
	c, rest, more := TakeCluster(in.Documents)
	if diags = append(diags, more...); len(diags) > 0 {
		t.Fatal(diags)
	}
	return c, rest
}

func TestTakeCluster(t *testing.T) {
	c, rest := takeText(t, `
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a, kubernetes.io/metadata.name: lie}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, labels: {not: these}}, spec: {replicas: 1, template: {metadata: {labels: {app: web}}, spec: {
  serviceAccountName: front,
  initContainers: [{name: i, ports: [{name: init, containerPort: 1}]}, {name: s, restartPolicy: Always, ports: [{name: mesh, containerPort: 15090}]}],
  containers: [{name: c, ports: [{name: http, containerPort: 8080}, {containerPort: 81}, {name: dns, containerPort: 53, protocol: UDP}, {name: twice, containerPort: 1}]}, {name: d, ports: [{name: twice, containerPort: 2}]}]}}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly}, spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: job}}, spec: {serviceAccount: old}}}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: web, namespace: shop}, spec: {template: {metadata: {labels: {job: web}}, spec: {}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: node}, spec: {template: {metadata: {labels: {app: node}}, spec: {hostNetwork: true}}}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: shop, ownerReferences: [{kind: Deployment, name: web}]}, spec: {}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-1-x, namespace: shop, ownerReferences: [{kind: ReplicaSet, name: web-1}]}, spec: {}}
---
{apiVersion: v1, kind: Pod, metadata: {name: alone, labels: {app: alone}, ownerReferences: [{kind: ReplicaSet, name: gone}]}, spec: {}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: front, namespace: shop}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: http, appProtocol: http}, {port: 81}, {port: 82, targetPort: 8082, protocol: UDP}]}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
{apiVersion: example.com/v1, kind: Deployment, metadata: {name: other}}
`)
	var got []string
	for _, w := range append(slices.Clone(c.Workloads), c.HostNetwork...) {
		got = append(got, fmt.Sprintf("%s %s %s %s %v %v", w.Kind, w.Address, w.Pods, w.Account, w.Ports, w.Containers))
	}
	want := []string{
		"Pod default/alone pods(in default; app=alone) default [] []",
		"CronJob default/nightly pods(in default; app=job) old [] []",
		"Deployment shop/deployment/web pods(in shop; app=web) front [{http 8080 unknown [tcp]} {dns 53 unknown [udp]} {mesh 15090 unknown [tcp]}] [{http 8080 tcp} { 81 tcp} {dns 53 udp} {twice 1 tcp} {twice 2 tcp} {mesh 15090 tcp}]",
		"Job shop/job/web pods(in shop; job=web) default [] []",
		"DaemonSet default/node pods(in default; app=node) default [] []",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, ok := c.Inventory.Workload("shop/job/web"); !ok || len(c.Inventory.Workloads) != 4 {
		t.Error("workloads are not in the inventory")
	}
	if ns, ok := c.Inventory.Namespace("shop"); !ok || fmt.Sprint(ns.Labels) != "map[kubernetes.io/metadata.name:shop team:a]" {
		t.Errorf("namespace %+v", ns)
	}
	if s := c.Services; len(s) != 1 || fmt.Sprint(s[0].Selector, s[0].Ports) != "map[app:web] [{ 80 tcp http 0 http} { 81 tcp  81 } { 82 udp  8082 }]" {
		t.Errorf("services %+v", s)
	}
	if len(rest) != 2 || rest[0].Kind != "ConfigMap" || rest[1].Group() != "example.com" {
		t.Errorf("the rest is %v", rest)
	}
}

func TestClusterErrors(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{"{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {a: yes}}}", "P6103"},
		{"{apiVersion: v1, kind: Namespace, metadata: {name: shop, label: {a: b}}}", "P6101"},
		{"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {}}", "P6104"},
		{"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {metadata: {lables: {a: b}}, spec: {}}}}", "P6101"},
		{"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {metadata: {labels: {a: b}}}}}", "P6104"},
		{"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{ports: [{containerPort: http}]}]}}", "P6103"},
		{"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{ports: [{containerPort: 80, protocol: tcp}]}]}}", "P6105"},
		{"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{targetPort: true, port: 80}]}}", "P6103"},
	} {
		in, _ := readText(x.text)
		if _, _, diags := TakeCluster(in.Documents); strings.Join(codes(diags), " ") != x.want {
			t.Errorf("%s: %v", x.text, diags)
		}
	}
}

func TestDefaultNamespace(t *testing.T) {
	in, _ := ReadFiles([]File{{"x", []byte("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}")}}, Options{DefaultNamespace: "shop"})
	c, _, _ := TakeCluster(in.Documents)
	if len(c.Workloads) != 1 || !c.Workloads[0].Pods.Equal(ir.InNamespace("shop")) {
		t.Errorf("%+v", c.Workloads)
	}
}
