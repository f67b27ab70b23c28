package main

import (
	"encoding/json"
	"fmt"

	v3 "github.com/projectcalico/api/pkg/apis/projectcalico/v3"
	"github.com/projectcalico/calico/felix/calc"
	"github.com/projectcalico/calico/felix/config"
	"github.com/projectcalico/calico/felix/proto"
	bapi "github.com/projectcalico/calico/libcalico-go/lib/backend/api"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/k8s/conversion"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/model"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/syncersv1/updateprocessors"
	"github.com/projectcalico/calico/libcalico-go/lib/backend/watchersyncer"
	"github.com/projectcalico/calico/libcalico-go/lib/resources"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// hostname is the node that every pod and host endpoint is on, whatever they
// say: Felix calculates policies for its own node's endpoints only, and no policy
// asks for the node.
const hostname = "node"

// someUID is for objects that have none, which conversions ask for.
const someUID = "00000000-0000-4000-8000-000000000000"

// policy is a policy with the text by which Felix sorts it among those of equal
// order. What it is in the release at hand, the caller says.
type policy struct {
	Key    string          `json:"key"`
	Object json.RawMessage `json:"object"`
}

// graph is what Felix's calculation graph gives to the dataplane: policies and
// profiles as rules over IP sets, and which of them are at which endpoint.
type graph struct {
	sets      map[string]*proto.IPSetUpdate
	policies  map[string]*proto.Policy
	profiles  map[string]*proto.Profile
	workloads map[string]*proto.WorkloadEndpoint // by namespace/name
	hosts     map[string]*proto.HostEndpoint
}

// builder feeds a calculation graph.
type builder struct {
	conv   conversion.Converter
	filter *calc.ValidationFilter
	sink   bapi.SyncerCallbacks
	valued bool     // what is on its way is no deletion
	lost   []string // what came as one all the same
}

// calculate runs Felix's calculation graph on a cluster with policies. An object
// that Felix would pass over for being invalid is an error.
func calculate(objects []json.RawMessage, policies []policy) (*graph, error) {
	conf := config.New()
	conf.FelixHostname = hostname
	out := &graph{
		map[string]*proto.IPSetUpdate{}, map[string]*proto.Policy{}, map[string]*proto.Profile{},
		map[string]*proto.WorkloadEndpoint{}, map[string]*proto.HostEndpoint{},
	}
	events := calc.NewEventSequencer(conf)
	events.Callback = out.take
	g := calc.NewCalculationGraph(events, conf, func() {})
	b := &builder{conv: conversion.NewConverter(), sink: g.AllUpdDispatcher}
	b.filter = calc.NewValidationFilter(b, conf)
	b.filter.OnStatusUpdated(bapi.ResyncInProgress)
	if err := b.profile(resources.DefaultAllowProfile()); err != nil {
		return nil, err
	}
	for _, o := range objects {
		if err := b.add(policy{Object: o}); err != nil {
			return nil, err
		}
	}
	for _, p := range policies {
		if err := b.add(p); err != nil {
			return nil, err
		}
	}
	b.filter.OnStatusUpdated(bapi.InSync)
	g.Flush()
	events.Flush()
	if b.lost != nil {
		return nil, fmt.Errorf("invalid, and passed over by Felix: %v", b.lost)
	}
	return out, nil
}

// OnStatusUpdated passes the status on.
func (b *builder) OnStatusUpdated(s bapi.SyncStatus) { b.sink.OnStatusUpdated(s) }

// OnUpdates passes on what comes from the validation, and notes what did not get
// through it: that comes as something deleted.
func (b *builder) OnUpdates(all []bapi.Update) {
	for _, u := range all {
		if u.Value == nil && b.valued {
			b.lost = append(b.lost, u.Key.String())
		}
	}
	b.sink.OnUpdates(all)
}

// update feeds one update. An object may have a part that it does not have, whose
// update is a deletion.
func (b *builder) update(kv *model.KVPair) {
	b.valued = kv.Value != nil
	b.filter.OnUpdates([]bapi.Update{{KVPair: *kv, UpdateType: bapi.UpdateTypeKVNew}})
}

// process hands an object on in the form that Felix gets it in. A policy gets its
// key.
func (b *builder) process(p watchersyncer.SyncerUpdateProcessor, kv *model.KVPair, key string) error {
	all, err := p.Process(kv)
	if err != nil {
		return err
	}
	for _, kv := range all {
		if _, is := kv.Key.(model.PolicyKey); is {
			kv.Key = model.PolicyKey{Name: key}
		}
		b.update(kv)
	}
	return nil
}

func (b *builder) profile(kv *model.KVPair) error {
	return b.process(updateprocessors.NewProfileUpdateProcessor(), kv, "")
}

// add feeds one object, with what Calico's syncer does to it first.
func (b *builder) add(p policy) error {
	o, err := decode(p.Object)
	if err != nil {
		return err
	}
	kv := func(kind string) *model.KVPair {
		return &model.KVPair{Key: model.ResourceKey{Kind: kind, Name: o.GetName(), Namespace: o.GetNamespace()}, Value: o}
	}
	if o.GetUID() == "" {
		o.SetUID(someUID)
	}
	switch o := o.(type) {
	case *corev1.Namespace:
		made, err := b.conv.NamespaceToProfile(o)
		if err != nil {
			return err
		}
		return b.profile(made)
	case *corev1.ServiceAccount:
		made, err := b.conv.ServiceAccountToProfile(o)
		if err != nil {
			return err
		}
		return b.profile(made)
	case *corev1.Pod:
		return b.pod(o)
	case *discoveryv1.EndpointSlice:
		b.update(kv(model.KindKubernetesEndpointSlice))
		return nil
	case *networkingv1.NetworkPolicy:
		made, err := b.conv.K8sNetworkPolicyToCalico(o)
		if err != nil {
			return err
		}
		return b.process(updateprocessors.NewNetworkPolicyUpdateProcessor(), made, p.Key)
	case *v3.NetworkPolicy:
		return b.process(updateprocessors.NewNetworkPolicyUpdateProcessor(), kv(v3.KindNetworkPolicy), p.Key)
	case *v3.GlobalNetworkPolicy:
		return b.process(updateprocessors.NewGlobalNetworkPolicyUpdateProcessor(), kv(v3.KindGlobalNetworkPolicy), p.Key)
	case *v3.NetworkSet:
		return b.process(updateprocessors.NewNetworkSetUpdateProcessor(), kv(v3.KindNetworkSet), "")
	case *v3.GlobalNetworkSet:
		return b.process(updateprocessors.NewGlobalNetworkSetUpdateProcessor(), kv(v3.KindGlobalNetworkSet), "")
	case *v3.HostEndpoint:
		o.Spec.Node = hostname
		return b.process(updateprocessors.NewHostEndpointUpdateProcessor(), kv(v3.KindHostEndpoint), "")
	}
	return fmt.Errorf("%T is not loaded", o)
}

// pod feeds a pod's workload endpoint, if Calico has one for it.
func (b *builder) pod(p *corev1.Pod) error {
	p.Spec.NodeName = hostname
	if !b.conv.IsValidCalicoWorkloadEndpoint(p) {
		return nil
	}
	made, err := b.conv.PodToWorkloadEndpoints(p)
	if err != nil {
		return err
	}
	for _, kv := range made {
		if err := b.process(updateprocessors.NewWorkloadEndpointUpdateProcessor(), kv, ""); err != nil {
			return err
		}
	}
	return nil
}

// take takes a message to the dataplane. All of them come with the one flush, so
// that nothing is changed or removed.
func (g *graph) take(message any) {
	switch m := message.(type) {
	case *proto.IPSetUpdate:
		g.sets[m.Id] = m
	case *proto.ActivePolicyUpdate:
		g.policies[m.Id.Name] = m.Policy
	case *proto.ActiveProfileUpdate:
		g.profiles[m.Id.Name] = m.Profile
	case *proto.WorkloadEndpointUpdate:
		g.workloads[m.Id.WorkloadId] = m.Endpoint
	case *proto.HostEndpointUpdate:
		g.hosts[m.Id.EndpointId] = m.Endpoint
	}
}
