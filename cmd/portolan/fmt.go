package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/backends/manifest"
	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/ir/diag"
)

// formatter is one run of the fmt verb.
type formatter struct {
	*app
	check, diff bool

	sources map[string][]byte
	diags   diag.List
	changed int
}

func (a *app) fmtCommand() *cobra.Command {
	f := &formatter{app: a, sources: map[string][]byte{}}
	cmd := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Lay out files canonically",
		Long: `Fmt rewrites the *.portolan.hcl files of a directory, or the files named, in the
canonical layout and prints the names of those that it changed. Only white space
changes; comments stay. "-" formats standard input to standard output. JSON is
left alone, and so is a file with syntax errors, which are reported.`,
		Example: `  portolan fmt
  portolan fmt --check                     exit code 1 if a file would change
  portolan fmt --diff policies             show what would change, write nothing`,
		RunE: func(_ *cobra.Command, args []string) error {
			for _, path := range paths(args) {
				if err := f.path(path); err != nil {
					return err
				}
			}
			if f.diags.HasErrors() {
				if err := a.report(f.diags, f.sources, render.Summary{}); err != nil {
					return err
				}
				return exitError
			}
			if f.changed > 0 && (f.check || f.diff) {
				return exitNo
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "write nothing; list the files that would change")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "write nothing; print what would change as a diff")
	cmd.MarkFlagsMutuallyExclusive("check", "diff")
	return cmd
}

func (f *formatter) path(path string) error {
	if path == "-" {
		src, err := io.ReadAll(f.in)
		if err != nil {
			return fmt.Errorf("cannot read standard input: %w", err)
		}
		return f.stdin(src)
	}
	info, err := os.Stat(path)
	if err != nil {
		return unreadable(path, err)
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = intent.NativeFiles(path); err != nil {
			return unreadable(path, err)
		}
	}
	for _, name := range files {
		if err := f.file(name); err != nil {
			return err
		}
	}
	return nil
}

// unreadable says why a path could not be read, once.
func unreadable(path string, err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		err = e.Err
	}
	return fmt.Errorf("cannot read %s: %w", path, err)
}

func (f *formatter) stdin(src []byte) error {
	out, ok := f.format("-", src)
	if !ok {
		return nil
	}
	if f.check || f.diff {
		return f.show("-", src, out)
	}
	_, err := f.out.Write(out)
	return err
}

// format gives the text laid out. false means that it has errors, which are
// among the diagnostics then.
func (f *formatter) format(name string, src []byte) ([]byte, bool) {
	out, diags := intent.Format(name, src)
	f.sources[name] = src
	f.diags = append(f.diags, diags...)
	return out, !diags.HasErrors()
}

// show reports a file that differs from its canonical layout.
func (f *formatter) show(name string, old, now []byte) error {
	if bytes.Equal(old, now) {
		return nil
	}
	f.changed++
	text := name + "\n"
	if f.diff {
		text = manifest.Diff([]manifest.Change{{Path: strings.TrimPrefix(filepath.ToSlash(name), "/"), Kind: manifest.Update, Old: old, New: now}})
	}
	_, err := io.WriteString(f.out, text)
	return err
}

func (f *formatter) file(name string) error {
	src, err := os.ReadFile(name)
	if err != nil {
		return unreadable(name, err)
	}
	out, ok := f.format(name, src)
	if !ok || bytes.Equal(src, out) {
		return nil
	}
	if !f.check && !f.diff {
		if err := replace(name, out); err != nil {
			return err
		}
	}
	return f.show(name, src, out)
}

// replace writes a file so that a reader, or a crash, sees all of the old text
// or all of the new. A symbolic link stays one.
func replace(name string, data []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".portolan-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already where all went well
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = temp.Sync()
	}
	if closed := temp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	return err
}
