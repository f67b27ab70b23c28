package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	outputBlock = regexp.MustCompile("(?ms)^```(?:console)?\n(\\$ portolan .*?)^```")
	shown       = regexp.MustCompile(`(?m)^\$ portolan ((?:.*\\\n)*.*)\n((?:[^$\n].*\n|\n)*)`)
)

// TestOutputInDocs runs the commands that pages show on the examples, in the
// order of the page, and demands the output that stands below them, if any does.
// There "…" stands for anything. What pages show of other input is not run.
func TestOutputInDocs(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	pages, _ := filepath.Glob(filepath.Join(root, "examples", "*", "README.md"))
	guides, _ := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	ran := 0
	for _, page := range append(pages, guides...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.Symlink(filepath.Join(root, "examples"), filepath.Join(dir, "examples")); err != nil {
			t.Skip(err) // some systems let few make links
		}
		t.Chdir(dir)
		for _, block := range outputBlock.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\r\n", "\n"), -1) {
			for _, m := range shown.FindAllStringSubmatch(block[1], -1) {
				command, want := strings.ReplaceAll(m[1], "\\\n", " "), strings.TrimSpace(m[2])
				if !strings.Contains(command, "examples/") {
					continue
				}
				ran++
				var out bytes.Buffer
				if code := run(strings.Fields(command), streams{in: &bytes.Buffer{}, out: &out, err: &out}); code == int(exitError) {
					t.Errorf("%s: portolan %s gives no answer:\n%s", page, command, &out)
				}
				if want != "" && !matches(out.String(), want) {
					t.Errorf("%s: portolan %s prints\n%s\nand the page has\n%s", page, command, &out, want)
				}
			}
		}
	}
	if ran < 20 {
		t.Errorf("%d commands: some are not found", ran)
	}
}

func matches(got, want string) bool {
	parts := strings.Split(want, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("(?s)^" + strings.Join(parts, ".*")).MatchString(got)
}
