package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// maxFile bounds what is read of one file.
const maxFile = 64 << 20

// ChangeKind says what a Change does to its file.
type ChangeKind uint8

// What a Change does.
const (
	Create ChangeKind = iota + 1
	Update
	Delete
)

func (k ChangeKind) String() string {
	switch k {
	case Create:
		return "create"
	case Update:
		return "update"
	case Delete:
		return "delete"
	}
	return fmt.Sprintf("ChangeKind(%d)", uint8(k))
}

// Change is what makes one file what the plan says.
type Change struct {
	Path string // relative, with slashes
	Kind ChangeKind
	Old  []byte // nil for Create
	New  []byte // nil for Delete
}

// Read gives the files under dir that Portolan owns, which begin with Marker, by
// path. It is empty where dir does not exist. Names that begin with a dot are
// not looked at: Portolan makes none, and version control does. A symbolic link
// is an error, dir itself being one too, as what it leads to is not known to be
// in dir.
func Read(dir string) (map[string][]byte, error) {
	root, err := openRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string][]byte{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return read(root)
}

// openRoot opens a directory that is not a symbolic link itself: what that leads
// to is nobody's to write in, as links below it.
func openRoot(dir string) (*os.Root, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return nil, linkedError(filepath.ToSlash(dir))
	}
	return os.OpenRoot(dir)
}

func read(root *os.Root) (map[string][]byte, error) {
	owned := map[string][]byte{}
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			return linkError(root, name)
		case !d.Type().IsRegular():
			return nil
		}
		data, err := readOwned(root, name)
		if err == nil && data != nil {
			owned[name] = data
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return owned, nil
}

func linkError(root *os.Root, name string) error { return linkedError(shown(root, name)) }

func linkedError(name string) error {
	return fmt.Errorf("%s is a symbolic link, and portolan neither follows nor replaces one", name)
}

// shown is a path as the user would write it.
func shown(root *os.Root, name string) string { return path.Join(root.Name(), name) }

// readOwned reads a file that begins with Marker. It gives nil for any other,
// of which it reads no more than a line.
func readOwned(root *os.Root, name string) ([]byte, error) {
	before, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if before.Mode()&fs.ModeSymlink != 0 {
		return nil, linkError(root, name)
	}
	if !before.Mode().IsRegular() {
		return nil, nil
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil {
		return nil, err
	} else if !os.SameFile(before, now) {
		return nil, fmt.Errorf("%s was replaced while it was read", shown(root, name))
	}
	start := make([]byte, len(Marker)+2) // with "\r\n", which version control may have made of "\n"
	n, err := io.ReadFull(f, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if start = start[:n]; !owns(start) {
		return nil, nil
	}
	rest, err := io.ReadAll(io.LimitReader(f, maxFile+1-int64(n)))
	if err != nil {
		return nil, err
	}
	if n+len(rest) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", shown(root, name), maxFile>>20)
	}
	return append(start, rest...), nil
}

// owns reports that the first line is the marker.
func owns(data []byte) bool {
	rest, ok := bytes.CutPrefix(data, []byte(Marker))
	return ok && (len(rest) == 0 || rest[0] == '\n' || bytes.HasPrefix(rest, []byte("\r\n")))
}

// Compare gives the changes that make dir hold the files and no other file that
// Portolan owns, sorted by path. A file that stands in a planned one's place
// and is not Portolan's is an error: it is never overwritten.
func Compare(dir string, files []File) ([]Change, error) {
	planned := make(map[string]bool, len(files))
	for _, f := range files {
		if err := checkPath(f.Path); err != nil {
			return nil, err
		}
		if !owns(f.Data) {
			return nil, fmt.Errorf("%s does not begin with the marker, so that it could never be changed again", f.Path)
		}
		if planned[f.Path] {
			return nil, fmt.Errorf("%s is planned twice", f.Path)
		}
		planned[f.Path] = true
	}

	root, err := openRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return compare(files, planned, nil), nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	owned, err := read(root)
	if err != nil {
		return nil, err
	}
	var foreign []error
	for _, f := range files {
		if _, ok := owned[f.Path]; !ok {
			foreign = append(foreign, checkFree(root, f.Path))
		}
	}
	if err := errors.Join(foreign...); err != nil {
		return nil, err
	}
	return compare(files, planned, owned), nil
}

func compare(files []File, planned map[string]bool, owned map[string][]byte) []Change {
	var changes []Change
	for _, f := range files {
		switch old, ok := owned[f.Path]; {
		case !ok:
			changes = append(changes, Change{f.Path, Create, nil, f.Data})
		case !bytes.Equal(old, f.Data):
			changes = append(changes, Change{f.Path, Update, old, f.Data})
		}
	}
	for name, old := range owned {
		if !planned[name] {
			changes = append(changes, Change{name, Delete, old, nil})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return changes
}

// checkFree reports what keeps a file from being created: something in its
// place, or in its directory's.
func checkFree(root *os.Root, name string) error {
	if err := checkDir(root, path.Dir(name)); err != nil {
		return err
	}
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return linkError(root, name)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", shown(root, name))
	}
	return fmt.Errorf("%s is not a file that portolan wrote, as its first line is not the marker: move it away or choose another directory", shown(root, name))
}

// checkDir reports that a directory, or one above it, is something else.
func checkDir(root *os.Root, dir string) error {
	for i := range len(dir) + 1 {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		info, err := root.Lstat(dir[:i])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			return linkError(root, dir[:i])
		case !info.IsDir():
			return fmt.Errorf("%s is not a directory", shown(root, dir[:i]))
		}
	}
	return nil
}

// Diff shows the changes as one unified diff.
func Diff(changes []Change) string {
	var b strings.Builder
	for _, c := range changes {
		oldName, newName := "a/"+c.Path, "b/"+c.Path
		switch c.Kind {
		case Create:
			oldName = "/dev/null"
		case Delete:
			newName = "/dev/null"
		case Update:
		}
		// The first line is a `diff` command, which only repeats the names.
		if _, text, ok := bytes.Cut(diff.Diff(oldName, c.Old, newName, c.New), []byte("\n")); ok {
			b.Write(text)
		}
	}
	return b.String()
}
