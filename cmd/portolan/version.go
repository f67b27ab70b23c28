package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/ir/profile"
)

// versionInfo is what the version verb knows.
type versionInfo struct {
	FormatVersion string        `json:"format_version"`
	Version       string        `json:"version"`
	Commit        string        `json:"commit,omitempty"`
	Modified      bool          `json:"modified,omitempty"` // built from a changed tree
	Go            string        `json:"go"`
	Platform      string        `json:"platform"`
	Engines       []engineRange `json:"engines"`
}

type engineRange struct {
	Name   string `json:"name"`
	Oldest string `json:"oldest"`
	Newest string `json:"newest"`
}

func (a *app) versionCommand() *cobra.Command {
	output := newChoice("text", "text", "json")
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the engines' versions that it knows",
		Example: `  portolan version
  portolan version -o json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := newVersion()
			if output.value == "json" {
				return render.Indented(a.out, v)
			}
			_, err := io.WriteString(a.out, v.String())
			return err
		},
	}
	cmd.Flags().VarP(&output, "output", "o", "form of the output: "+output.list())
	complete(cmd, "output", output.words...)
	return cmd
}

func newVersion() versionInfo {
	v := versionInfo{FormatVersion: render.FormatVersion, Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	for _, name := range profile.Names() {
		oldest, newest, _ := profile.Range(profile.Engine(name))
		v.Engines = append(v.Engines, engineRange{name, oldest.String(), newest.String()})
	}
	return v
}

func (v versionInfo) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "portolan %s", v.Version)
	if v.Commit != "" {
		fmt.Fprintf(&b, " (%.12s)", v.Commit)
	}
	fmt.Fprintf(&b, " %s %s\n", v.Go, v.Platform)
	for _, e := range v.Engines {
		fmt.Fprintf(&b, "%-14s %s to %s\n", e.Name, e.Oldest, e.Newest)
	}
	return b.String()
}

// release is the version that a configuration's required_version is held
// against: "" for a build that has none.
func release() string {
	v := newVersion().Version
	if v == "(devel)" {
		return ""
	}
	return strings.TrimPrefix(v, "v")
}
