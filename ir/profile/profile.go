// Package profile says what a CNI or a mesh at a version does: the facts that
// give the same manifest different meanings, and which versions Portolan knows.
// Where they hang on how an engine is set up, a switch says so; a platform is an
// engine as a managed cluster has it.
//
//	p, err := profile.Parse("cilium@1.18,host_firewall=true")
package profile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Engine names what enforces policies.
type Engine string

// The engines. Kubernetes is native NetworkPolicy with whatever CNI enforces it.
const (
	Kubernetes   Engine = "kubernetes"
	Calico       Engine = "calico"
	Cilium       Engine = "cilium"
	Istio        Engine = "istio" // sidecar data plane
	IstioAmbient Engine = "istio-ambient"
)

// Version is a minor release.
type Version struct{ Major, Minor int }

func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// AtLeast reports whether v is w or newer.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// Profile is one engine at one version, with what is stated of its settings.
type Profile struct {
	Engine   Engine
	Version  Version
	Platform string // the managed cluster's name, "" for none

	stated string // of switches, as "name=value " in order of names, so that profiles compare
}

// Name is what the profile is asked for by, without version and switches.
func (p Profile) Name() string {
	if p.Platform != "" {
		return p.Platform
	}
	return string(p.Engine)
}

// String is the text that Parse reads as the profile.
func (p Profile) String() string {
	return strings.Join(append([]string{p.Name() + "@" + p.Version.String()}, p.Stated()...), ",")
}

// IsMesh reports whether the engine is a mesh.
func (p Profile) IsMesh() bool { return p.Engine == Istio || p.Engine == IstioAmbient }

// release is an engine with the oldest and the newest minor release that
// Portolan has the facts of; the newest is the default.
type release struct {
	engine         Engine
	oldest, newest Version
}

var known = []release{
	{Kubernetes, Version{1, 25}, Version{1, 36}}, // endPort is stable from 1.25
	{Calico, Version{3, 29}, Version{3, 33}},     // tiers are in open source from 3.29
	{Cilium, Version{1, 17}, Version{1, 20}},
	{Istio, Version{1, 28}, Version{1, 31}},
	{IstioAmbient, Version{1, 28}, Version{1, 31}},
}

// Names lists the engines' names in a fixed order.
func Names() []string {
	var out []string
	for _, k := range known {
		out = append(out, string(k.engine))
	}
	return out
}

// Range gives the oldest and the newest known version of an engine.
func Range(e Engine) (oldest, newest Version, ok bool) {
	i := slices.IndexFunc(known, func(k release) bool { return k.engine == e })
	if i < 0 {
		return Version{}, Version{}, false
	}
	return known[i].oldest, known[i].newest, true
}

// Of gives the profile of an engine or a platform at a version of the engine, ""
// for the newest known. The error says what is wrong with the name or the version
// and what would be right.
func Of(name, version string) (Profile, error) {
	oldest, newest, ok := Range(Engine(name))
	p := Profile{Engine: Engine(name), Version: newest}
	if f, is := platformOf(name); is {
		p = Profile{Engine: f.Engine, Version: f.Newest, Platform: f.Name}
		oldest, newest, ok = f.Oldest, f.Newest, true
	}
	if !ok {
		return Profile{}, fmt.Errorf("there is no engine %q: Portolan knows %s", name, strings.Join(slices.Concat(Names(), PlatformNames()), ", "))
	}
	if version == "" {
		return p, nil
	}
	major, minor, ok := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(strings.SplitN(minor, ".", 2)[0])
	if !ok || err1 != nil || err2 != nil {
		return Profile{}, fmt.Errorf("%q is no version: write it as %q", version, name+"@"+newest.String())
	}
	p.Version = Version{a, b}
	if !p.Version.AtLeast(oldest.Major, oldest.Minor) {
		return Profile{}, fmt.Errorf("%s %s is older than %s, the oldest that Portolan has the facts of", name, p.Version, oldest)
	}
	if !newest.AtLeast(a, b) {
		return Profile{}, fmt.Errorf("%s %s is newer than %s, the newest that Portolan has the facts of", name, p.Version, newest)
	}
	return p, nil
}

// Parse reads NAME[@VERSION][,SWITCH=VALUE...], where the name is an engine's or
// a platform's.
func Parse(text string) (Profile, error) {
	fields := strings.Split(text, ",")
	name, version, _ := strings.Cut(fields[0], "@")
	p, err := Of(name, version)
	for _, f := range fields[1:] {
		if err != nil {
			return p, err
		}
		s, value, ok := strings.Cut(f, "=")
		if !ok {
			return p, fmt.Errorf("%q is no switch: write it as %s=value", f, f)
		}
		p, err = p.With(s, value)
	}
	return p, err
}

// CIDRs says what an address range in a policy matches beside the outside.
type CIDRs uint8

// What ranges match.
const (
	CIDRsOutside  CIDRs = iota + 1 // never pods or nodes
	CIDRsEveryone                  // whatever has the address, pods and nodes too
	CIDRsUnknown                   // the API leaves it to the CNI
)

// CIDRs gives what address ranges match under the profile.
func (p Profile) CIDRs() CIDRs {
	pods, nodes := p.RangesMatchPods(), p.RangesMatchNodes()
	switch {
	case pods == "false" && nodes == "false":
		return CIDRsOutside
	case pods == "true" && nodes == "true":
		return CIDRsEveryone
	}
	return CIDRsUnknown
}

// RangesMatchPods says whether an address range matches pods that have one of its
// addresses: "true", "false", or "" for what nobody knows. Cilium matches ranges
// against the world identity only (policy-cidr-match-mode unset); Calico compiles
// them to address sets; the NetworkPolicy API leaves it open.
func (p Profile) RangesMatchPods() string { return p.rangesMatch("cidr_matches_pods") }

// RangesMatchNodes says the same of nodes.
func (p Profile) RangesMatchNodes() string { return p.rangesMatch("cidr_matches_nodes") }

func (p Profile) rangesMatch(name string) string {
	switch p.Engine {
	case Cilium:
		return "false"
	case Calico, Istio, IstioAmbient:
		return "true"
	case Kubernetes:
	}
	return p.Switch(name)
}
