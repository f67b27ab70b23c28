package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// named is an object of a namespace; cluster-scoped if that is empty.
func named(namespace, kind, name string, spec any) Object {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return Object{APIVersion: "v1", Kind: kind, Namespace: namespace, Name: name, Value: map[string]any{
		"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec,
	}}
}

func mustPlan(t *testing.T, objs ...Object) []File {
	t.Helper()
	files, err := Plan(objs)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestPlan(t *testing.T) {
	a := named("shop", "NetworkPolicy", "web.v1", map[string]any{})
	a.Comments = []string{"why"}
	files := mustPlan(t, named("shop", "NetworkPolicy", "web-2", nil), a, named("", "GlobalNetworkPolicy", "tier.all", nil))
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
		if !strings.HasPrefix(string(f.Data), Marker+"\n") || checkPath(f.Path) != nil {
			t.Errorf("%s: %v\n%s", f.Path, checkPath(f.Path), f.Data)
		}
	}
	if want := []string{"_cluster/tier.all.globalnetworkpolicy.yaml", "shop/web-2.networkpolicy.yaml", "shop/web.v1.networkpolicy.yaml"}; !slices.Equal(paths, want) {
		t.Errorf("paths %q, want %q", paths, want)
	}
	if want := Marker + "\n# why\napiVersion: v1\nkind: NetworkPolicy\nmetadata:\n  name: web.v1\n  namespace: shop\nspec: {}\n"; string(files[2].Data) != want {
		t.Errorf("got\n%s\nwant\n%s", files[2].Data, want)
	}
}

func TestPlanErrors(t *testing.T) {
	for _, test := range []struct {
		obj  Object
		want string
	}{
		{named("..", "K", "n", nil), "not a namespace"},
		{named("a.b", "K", "n", nil), "not a namespace"},
		{named("_cluster", "K", "n", nil), "not a namespace"},
		{named("a/b", "K", "n", nil), "not a namespace"},
		{named(strings.Repeat("a", 64), "K", "n", nil), "not a namespace"},
		{named("a", "../K", "n", nil), "not a kind"},
		{named("a", "", "n", nil), "not a kind"},
		{named("a", "K", "", nil), "not an object's name"},
		{named("a", "K", "..", nil), "not an object's name"},
		{named("a", "K", "../n", nil), "not an object's name"},
		{named("a", "K", "a..b", nil), "not an object's name"},
		{named("a", "K", ".a", nil), "not an object's name"},
		{named("a", "K", "-a", nil), "not an object's name"},
		{named("a", "K", "A", nil), "not an object's name"},
		{named("a", "K", "a b", nil), "not an object's name"},
		{named("a", "K", "a\x00", nil), "not an object's name"},
		{named("a", "K", strings.Repeat("a", 254), nil), "not an object's name"},
		{named("a", "NetworkPolicy", strings.Repeat("a", 253), nil), "use a shorter name"},
		{named("a", "K", "n", "\xff"), "not valid UTF-8"},
	} {
		if _, err := Plan([]Object{test.obj}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: got %v, want %q", test.obj, err, test.want)
		}
	}
	twice := named("a", "K", "n", nil)
	if _, err := Plan([]Object{twice, twice}); err == nil || !strings.Contains(err.Error(), "both be written to a/n.k.yaml") {
		t.Errorf("two objects of one path: %v", err)
	}
}

// tree gives the files under dir, and its directories, as far as one need look.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		switch rel = filepath.ToSlash(rel); {
		case err != nil || rel == ".":
			return err
		case d.IsDir():
			out[rel+"/"] = ""
		case d.Type().IsRegular():
			data, err := os.ReadFile(name)
			out[rel] = string(data)
			return err
		default:
			out[rel] = d.Type().String()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func kinds(changes []Change) map[string]ChangeKind {
	out := map[string]ChangeKind{}
	for _, c := range changes {
		out[c.Path] = c.Kind
	}
	return out
}

func TestCompareAndApply(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "out") // Apply creates it
	first := mustPlan(t, named("shop", "K", "a", 1), named("shop", "K", "b", 1), named("old", "K", "c", 1), named("", "K", "d", 1))
	changes, err := Compare(dir, first)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 4 || changes[0].Kind != Create || changes[0].Old != nil {
		t.Fatalf("changes %v", changes)
	}
	if err := Apply(dir, changes); err != nil {
		t.Fatal(err)
	}
	if changes, err = Compare(dir, first); err != nil || len(changes) != 0 {
		t.Fatalf("after applying: %v, %v", kinds(changes), err)
	}
	if owned, err := Read(dir); err != nil || len(owned) != 4 || string(owned["old/c.k.yaml"]) != string(first[1].Data) {
		t.Fatalf("read %v, %v", owned, err)
	}

	// What others put there stays, save what begins with the marker.
	others := map[string]string{
		"README.md":                 "hello",
		"shop/values.yaml":          "# " + Marker + "\n",
		"shop/more.yaml":            Marker + " Not quite.\n",
		"old/keep.txt":              "x",
		".git/HEAD":                 Marker + "\n",
		"shop/.portolan-0.tmp":      Marker + "\nleft by a crash",
		"empty.yaml":                "",
		"kustomize/deep/other.yaml": "kind: X\n",
	}
	for name, text := range others {
		write(t, dir, name, text)
	}
	write(t, dir, "moved/by/hand/e.yaml", Marker+"\nkind: X\n")
	write(t, dir, "shop/b.k.yaml", strings.ReplaceAll(string(first[3].Data), "\n", "\r\n"))

	second := mustPlan(t, named("shop", "K", "a", 2), named("shop", "K", "b", 1), named("new", "K", "c", 1))
	if changes, err = Compare(dir, second); err != nil {
		t.Fatal(err)
	}
	want := map[string]ChangeKind{
		"shop/a.k.yaml": Update, "shop/b.k.yaml": Update, "new/c.k.yaml": Create,
		"old/c.k.yaml": Delete, "_cluster/d.k.yaml": Delete, "moved/by/hand/e.yaml": Delete,
	}
	if got := kinds(changes); !reflect.DeepEqual(got, want) {
		t.Fatalf("changes %v, want %v", got, want)
	}
	if !slices.IsSortedFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) }) {
		t.Error("changes are not sorted")
	}
	if err := Apply(dir, changes); err != nil {
		t.Fatal(err)
	}
	expected := map[string]string{".git/": "", "kustomize/": "", "kustomize/deep/": "", "new/": "", "old/": "", "shop/": ""}
	for name, text := range others {
		expected[name] = text
	}
	for _, f := range second {
		expected[f.Path] = string(f.Data)
	}
	if got := tree(t, dir); !reflect.DeepEqual(got, expected) {
		t.Errorf("got %q\nwant %q", got, expected)
	}
	if info, err := os.Stat(filepath.Join(dir, "new/c.k.yaml")); err != nil || info.Mode().Perm()&0o600 != 0o600 || info.Mode().Perm()&0o133 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestForeignFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "shop/a.k.yaml", "kind: Mine\n")
	write(t, dir, "shop/b.k.yaml", "")
	write(t, dir, "file", "x")
	if err := os.MkdirAll(filepath.Join(dir, "shop", "c.k.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	files := mustPlan(t, named("shop", "K", "a", 1), named("shop", "K", "b", 1), named("shop", "K", "c", 1), named("file", "K", "a", 1), named("free", "K", "a", 1))
	_, err := Compare(dir, files)
	for _, want := range []string{"shop/a.k.yaml is not a file that portolan wrote", "shop/b.k.yaml is not a file that", "shop/c.k.yaml is not a regular file", "file is not a directory"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	// Apply does not rely on Compare having been asked.
	for _, f := range files {
		for _, kind := range []ChangeKind{Create, Update, Delete} {
			if f.Path == "free/a.k.yaml" {
				continue
			}
			if err := Apply(dir, []Change{{f.Path, kind, []byte(before[f.Path]), f.Data}}); err == nil {
				t.Errorf("%v %s: no error", kind, f.Path)
			}
		}
	}
	if after := tree(t, dir); !reflect.DeepEqual(after, before) {
		t.Errorf("changed: %v", after)
	}
}

func TestSymlinksAreRefused(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "a.k.yaml", Marker+"\n")
	files := mustPlan(t, named("shop", "K", "a", 1))
	for name, link := range map[string][2]string{
		"file":            {filepath.Join(outside, "a.k.yaml"), "shop/a.k.yaml"},
		"directory":       {outside, "shop"},
		"dangling":        {filepath.Join(outside, "new"), "shop/a.k.yaml"},
		"within":          {"other.yaml", "shop/a.k.yaml"},
		"within, a dir":   {"other", "shop"},
		"elsewhere":       {outside, "x/y"},
		"unrelated files": {"nowhere", "shop/README"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "other/a.k.yaml", Marker+"\n")
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(link[1])), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil {
				t.Skip(err)
			}
			before, beforeOutside := tree(t, dir), tree(t, outside)
			want := filepath.ToSlash(filepath.Join(dir, link[1])) + " is a symbolic link"
			if _, err := Compare(dir, files); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Compare: %v, want %q", err, want)
			}
			if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Read: %v, want %q", err, want)
			}
			if strings.HasPrefix(link[1], "shop") && !strings.HasSuffix(link[1], "README") {
				for _, kind := range []ChangeKind{Create, Update, Delete} {
					if err := Apply(dir, []Change{{files[0].Path, kind, []byte(Marker + "\n"), files[0].Data}}); err == nil || !strings.Contains(err.Error(), "is a symbolic link") {
						t.Errorf("Apply, %v: %v", kind, err)
					}
				}
			}
			if after := tree(t, dir); !reflect.DeepEqual(after, before) {
				t.Errorf("changed: %v", after)
			}
			if after := tree(t, outside); !reflect.DeepEqual(after, beforeOutside) {
				t.Errorf("changed outside: %v", after)
			}
		})
	}
}

func TestApplyChecksBeforeItWrites(t *testing.T) {
	dir := t.TempDir()
	one := mustPlan(t, named("a", "K", "x", 1), named("b", "K", "y", 1))
	changes, err := Compare(dir, one)
	if err != nil {
		t.Fatal(err)
	}
	if err := Apply(dir, changes); err != nil {
		t.Fatal(err)
	}
	if changes, err = Compare(dir, mustPlan(t, named("a", "K", "x", 2), named("b", "K", "y", 2))); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "b/y.k.yaml", Marker+"\nedited: true\n")
	before := tree(t, dir)
	var failed *ApplyError
	if err := Apply(dir, changes); !errors.As(err, &failed) || failed.Path != "b/y.k.yaml" || len(failed.Done) != 0 || len(failed.NotDone) != 2 {
		t.Errorf("got %v", err)
	} else if want := "b/y.k.yaml: the file was changed since it was compared (changed: none; not changed: a/x.k.yaml, b/y.k.yaml)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if after := tree(t, dir); !reflect.DeepEqual(after, before) {
		t.Errorf("changed: %v", after)
	}
}

func TestApplySaysHowFarItCame(t *testing.T) {
	dir := t.TempDir()
	files := mustPlan(t, named("a", "K", "x", 1), named("b", "K", "y", 1), named("c", "K", "z", 1))
	changes, err := Compare(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "gone/old.k.yaml", Marker+"\n")
	changes = slices.Insert(changes, 0, Change{"gone/old.k.yaml", Delete, []byte(Marker + "\n"), nil})
	changes = append(changes, changes[2]) // fails only when the first of the two is written
	var failed *ApplyError
	if err := Apply(dir, changes); !errors.As(err, &failed) || failed.Path != "b/y.k.yaml" || len(failed.Done) != 3 || len(failed.NotDone) != 2 {
		t.Fatalf("got %v", err)
	}
	if got := tree(t, dir); got["gone/old.k.yaml"] == "" || len(got) != 8 {
		t.Errorf("a file was deleted although not all were written, or a temporary one is left: %v", got)
	}
}

func TestApplyLeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	write(t, dir, "a/b/c", "x") // a directory in the file's place: renaming fails
	if err := replace(root, "a/b", []byte("new")); err == nil {
		t.Error("no error")
	}
	if got := tree(t, dir); len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

func TestApplyRefusesStrangePaths(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "dir")
	write(t, parent, "x.k.yaml", Marker+"\n")
	for _, name := range []string{"../x.k.yaml", "/tmp/x.k.yaml", "a/../../x.k.yaml", "x.k.yaml", "a/b/x.k.yaml", "a/.x.yaml", ".git/x.yaml", "a/x.yml", "A/x.yaml", `a\x.yaml`, "a/x\x00.yaml", ""} {
		for _, kind := range []ChangeKind{Create, Update, Delete, 0, 9} {
			if err := Apply(dir, []Change{{name, kind, []byte(Marker + "\n"), []byte(Marker + "\n")}}); err == nil {
				t.Errorf("%v %q: no error", kind, name)
			}
		}
		if _, err := Compare(dir, []File{{name, []byte(Marker + "\n")}}); err == nil {
			t.Errorf("Compare %q: no error", name)
		}
	}
	if err := Apply(dir, []Change{{"a/x.yaml", Create, nil, []byte("no marker\n")}}); err == nil {
		t.Error("wrote a file without the marker")
	}
	if _, err := Compare(dir, []File{{"a/x.yaml", []byte("no marker\n")}}); err == nil {
		t.Error("compared a file without the marker")
	}
	file := File{"a/x.yaml", []byte(Marker + "\n")}
	if _, err := Compare(dir, []File{file, file}); err == nil {
		t.Error("compared a file planned twice")
	}
	if got := tree(t, parent); len(got) != 2 { // dir and x.k.yaml
		t.Errorf("got %v", got)
	}
}

func TestReadIsBounded(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"mine.yaml": Marker + "\n", "theirs.yaml": "x\n"} {
		write(t, dir, name, text)
		if err := os.Truncate(filepath.Join(dir, name), maxFile+1); err != nil { // sparse
			t.Skip(err)
		}
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "mine.yaml is larger than 64 MiB") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "mine.yaml")); err != nil {
		t.Fatal(err)
	}
	if owned, err := Read(dir); err != nil || len(owned) != 0 {
		t.Errorf("got %v, %v", owned, err)
	}
	if owned, err := Read(filepath.Join(dir, "missing")); err != nil || owned == nil || len(owned) != 0 {
		t.Errorf("got %v, %v", owned, err)
	}
	if _, err := Read(filepath.Join(dir, "theirs.yaml")); err == nil {
		t.Error("a file is no directory")
	}
}

func TestDiff(t *testing.T) {
	lines := func(s ...string) []byte { return []byte(strings.Join(s, "\n") + "\n") }
	got := Diff([]Change{
		{"a/new.k.yaml", Create, nil, lines("x", "y")},
		{"a/old.k.yaml", Delete, lines("x"), nil},
		{"b/c.k.yaml", Update, lines("1", "2", "3", "4", "5", "6", "7", "8", "9"), lines("1", "2", "3", "4", "five", "6", "7", "8", "9")},
	})
	want := `--- /dev/null
+++ b/a/new.k.yaml
@@ -0,0 +1,2 @@
+x
+y
--- a/a/old.k.yaml
+++ /dev/null
@@ -1,1 +0,0 @@
-x
--- a/b/c.k.yaml
+++ b/b/c.k.yaml
@@ -2,7 +2,7 @@
 2
 3
 4
-5
+five
 6
 7
 8
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := Diff(nil); got != "" {
		t.Errorf("no changes are %q", got)
	}
}
