package cilium

import (
	"testing"

	"github.com/portolan-dev/portolan/ir"
	"github.com/portolan-dev/portolan/ir/set"
)

// Paths that are read as patterns, and what they are read as.
var paths = []struct{ expr, path string }{
	{`/a(\?.*)?`, "/a"}, {`/(\?.*)?`, "/"}, {`/v1\.0/items/[^/?]+(\?.*)?`, "/v1.0/items/*"}, {`/static/[^?]*(\?.*)?`, "/static/**"},
	{`/[^/?]+/a/[^?]*(\?.*)?`, "/*/a/**"}, {`/items/[0-9]+(\?.*)?`, "~/items/[0-9]+"}, {`/(?:x|[^/\?]+/y)(\?.*)?`, `~/(?:x|[^/\?]+/y)`},
	{`(?i)/a(\?.*)?`, "~(?i)/a"}, {`/a`, ""}, {`/a.*`, ""}, {`/a|/b(\?.*)?`, ""}, {`a|b(\?.*)?`, ""}, {`/a\?b(\?.*)?`, ""}, {`/.*(\?.*)?`, ""}, {`\Q/a(\?.*)?`, ""},
	{`/a$(\?.*)?`, ""}, {`/a\b(\?.*)?`, ""}, {`/a/[^?]*/b(\?.*)?`, "~/a/[^?]*/b"}, {`/a\*b(\?.*)?`, `~/a\*b`}, {`/a/\*(\?.*)?`, `~/a/\*`},
}

func TestPaths(t *testing.T) {
	// What a client can send: no line feed and nothing that is not UTF-8.
	sent := set.OneByte(func(c byte) bool { return ' ' < c && c < 0x7f }).Star()
	for _, c := range paths {
		var q ir.Request
		if f := (patterns{}).path(&q, c.expr); f != nil {
			t.Fatalf("%s %s", c.expr, f.why)
		}
		got := ""
		if q.Paths != nil {
			got = q.Paths[0].String()
		} else {
			q.Paths = []ir.Path{ir.AnyPath()}
		}
		if got != c.path {
			t.Errorf("%s is read as %q, not %q", c.expr, got, c.path)
		}
		want, err := set.Regexp(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		if !q.Targets().Intersect(sent).Equal(want.Intersect(sent)) {
			t.Errorf("%s means something else", c.expr)
		}
	}
}

// Hosts that are read as names.
var hosts = []struct{ expr, names string }{
	{`(?i)api\.example\.com(:[0-9]+)?`, "names(api.example.com)"}, {`(?i)([^.:]+\.)+example\.net(:[0-9]+)?`, "names(**.example.net)"},
	{`(?i)([^.:]+\.example\.com|example\.org)(:[0-9]+)?`, "names(*.example.com, example.org)"}, {`(?i)(([^.:]+\.)+a\.io|b\.io)(:[0-9]+)?`, "names(**.a.io, b.io)"},
	{`api\.example\.com`, ""}, {`(?i)api.example.com(:[0-9]+)?`, ""}, {`(?i)a\.io|b\.io(:[0-9]+)?`, ""}, {`.*`, ""},
}

func TestHosts(t *testing.T) {
	sent := set.OneByte(func(c byte) bool { return ' ' < c && c < 0x7f && c != ':' }).Star()
	number := set.Concat(set.Literal(":"), set.OneByte(func(c byte) bool { return '0' <= c && c <= '9' }).Plus()).Optional()
	sent = set.Concat(sent, number)
	for _, c := range hosts {
		var q ir.Request
		if f := (patterns{}).host(&q, c.expr); f != nil {
			t.Fatalf("%s %s", c.expr, f.why)
		}
		got := ""
		if q.Hosts != nil {
			got = ir.Names{Patterns: q.Hosts}.String()
		}
		if got != c.names {
			t.Errorf("%s is read as %q, not %q", c.expr, got, c.names)
		}
		want, err := set.Regexp(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		if !q.Authorities().Intersect(sent).Equal(want.Intersect(sent)) {
			t.Errorf("%s means something else", c.expr)
		}
	}
}
