package ir

import "testing"

func TestParseName(t *testing.T) {
	for text, want := range map[string]string{
		"API.Example.com.": "api.example.com", "*.example.com": "*.example.com", "**.example.com": "**.example.com", "localhost": "localhost",
	} {
		if n, err := ParseName(text); err != nil || n.String() != want {
			t.Errorf("ParseName(%q) = %q, %v", text, n, err)
		}
	}
	for _, text := range []string{"", ".", "*", "**", "*.", "a.*.b", "api*.example.com", "*a.example.com", "a..b", "-a.b", "a b", "***.x", "http://x"} {
		if n, err := ParseName(text); err == nil {
			t.Errorf("ParseName(%q) = %q, want an error", text, n)
		}
	}
}

func TestNameMatches(t *testing.T) {
	cases := []struct {
		pattern, name string
		want          bool
	}{
		{"api.x.io", "API.x.io.", true},
		{"*.x.io", "a.x.io", true},
		{"*.x.io", "a.b.x.io", false},
		{"*.x.io", "x.io", false},
		{"**.x.io", "a.b.x.io", true},
		{"**.x.io", "x.io", false},
	}
	for _, c := range cases {
		n, err := ParseName(c.pattern)
		if err != nil || n.Matches(c.name) != c.want {
			t.Errorf("%s matches %s: %v, want %v (%v)", c.pattern, c.name, !c.want, c.want, err)
		}
	}
}

func TestParsePath(t *testing.T) {
	for text, kind := range map[string]PathKind{
		"/": PathExact, "/a/b": PathExact, "/a/*/b": PathSegments, "/a/**": PathSegments, "/**": PathSegments, "~/a(b|c)": PathRegex,
	} {
		if p, err := ParsePath(text); err != nil || p.Kind() != kind || p.String() != text {
			t.Errorf("ParsePath(%q) = %v kind %d, %v", text, p, p.Kind(), err)
		}
	}
	for _, text := range []string{"", "a", "/a*", "/**/a", "/a/b*c", "/a?x=1", "/a#b", "/a b", "~(", "~(?<=a)b", "/\x00"} {
		if p, err := ParsePath(text); err == nil {
			t.Errorf("ParsePath(%q) = %v, want an error", text, p)
		}
	}
}
