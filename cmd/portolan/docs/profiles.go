package docs

import (
	"fmt"
	"strings"

	"github.com/portolan-dev/portolan/ir/profile"
)

// Profiles is the page of what enforces policies: engines, the switches by which
// the same policies mean something else, and managed clusters.
func Profiles() string {
	var b strings.Builder
	b.WriteString(`The same manifest means different things where different engines enforce it, at another version, or set up another way. A profile says which:
` + "`NAME[@VERSION][,SWITCH=VALUE...]`" + ` on the command line (` + "`--to`, `--profile`, `--from`" + `), and in a configuration

` + "```hcl" + `
target "eu" {
  cni      = "cilium@1.20"
  switches = { host_firewall = true }
}
` + "```" + `

Switches in the ` + "`cluster`" + ` block are for every target that has them, and for the manifests that ` + "`--facts`" + ` is given with; a target's own come over them.
Without a version the newest is meant. A switch that nobody stated has its default; where it has none, verdicts that hang on it are unknown and name it.

## Engines

| engine | | versions |
| --- | --- | --- |
`)
	for _, name := range profile.Names() {
		oldest, newest, _ := profile.Range(profile.Engine(name))
		kind := "CNI"
		if (profile.Profile{Engine: profile.Engine(name)}).IsMesh() {
			kind = "mesh"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s to %s |\n", name, kind, oldest, newest)
	}
	b.WriteString("\n## Switches\n\n| switch | of | values | default | |\n| --- | --- | --- | --- | --- |\n")
	for _, s := range profile.Switches() {
		var engines []string
		for _, e := range s.Engines {
			engines = append(engines, "`"+string(e)+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s (%s) |\n", s.Name, strings.Join(engines, ", "), values(s), unlessNone(s.Default), cell(s.Says), cited(s.Source))
	}
	b.WriteString(`
## Managed clusters

A managed cluster's name stands where an engine's does. What its operator, or the code that it runs, says of it is part of the profile; what nobody
wrote down stays unknown. The version is the engine's.
`)
	for _, f := range profile.Platforms() {
		fmt.Fprintf(&b, "\n### `%s`\n\n%s: `%s` %s to %s.\n\n", f.Name, f.Says, f.Engine, f.Oldest, f.Newest)
		for _, v := range f.Values {
			fmt.Fprintf(&b, "- `%s` is %s (%s).\n", v.Switch, unlessNone(v.Value), cited(v.Source))
		}
		fmt.Fprintf(&b, "- DNS is pods with `%s=%s` in `%s`, on port %d (%s).\n", f.DNS.Key, f.DNS.Label, f.DNS.Namespace, f.DNS.Port, cited(f.DNS.Source))
		for _, n := range f.Notes {
			fmt.Fprintf(&b, "- %s (%s)\n", n.Says, cited(n.Source))
		}
	}
	return b.String()
}

func values(s profile.Switch) string {
	switch {
	case s.Text:
		return "a name"
	case s.Values == nil:
		return "true, false"
	}
	return strings.Join(s.Values, ", ")
}

func unlessNone(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

// cited is where something is written: a page, or a file.
func cited(source string) string {
	if strings.HasPrefix(source, "http") {
		return "[source](" + source + ")"
	}
	return "`" + source + "`"
}
