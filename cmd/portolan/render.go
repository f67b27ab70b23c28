package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/cmd/portolan/pipeline"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
)

// renderFlags are those of the render verb.
type renderFlags struct {
	dir   string
	check bool
	emit  choice
}

func (a *app) renderCommand() *cobra.Command {
	in, e := &input{app: a}, &evaluating{app: a}
	f := &renderFlags{emit: newChoice("yaml", "yaml", "ir", "ir-json")}
	cmd := &cobra.Command{
		Use:   "render [PATH...]",
		Short: "Write the policies of every target",
		Long: `Render prints the policies of the configuration's targets, or of those that
--target and --to name. A path is a directory, a file, or "-" for standard input.

With -o each target gets a folder of its own, with a file for each object. Files
that portolan wrote there and that are no longer wanted are removed; others are
never touched. A target that cannot say the intent is refused and its folder
stays as it was; the others are written all the same.

Manifests are rendered for other engines: --profile names the engine whose
meaning they have, and --facts an intent with what is known of the cluster. What
comes out is proved to mean the same, or refused.`,
		Example: `  portolan render --to kubernetes | kubectl apply --dry-run=server -f -
  portolan render -o deploy                a folder for each target
  portolan render -o deploy --check        is it up to date? (exit code 1 and a diff if not)
  portolan render --emit ir                what the intent was understood to mean
  portolan render deploy --to cilium --profile calico   manifests, for another engine`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.usage(); err != nil {
				return err
			}
			o, err := in.render(cmd, e, args, f.emit.value != "yaml")
			if err != nil {
				return err
			}
			if o.code != exitError {
				if err := f.write(a.out, &o); err != nil {
					return err
				}
			}
			if err := a.report(in.diags, in.sources, o.summary); err != nil {
				return err
			}
			return o.exit()
		},
	}
	in.flags(cmd)
	e.manifestFlags(cmd, 1)
	flags := cmd.Flags()
	flags.StringVarP(&f.dir, "output-dir", "o", "", "write files under `DIR`, in a folder for each target")
	flags.BoolVar(&f.check, "check", false, "with -o: write nothing, print what would change as a diff")
	flags.Var(&f.emit, "emit", "what to print: "+f.emit.list())
	flags.BoolVar(&in.unproved, "no-verify", false, "leave the proof out: what is rendered is not compared with the intent")
	complete(cmd, "emit", f.emit.words...)
	_ = cmd.MarkFlagDirname("output-dir")
	return cmd
}

func (f *renderFlags) usage() error {
	switch {
	case f.check && f.dir == "":
		return usagef("--check compares with a directory: name it with -o")
	case f.emit.value != "yaml" && f.dir != "":
		return usagef("--emit %s prints to standard output, and -o writes files: choose one", f.emit.value)
	}
	return nil
}

// write puts out what was rendered and not refused.
func (f *renderFlags) write(w io.Writer, o *outcome) error {
	switch {
	case f.emit.value == "ir":
		return emitText(w, o.rendered)
	case f.emit.value == "ir-json":
		return emitJSON(w, o.rendered)
	case f.dir != "":
		return f.writeFiles(w, o)
	}
	return stream(w, o.rendered)
}

// stream prints all objects as one YAML stream. Several targets are told apart
// by a comment.
func stream(w io.Writer, rendered []pipeline.Rendered) error {
	var out []byte
	for i := range rendered {
		r := &rendered[i]
		if r.Refused {
			continue
		}
		text, err := manifest.Stream(r.Objects())
		if err != nil {
			return err
		}
		if len(rendered) > 1 {
			if out != nil {
				out = append(out, "---\n"...)
			}
			out = append(out, heading(r)...)
		}
		out = append(out, text...)
	}
	_, err := w.Write(out)
	return err
}

func heading(r *pipeline.Rendered) string { return "# target " + r.Target.Name + "\n" }

func emitText(w io.Writer, rendered []pipeline.Rendered) error {
	var b strings.Builder
	for i := range rendered {
		if len(rendered) > 1 {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(heading(&rendered[i]))
		}
		b.WriteString(rendered[i].Program.Text())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// emitJSON prints the programs in one object, whatever their number.
func emitJSON(w io.Writer, rendered []pipeline.Rendered) error {
	type target struct {
		Name    string          `json:"name,omitempty"`
		Program json.RawMessage `json:"program"`
	}
	out := struct {
		FormatVersion string   `json:"format_version"`
		Targets       []target `json:"targets"`
	}{render.FormatVersion, nil}
	for _, r := range rendered {
		p, err := r.Program.JSON()
		if err != nil {
			return err
		}
		out.Targets = append(out.Targets, target{r.Target.Name, p})
	}
	return render.Indented(w, out)
}

// writeFiles brings the folders of the targets up to date, or shows what that
// would change. Everything is planned and compared before anything is written.
func (f *renderFlags) writeFiles(w io.Writer, o *outcome) error {
	type folder struct {
		dir     string
		changes []manifest.Change
	}
	var folders []folder
	var diff bytes.Buffer
	for i := range o.rendered {
		r := &o.rendered[i]
		if r.Refused {
			continue
		}
		files, err := manifest.Plan(r.Objects())
		if err != nil {
			return fmt.Errorf("target %s: %w", r.Target.Name, err)
		}
		dir := filepath.Join(f.dir, r.Target.Name)
		changes, err := manifest.Compare(dir, files)
		if err != nil {
			return fmt.Errorf("target %s: %w", r.Target.Name, err)
		}
		folders = append(folders, folder{dir, changes})
		if f.check {
			o.summary.Stale += len(changes)
		}
		for _, c := range changes {
			c.Path = r.Target.Name + "/" + c.Path
			diff.WriteString(manifest.Diff([]manifest.Change{c}))
		}
	}
	if f.check {
		if diff.Len() > 0 {
			o.code = exitNo
		}
		_, err := w.Write(diff.Bytes())
		return err
	}
	for _, d := range folders {
		if err := manifest.Apply(d.dir, d.changes); err != nil {
			return fmt.Errorf("%s: %w", d.dir, err)
		}
	}
	return nil
}
