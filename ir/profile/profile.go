// Package profile says what a CNI or a mesh at a version does: the facts that
// give the same manifest different meanings, and which versions Portolan knows.
//
//	p, err := profile.Parse("cilium@1.18")
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
	Engine  Engine
	Version Version

	stated string // of switches, as "name=value " in order of names, so that profiles compare
}

func (p Profile) String() string { return string(p.Engine) + "@" + p.Version.String() }

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

// Of gives the profile of an engine at a version, "" for the newest known. The
// error says what is wrong with the name or the version and what would be right.
func Of(name, version string) (Profile, error) {
	oldest, newest, ok := Range(Engine(name))
	if !ok {
		return Profile{}, fmt.Errorf("there is no engine %q: Portolan knows %s", name, strings.Join(Names(), ", "))
	}
	p := Profile{Engine: Engine(name), Version: newest}
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

// Parse reads "engine" or "engine@version".
func Parse(text string) (Profile, error) {
	name, version, _ := strings.Cut(text, "@")
	return Of(name, version)
}

// CIDRs says what an address range in a policy matches beside the outside.
type CIDRs uint8

// What ranges match.
const (
	CIDRsOutside  CIDRs = iota + 1 // never pods or nodes
	CIDRsEveryone                  // whatever has the address, pods and nodes too
	CIDRsUnknown                   // the API leaves it to the CNI
)

// CIDRs gives what address ranges match under the profile. Cilium matches
// ranges against the world identity only (policy-cidr-match-mode unset);
// Calico compiles them to address sets; the NetworkPolicy API leaves it open.
func (p Profile) CIDRs() CIDRs {
	switch p.Engine {
	case Cilium:
		return CIDRsOutside
	case Calico, Istio, IstioAmbient:
		return CIDRsEveryone
	case Kubernetes:
	}
	return CIDRsUnknown
}
