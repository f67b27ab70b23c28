package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-dev/portolan/frontends/intent"
)

// starter is the configuration that init writes. A script renders it for every
// engine.
//
//go:embed starter/main.portolan.hcl
var starter []byte

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented configuration to start from",
		Long: `Init writes main.portolan.hcl into a directory, by default this one, and creates
it where needed. It writes nothing into a directory that has a configuration.`,
		Example: `  portolan init policies`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := paths(args)[0]
			present, err := intent.NativeFiles(dir)
			switch {
			case err != nil && !errors.Is(err, fs.ErrNotExist):
				return unreadable(dir, err)
			case len(present) > 0:
				return fmt.Errorf("%s is there already: nothing was written", present[0])
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			name := filepath.Join(dir, "main.portolan.hcl")
			if err := create(name, starter); err != nil {
				return err
			}
			fmt.Fprintln(a.out, name)
			if !a.quiet {
				fmt.Fprintf(a.err, "Edit it, then try %q.\n", strings.TrimSuffix("portolan render "+dir, " ."))
			}
			return nil
		},
	}
}

// create writes a file that must not be there yet.
func create(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
