package intent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Options are what is given beside the text: values of variables.
type Options struct {
	Vars     []string  // -var name=value, in order
	VarFiles []string  // -var-file paths, in order
	Environ  []string  // os.Environ() form; PORTOLAN_VAR_name is read
	Stdin    io.Reader // for the path "-"
	Version  string    // Portolan's, for required_version; "" does not check

	// Files are a configuration in memory, by name: the whole of it, whatever
	// paths are given. Files of variables' values are among them too.
	Files map[string][]byte

	// Dir is the directory of Files, and Open gives the files of another as Files
	// has them, for what the configuration uses; nil where there is no other.
	Dir  string
	Open func(dir string) (map[string][]byte, error)
}

// Sources holds the text of every file that was read, by the name that ranges
// have, for snippets.
type Sources map[string][]byte

// Names of files, and of what ranges have in place of one.
const (
	stdinName      = "-"
	nativeSuffix   = ".portolan.hcl"
	jsonSuffix     = ".portolan.hcl.json"
	autoVarsSuffix = ".auto.portolanvars"
)

// Load reads directories (all *.portolan.hcl and *.portolan.hcl.json in them,
// not in subdirectories), files, and "-" for standard input, as one
// configuration, and the names of those that it uses, whose paths are relative
// to the file that has them; of standard input, to the working directory. It
// goes on after an error and reports all that it finds; the Config is what could
// be understood.
func Load(paths []string, opts Options) (*Config, Sources, diag.List) {
	l := newLoader(opts)
	files := l.readAll(paths)
	l.parse(files)
	l.collect()
	l.openUsed(paths)
	l.decode()
	l.diags.Sort()
	return l.config, l.sources, l.diags
}

// loader is the state of one Load.
type loader struct {
	opts     Options
	sources  Sources
	family   *family
	dir      string // of a configuration that is used; "" of the one that is loaded
	uses     []usage
	autoVars []string
	files    []*file
	diags    diag.List
	broken   bool // a file has syntax errors: names may be missing
	unknown  bool // an expression gave no value; its error was reported

	top      *scope
	names    map[string][]*declaration
	bad      map[string]bool // names that are not allowed, whose use is not reported again
	decls    []*declaration  // in the order of files
	imported []*declaration  // of configurations that are used
	spaces   []*spaceDecl
	blocks   map[string][]*block // of the top level, by kind, but namespaces
	firsts   map[string]*block   // of those that stand once, by kind and labels

	variables   map[string]*variable
	locals      map[string]*local
	named       map[*Group]bool // those with members known by DNS name
	issuers     map[string]*Issuer
	usedIssuers map[*Issuer]bool

	renamed   map[*External]bool     // those that are known by DNS name on some target
	overrides map[*block][]*External // by target
	stack     []dependency           // what is being evaluated, for cycles

	spent     int // of maxEvaluation
	exhausted bool
	expanded  int        // of maxExpanded
	suggested int        // of maxSuggestions
	lastPlace diag.Range // for tooMany
	atPlace   int

	config *Config
}

func newLoader(opts Options) *loader {
	l := &loader{
		opts: opts, family: &family{byDir: map[string]*loader{}}, sources: Sources{}, names: map[string][]*declaration{}, bad: map[string]bool{}, blocks: map[string][]*block{}, firsts: map[string]*block{},
		variables: map[string]*variable{}, named: map[*Group]bool{}, renamed: map[*External]bool{}, usedIssuers: map[*Issuer]bool{}, overrides: map[*block][]*External{}, locals: map[string]*local{}, config: &Config{},
	}
	l.top = newScope(l, nil)
	return l
}

// input is a file to parse.
type input struct {
	name string
	src  []byte
}

// readAll finds and reads the files, in a fixed order.
func (l *loader) readAll(paths []string) []input {
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if key := filepath.Clean(name); !seen[key] {
			seen[key] = true
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.opts.Files)) {
		if strings.HasSuffix(name, autoVarsSuffix) {
			l.autoVars = append(l.autoVars, name)
		} else {
			add(name)
		}
	}
	for _, p := range paths {
		if l.opts.Files != nil {
			break
		}
		if p == stdinName {
			add(p)
			continue
		}
		info, err := os.Stat(p)
		switch {
		case err != nil:
			l.unreadable(p, err)
		case info.IsDir():
			found, auto := l.readDir(p)
			for _, name := range found {
				add(name)
			}
			l.autoVars = append(l.autoVars, auto...)
		default:
			add(p)
		}
	}
	if len(names) > maxFiles {
		l.diags.Add(diag.TooLarge, diag.Range{}, fmt.Sprintf("There are %d files, more than %d.", len(names), maxFiles), "")
		names = names[:maxFiles]
	}
	var out []input
	for _, name := range names {
		if src, ok := l.readFile(name); ok {
			out = append(out, input{name, src})
		}
	}
	return out
}

func (l *loader) unreadable(name string, err error) {
	what := err.Error()
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		what = e.Err.Error()
	}
	l.diags.Add(diag.Unreadable, diag.Range{File: name}, fmt.Sprintf("Cannot read %s: %s.", name, what), "")
}

// isFile reports what is found in a directory and no file, which could have no
// end. A pipe that somebody names is read, as a shell makes them.
func (l *loader) isFile(name string) bool {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	if err != nil {
		l.unreadable(name, err)
	}
	return err == nil
}

func (l *loader) readDir(dir string) (files, autoVars []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		l.unreadable(dir, err)
		return nil, nil
	}
	said := len(l.diags)
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."): // editors' swap files and the like
		case strings.HasSuffix(name, nativeSuffix), strings.HasSuffix(name, jsonSuffix):
			if l.isFile(name) {
				files = append(files, name)
			}
		case strings.HasSuffix(name, autoVarsSuffix):
			if l.isFile(name) {
				autoVars = append(autoVars, name)
			}
		}
	}
	if files == nil && len(l.diags) == said {
		l.diags.Add(diag.Unreadable, diag.Range{File: dir}, fmt.Sprintf("There is no configuration in %q.", dir),
			fmt.Sprintf("A configuration is all *%s and *%s files of a directory; subdirectories are not read.", nativeSuffix, jsonSuffix))
	}
	return files, autoVars
}

// readFile reads a bounded file, or standard input.
func (l *loader) readFile(name string) ([]byte, bool) {
	var r io.Reader
	if text, ok := l.opts.Files[name]; ok {
		r = bytes.NewReader(text)
	} else if name == stdinName {
		if r = l.opts.Stdin; r == nil {
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
	src, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err != nil {
		l.unreadable(name, err)
		return nil, false
	}
	if len(src) > maxFileSize {
		l.diags.Add(diag.TooLarge, diag.Range{File: name}, fmt.Sprintf("%s has more than %d MiB.", name, maxFileSize>>20), "Split it over several files of the directory.")
		return nil, false
	}
	if l.family.read += len(src); l.family.read > maxTotalSize {
		l.diags.Add(diag.TooLarge, diag.Range{File: name}, fmt.Sprintf("The files have more than %d MiB together.", maxTotalSize>>20), "")
		return nil, false
	}
	l.sources[name] = src
	return src, true
}

// parse parses the files concurrently and keeps their order.
func (l *loader) parse(inputs []input) {
	l.files = make([]*file, len(inputs))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, in := range inputs {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			l.files[i] = parseFile(in.name, in.src)
		})
	}
	wg.Wait()
	for _, f := range l.files {
		l.diags = append(l.diags, f.diags...)
		l.broken = l.broken || f.broken
	}
}

// expand counts what for_each and names of many elements multiply.
func (l *loader) expand(n int, at diag.Range) bool {
	if n <= 1 {
		return true
	}
	before := l.expanded
	l.expanded += n
	if l.expanded > maxExpanded {
		if before <= maxExpanded {
			l.diags.Add(diag.TooLarge, at, fmt.Sprintf("The elements of for_each make more than %d blocks and peers.", maxExpanded), "")
		}
		return false
	}
	return true
}

// sortBy sorts a list by a text.
func sortBy[T any](list []T, key func(T) string) {
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
}
