package cilium

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portolan-dev/portolan/ir"
)

// onPath says by the language's own words whether a pattern has a path.
func onPath(p ir.Path, path string) bool {
	switch p.Kind() {
	case ir.PathAny:
		return true
	case ir.PathExact:
		return path == p.Text()
	case ir.PathRegex:
		return full(p.Text(), path)
	}
	want, got := p.Segments(), strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range want {
		switch {
		case s == "**" && i == len(want)-1:
			return len(got) > i
		case i >= len(got) || s == "*" && got[i] == "" || s != "*" && s != got[i]:
			return false
		}
	}
	return len(got) == len(want) && strings.HasPrefix(path, "/")
}

func pathOf(t testing.TB, text string) ir.Path {
	t.Helper()
	p, err := ir.ParsePath(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPaths(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{"/", `/(\?.*)?`},
		{"/api/orders", `/api/orders(\?.*)?`},
		{"/v1.0/(x)", `/v1\.0/\(x\)(\?.*)?`},
		{"/api/", `/api/(\?.*)?`},
		{"/api/**", `/api/[^?]*(\?.*)?`},
		{"/*/x/*", `/[^/?]+/x/[^/?]+(\?.*)?`},
		{"~/items/[0-9]+", `/items/[0-9]+(\?.*)?`},
		{"~/a|/b", `(?:/a|/b)(\?.*)?`},
		{"~^/a$", `/a(\?.*)?`},
		{"~^(/a|/b)$", `(/[ab])(\?.*)?`},
		{"~/.*", `/[^\?]*(\?.*)?`},
		{"~/[^/]+", `/[^/\?]+(\?.*)?`},
		{"~(?i)/a", `(?i)/a(\?.*)?`},
		{`~/\Qa.b`, `/a\.b(\?.*)?`},
		{`~/[?]`, `[^\x00-\x{10FFFF}](\?.*)?`},
	} {
		got, ref := pathPattern(pathOf(t, c.pattern))
		if ref != nil || got != c.want {
			t.Errorf("%s: got %s, want %s (%v)", c.pattern, got, c.want, ref)
		}
	}
	for _, pattern := range []string{"~(/a$)?b", "~(/a$)+", "~/a\\z/b", "/a//b", "/a/./b", "/../a", "//**"} {
		if got, ref := pathPattern(pathOf(t, pattern)); ref == nil {
			t.Errorf("%s: got %s, want a refusal", pattern, got)
		}
	}
}

// TestPathsMeanTheSame: the whole of what a client sends matches exactly if its
// path does, whatever the query.
func TestPathsMeanTheSame(t *testing.T) {
	patterns := []string{
		"/", "/a", "/a/", "/a/b", "/*", "/*/", "/a/*", "/*/b", "/**", "/a/**", "/*/**", "/a.c",
		"~/a", "~/a.c", "~/.*", "~/a.*b", "~/[^/]*", "~/(a|b)?", "~a|/b", "~/a|/b/.*", "~^/a$", "~(^/a$|/b)", "~(?s)/.", "~(?i)/A", "~/a\\b.*", "~.*/b", `~/[\x00-\x7f]`, `~/\W`,
	}
	rapid.Check(t, func(r *rapid.T) {
		p := pathOf(t, rapid.SampledFrom(patterns).Draw(r, "pattern"))
		re, ref := pathPattern(p)
		if ref != nil {
			t.Fatalf("%s: %v", p, ref)
		}
		path := rapid.StringMatching(`/[abc/.A]{0,5}`).Draw(r, "path")
		query := rapid.SampledFrom([]string{"", "?", "?a", "?/a", "?a?b/c", "?b"}).Draw(r, "query")
		if want, got := onPath(p, path), full(re, path+query); want != got {
			r.Fatalf("%s as %s on %q%q: want %v, got %v", p, re, path, query, want, got)
		}
	})
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		host     string
		want     bool
	}{
		{[]string{"api.example.com"}, "api.example.com", true},
		{[]string{"api.example.com"}, "API.Example.com:8080", true},
		{[]string{"api.example.com"}, "apixexample.com", false},
		{[]string{"api.example.com"}, "api.example.com:", false},
		{[]string{"api.example.com"}, "api.example.com.evil", false},
		{[]string{"*.example.com"}, "a.example.com:1", true},
		{[]string{"*.example.com"}, "example.com", false},
		{[]string{"*.example.com"}, "a.b.example.com", false},
		{[]string{"**.example.com"}, "a.b.example.com", true},
		{[]string{"**.example.com"}, "example.com", false},
		{[]string{"a.com", "*.b.com"}, "x.b.com:443", true},
		{[]string{"a.com", "*.b.com"}, "a.comx", false},
	} {
		var names []ir.Name
		for _, p := range c.patterns {
			n, err := ir.ParseName(p)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, n)
		}
		if got := full(hostPattern(names), c.host); got != c.want {
			t.Errorf("%v on %q: %v", c.patterns, c.host, got)
		}
	}
}
