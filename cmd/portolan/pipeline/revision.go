package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/portolan-dev/portolan/frontends/intent"
	"github.com/portolan-dev/portolan/frontends/manifest"
	"github.com/portolan-dev/portolan/ir/diag"
)

// OpenRevision is Open for one path, which may be REV:PATH: what stands at PATH
// in a revision of the git repository around the working directory. A path that
// is there as it is written is that file. Places in it are named as git does.
func OpenRevision(name string, opts intent.Options) (*Source, diag.List) {
	rev, at, ok := strings.Cut(name, ":")
	if _, err := os.Stat(name); !ok || err == nil || name == "-" {
		return Open([]string{name}, opts)
	}
	s := &Source{Name: name}
	files, err := readRevision(rev, at)
	if err != nil {
		var diags diag.List
		diags.Add(diag.Unreadable, diag.Range{File: name}, fmt.Sprintf("Cannot read %s: %s.", name, err), "Name a file or a directory, or REV:PATH in a git repository.")
		return s, diags
	}
	dir := path.Clean(filepath.ToSlash(at))
	if len(files) == 1 && files[0].Name == rev+":"+dir { // a file
		dir = path.Dir(dir)
	}
	if config := configuration(files, rev, dir); len(config) > 0 {
		opts.Files, opts.Dir = config, dir
		opts.Open = func(dir string) (map[string][]byte, error) {
			files, err := readRevision(rev, dir)
			return configuration(files, rev, dir), err
		}
		var diags diag.List
		s.Config, s.Files, diags = intent.Load(nil, opts)
		return s, diags
	}
	in, diags := manifest.ReadFiles(files, manifest.Options{})
	s.Files = in.Sources
	return s, append(diags, s.take(in.Documents)...)
}

// configuration gives the files of a directory of a revision that are part of an
// intent.
func configuration(files []manifest.File, rev, dir string) map[string][]byte {
	out := map[string][]byte{}
	for _, f := range files {
		in := path.Dir(strings.TrimPrefix(f.Name, rev+":"))
		if in == dir && (isConfig(f.Name) || strings.HasSuffix(f.Name, ".auto.portolanvars")) {
			out[f.Name] = f.Data
		}
	}
	return out
}

// maxRevisionFiles and maxRevisionBytes bound what is taken out of a revision.
const (
	maxRevisionFiles = 20_000
	maxRevisionBytes = 256 << 20
)

// readRevision reads the files at a path of a revision that can be part of an
// input. Links are passed over.
func readRevision(rev, at string) ([]manifest.File, error) {
	if strings.HasPrefix(rev, "-") {
		return nil, fmt.Errorf("%q is no revision", rev)
	}
	at = path.Clean(filepath.ToSlash(at))
	list, err := git("ls-tree", "-r", "-z", rev, "--", at)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("revision %s has nothing at %s", rev, at)
	}
	entries := strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00")
	if len(entries) > maxRevisionFiles {
		return nil, fmt.Errorf("revision %s has %d files there, more than %d", rev, len(entries), maxRevisionFiles)
	}
	var names, objects []string
	for _, e := range entries {
		about, name, _ := strings.Cut(e, "\t")
		fields := strings.Fields(about) // mode, type, object
		if len(fields) == 3 && strings.HasPrefix(fields[0], "100") && readable(name) {
			names, objects = append(names, name), append(objects, fields[2])
		}
	}
	blobs, err := readBlobs(objects)
	if err != nil {
		return nil, err
	}
	out := make([]manifest.File, len(names))
	for i, name := range names {
		out[i] = manifest.File{Name: rev + ":" + name, Data: blobs[i]}
	}
	return out, nil
}

// readBlobs reads objects in one go: a process for each would take longer than
// all the rest.
func readBlobs(objects []string) ([][]byte, error) {
	out, err := gitWith(strings.Join(objects, "\n")+"\n", "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	blobs := make([][]byte, len(objects))
	for i := range objects {
		header, rest, _ := bytes.Cut(out, []byte("\n"))
		var object, kind string
		var size int
		if _, err := fmt.Sscan(string(header), &object, &kind, &size); err != nil || kind != "blob" || size >= len(rest) {
			return nil, fmt.Errorf("git gave no object %s", objects[i])
		}
		blobs[i], out = rest[:size], rest[size+1:]
	}
	return blobs, nil
}

// readable reports whether a file can be part of an input.
func readable(name string) bool {
	for _, suffix := range []string{".yaml", ".yml", ".json", ".portolan.hcl", ".auto.portolanvars"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// git runs git in the working directory.
func git(args ...string) ([]byte, error) { return gitWith("", args...) }

// gitWith is git with an input. What it prints is bounded.
func gitWith(input string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	stdout := limited{left: maxRevisionBytes}
	cmd := exec.Command("git", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	err := cmd.Run()
	if stdout.left < 0 {
		return nil, fmt.Errorf("the revision has over %d MB there", maxRevisionBytes>>20)
	}
	if text := strings.TrimSpace(stderr.String()); err != nil && text != "" {
		first, _, _ := strings.Cut(text, "\n")
		return nil, fmt.Errorf("git: %s", strings.TrimPrefix(first, "fatal: "))
	}
	return stdout.Bytes(), err
}

// limited is a buffer that takes so many bytes and no more.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, io.ErrShortWrite
	}
	return l.Buffer.Write(p)
}
