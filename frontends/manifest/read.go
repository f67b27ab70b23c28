package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Options are what reading hangs on beside the text.
type Options struct {
	Stdin            io.Reader // for the path "-"
	DefaultNamespace string    // of documents that name none; "" is "default", as to kubectl
}

// File is a text in memory, and the name that ranges give it.
type File struct {
	Name string
	Data []byte
}

// Input is what was read.
type Input struct {
	Documents []Document        // in the order of files, and as they stand in them
	Sources   map[string][]byte // the text of every file, by the name that ranges have
}

const stdinName = "-"

// extensions are those that kubectl reads of a directory
// (kubernetes/cli-runtime, pkg/resource/builder.go, FileExtensions).
var extensions = []string{".json", ".yaml", ".yml"}

// Read reads files, directories with all below them, and "-" for standard
// input, with ReadFiles. In directories it passes over names that begin with a
// dot and other extensions than .yaml, .yml and .json; a symbolic link to a
// file is followed within the directory and an error where it leaves it.
func Read(paths []string, opts Options) (Input, diag.List) {
	l := &loader{seen: map[string]bool{}}
	for _, p := range paths {
		l.find(p)
	}
	var files []File
	size := 0
	for _, name := range l.names {
		data, ok := l.read(name, opts.Stdin)
		if size += len(data); size > maxTotalSize {
			break // which ReadFiles reports
		}
		if ok {
			files = append(files, File{name, data})
		}
	}
	in, diags := ReadFiles(files, opts)
	diags = append(diags, l.diags...)
	diags.Sort()
	return in, diags
}

// loader finds files.
type loader struct {
	names []string
	seen  map[string]bool // by the path that links lead to
	diags diag.List
}

func (l *loader) add(name string) {
	key := name
	if real, err := filepath.EvalSymlinks(name); err == nil {
		key = real
	}
	if !l.seen[key] {
		l.seen[key] = true
		l.names = append(l.names, name)
	}
}

func (l *loader) unreadable(name string, err error) {
	what := err.Error()
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		what = e.Err.Error()
	}
	l.diags.Add(diag.ManifestUnreadable, diag.Range{File: name}, fmt.Sprintf("Cannot read %s: %s.", name, what), "")
}

func (l *loader) find(path string) {
	if path == stdinName {
		l.add(path)
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		l.unreadable(path, err)
	case !info.IsDir():
		l.add(path)
	default:
		l.findIn(path)
	}
}

// findIn finds the files of a directory, in the order of their names.
func (l *loader) findIn(dir string) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		l.unreadable(dir, err)
		return
	}
	found := false
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		name := filepath.Join(dir, strings.TrimPrefix(path, root))
		switch {
		case err != nil:
			l.unreadable(name, err)
		case path != root && strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return fs.SkipDir
			}
		case e.Type()&fs.ModeSymlink != 0:
			found = l.link(root, path, name) || found
		case e.Type().IsRegular() && hasExtension(name):
			found = true
			l.add(name)
		}
		if len(l.names) > maxFiles {
			return fs.SkipAll // which ReadFiles reports
		}
		return nil
	})
	if err != nil {
		l.unreadable(dir, err)
	} else if !found {
		l.diags.Add(diag.ManifestUnreadable, diag.Range{File: dir}, fmt.Sprintf("There are no manifests in %s.", dir), "Manifests are its files *.yaml, *.yml and *.json, with those of its subdirectories.")
	}
}

func hasExtension(name string) bool { return slices.Contains(extensions, filepath.Ext(name)) }

// link adds what a symbolic link leads to, where that is a manifest within the
// root. Directories within the root are read where they are.
func (l *loader) link(root, path, name string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		if hasExtension(name) {
			l.unreadable(name, err)
		}
		return false
	}
	info, err := os.Stat(real)
	switch inside, relErr := filepath.Rel(root, real); {
	case err != nil:
		l.unreadable(name, err)
	case !info.IsDir() && !hasExtension(name):
	case relErr != nil || !filepath.IsLocal(inside):
		l.diags.Add(diag.ManifestUnreadable, diag.Range{File: name}, fmt.Sprintf("The symbolic link %s leads out of the directory.", name), "Name what it leads to beside the directory if it is meant.")
	case info.Mode().IsRegular():
		l.add(name)
		return true
	}
	return false
}

// read reads a bounded file, or standard input.
func (l *loader) read(name string, stdin io.Reader) ([]byte, bool) {
	r := stdin
	if name == stdinName {
		if r == nil {
			r = strings.NewReader("")
		}
	} else {
		f, err := os.Open(name)
		if err != nil {
			l.unreadable(name, err)
			return nil, false
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err != nil {
		l.unreadable(name, err)
		return nil, false
	}
	return data, true
}

// ReadFiles reads manifests that are in memory, in their order: YAML streams,
// JSON, and lists of either, whose items it gives one by one. It goes on after
// an error and reports all that it finds, sorted; the documents are what could
// be understood, without those that have errors in themselves.
func ReadFiles(files []File, opts Options) (Input, diag.List) {
	in := Input{Sources: make(map[string][]byte, len(files))}
	var diags diag.List
	if len(files) > maxFiles {
		diags.Add(diag.ManifestTooLarge, diag.Range{}, fmt.Sprintf("There are more than %d files.", maxFiles), "")
		files = files[:maxFiles]
	}
	budget, size := maxNodes, 0
	for _, file := range files {
		if size += len(file.Data); len(file.Data) > maxFileSize || size > maxTotalSize {
			diags.Add(diag.ManifestTooLarge, diag.Range{File: file.Name}, fmt.Sprintf("%s has more than %d MiB, or all files have more than %d MiB together.", file.Name, maxFileSize>>20, maxTotalSize>>20), "")
			continue
		}
		in.Sources[file.Name] = file.Data
		found, more := readFile(file, opts, &budget)
		in.Documents = append(in.Documents, found...)
		diags = append(diags, more...)
		if len(in.Documents) > maxDocuments {
			diags.Add(diag.ManifestTooLarge, diag.Range{File: file.Name}, fmt.Sprintf("There are more than %d documents.", maxDocuments), "")
			break
		}
	}
	reportTwice(in.Documents, &diags)
	diags.Sort()
	return in, diags
}

func readFile(in File, opts Options, budget *int) ([]Document, diag.List) {
	f := &file{source: newSource(in.Name, in.Data), budget: budget}
	if !f.isText() {
		return nil, f.diags
	}
	d := documents{file: f, defaultNamespace: opts.DefaultNamespace}
	if d.defaultNamespace == "" {
		d.defaultNamespace = "default"
	}
	for _, c := range f.split() {
		if *budget < 0 || len(d.list) > maxDocuments {
			break
		}
		for _, root := range f.values(c) {
			if root.kind != Null { // which kubectl passes over
				d.add(root, "", "")
			}
		}
	}
	return d.list, f.diags
}

// values reads what stands between two separators.
func (f *file) values(c chunk) []*node {
	if len(bytes.Trim(f.text[c.start:c.end], blanks)) == 0 {
		return nil
	}
	if roots, isJSON := f.jsonDocuments(c); isJSON {
		return roots
	}
	if root := f.yamlDocument(c); root != nil {
		return []*node{root}
	}
	return nil
}

// reportTwice reports objects that are declared twice, in whatever versions.
func reportTwice(docs []Document, diags *diag.List) {
	type key struct{ group, kind, namespace, name string }
	first := make(map[key]int, len(docs))
	for i := range docs {
		d := &docs[i]
		if d.Name == "" {
			continue
		}
		k := key{d.Group(), d.Kind, d.InNamespace(), d.Name}
		j, twice := first[k]
		if !twice {
			first[k] = i
			continue
		}
		diags.Add(diag.DuplicateObject, d.Range, fmt.Sprintf("%s is declared twice.", d), "Applied, the later one replaces the other. Remove one of them, or give one cluster's manifests at a time.").
			Relate(docs[j].Range, "The first is here.")
	}
}
