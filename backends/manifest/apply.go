package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
)

// ApplyError says how far Apply came. Each file is either as it was or as it
// was to be.
type ApplyError struct {
	Path    string   // the file that could not be changed
	Err     error    // why
	Done    []string // changed before it
	NotDone []string // not changed, Path among them
}

func (e *ApplyError) Error() string {
	return fmt.Sprintf("%s: %v (changed: %s; not changed: %s)", e.Path, e.Err, some(e.Done), some(e.NotDone))
}

// Unwrap gives the cause.
func (e *ApplyError) Unwrap() error { return e.Err }

// some lists a few of the paths.
func some(paths []string) string {
	const most = 10
	switch n := len(paths); {
	case n == 0:
		return "none"
	case n <= most:
		return strings.Join(paths, ", ")
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(paths[:most], ", "), n-most)
	}
}

// Apply makes the changes, creating dir where there is none. A file that is no
// longer what Compare saw is an error, found before anything is changed. Files
// are replaced atomically, those to delete are deleted when all others are
// written, and directories that this empties are removed. Nothing outside dir
// is touched, nor through a symbolic link. An error is an *ApplyError once
// there is something to say of single files.
func Apply(dir string, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := openRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()

	// Deletes come last: where writing fails, what was in force still is.
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b Change) int { return order(a) - order(b) })
	paths := make([]string, len(changes))
	for i, c := range changes {
		paths[i] = c.Path
	}
	for _, c := range changes {
		if err := checkChange(root, c); err != nil {
			return &ApplyError{c.Path, err, nil, paths}
		}
	}
	for i, c := range changes {
		if err := apply(root, c); err != nil {
			return &ApplyError{c.Path, err, paths[:i], paths[i:]}
		}
	}
	return nil
}

func order(c Change) int {
	if c.Kind == Delete {
		return 1
	}
	return 0
}

// checkChange reports that a file is not, or no longer, what the change says.
func checkChange(root *os.Root, c Change) error {
	switch c.Kind {
	case Create, Update:
		if err := checkPath(c.Path); err != nil {
			return err
		}
		if !owns(c.New) {
			return errors.New("the new text does not begin with the marker")
		}
	case Delete:
		if !fs.ValidPath(c.Path) { // the user may have moved the file deeper
			return fmt.Errorf("%q is not a path below the directory", c.Path)
		}
	default:
		return fmt.Errorf("%v is not a change", c.Kind)
	}
	if c.Kind == Create {
		return checkFree(root, c.Path)
	}
	if err := checkDir(root, path.Dir(c.Path)); err != nil {
		return err
	}
	now, err := readOwned(root, c.Path)
	if err != nil {
		return err
	}
	if now == nil || !bytes.Equal(now, c.Old) {
		return errors.New("the file was changed since it was compared")
	}
	return nil
}

// apply makes one change, having looked once more at what it replaces.
func apply(root *os.Root, c Change) error {
	if err := checkChange(root, c); err != nil {
		return err
	}
	if c.Kind == Delete {
		if err := root.Remove(c.Path); err != nil {
			return err
		}
		return removeEmpty(root, path.Dir(c.Path))
	}
	if err := root.MkdirAll(path.Dir(c.Path), 0o755); err != nil {
		return err
	}
	return replace(root, c.Path, c.New)
}

// replace writes a file so that a reader, or a crash, sees all of the old text
// or all of the new.
func replace(root *os.Root, name string, data []byte) error {
	// A dot keeps it from kubectl and from Read, should a crash leave it there.
	temp := path.Join(path.Dir(name), fmt.Sprintf(".portolan-%016x.tmp", rand.Uint64()))
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return nil
}

// removeEmpty removes a directory, and those above it, if nothing is in it.
func removeEmpty(root *os.Root, dir string) error {
	for ; dir != "."; dir = path.Dir(dir) {
		d, err := root.Open(dir)
		if err != nil {
			return err
		}
		_, err = d.ReadDir(1)
		d.Close()
		if err == nil {
			return nil // something is in it
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
		if err := root.Remove(dir); err != nil {
			return err
		}
	}
	return nil
}
