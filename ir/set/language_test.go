package set

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func mustRegexp(t testing.TB, expr string) Language {
	t.Helper()
	l, err := Regexp(expr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// words is every string over a small alphabet up to a length, shortest first
// and then in humane order.
func words(alphabet string, length int) []string {
	out := []string{""}
	for from := 0; length > 0; length-- {
		to := len(out)
		for _, w := range out[from:to] {
			for i := range len(alphabet) {
				out = append(out, w+alphabet[i:i+1])
			}
		}
		from = to
	}
	return out
}

var shortWords = words("ab/A", 5)

// drawLanguage draws a language over a, b, '/' and A, and what says which
// strings it has in another way than by automata.
func drawLanguage(t *rapid.T, name string, depth int) (Language, func(string) bool) {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("ab/A")), 0, 3, -1)
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, name) == 0 {
		w := word.Draw(t, "word")
		switch rapid.IntRange(0, 6).Draw(t, "leaf") {
		case 0:
			return Literal(w), func(s string) bool { return s == w }
		case 1:
			return Prefix(w), func(s string) bool { return strings.HasPrefix(s, w) }
		case 2:
			return Suffix(w), func(s string) bool { return strings.HasSuffix(s, w) }
		case 3:
			return Containing(w), func(s string) bool { return strings.Contains(s, w) }
		case 4:
			list := rapid.SliceOfN(word, 0, 5).Draw(t, "list")
			return Strings(list...), func(s string) bool { return slices.Contains(list, s) }
		case 5:
			return OneByte(func(b byte) bool { return strings.IndexByte(w, b) >= 0 }),
				func(s string) bool { return len(s) == 1 && strings.Contains(w, s) }
		}
		return AnyString(), func(string) bool { return true }
	}
	l, inL := drawLanguage(t, name, depth-1)
	m, inM := drawLanguage(t, name, depth-1)
	switch rapid.IntRange(0, 8).Draw(t, "operation") {
	case 0:
		return l.Union(m), func(s string) bool { return inL(s) || inM(s) }
	case 1:
		return l.Intersect(m), func(s string) bool { return inL(s) && inM(s) }
	case 2:
		return l.Subtract(m), func(s string) bool { return inL(s) && !inM(s) }
	case 3:
		return l.Complement(), func(s string) bool { return !inL(s) }
	case 4:
		return l.Optional(), func(s string) bool { return s == "" || inL(s) }
	case 5:
		return Concat(l, m), func(s string) bool { return splits(s, inL, inM) }
	case 6:
		return l.Plus(), func(s string) bool { return repeats(s, inL) }
	case 7:
		return l.Star(), func(s string) bool { return s == "" || repeats(s, inL) }
	}
	return l.FoldCase(), func(s string) bool { return slices.ContainsFunc(cases(s), inL) }
}

func splits(s string, first, second func(string) bool) bool {
	for i := range len(s) + 1 {
		if first(s[:i]) && second(s[i:]) {
			return true
		}
	}
	return false
}

func repeats(s string, in func(string) bool) bool {
	for i := 1; i < len(s); i++ {
		if in(s[:i]) && repeats(s[i:], in) {
			return true
		}
	}
	return in(s)
}

// cases is the string with each letter in either case.
func cases(s string) []string {
	out := []string{""}
	for i := range len(s) {
		var next []string
		for _, o := range out {
			next = append(next, o+strings.ToLower(s[i:i+1]))
			if up := strings.ToUpper(s[i : i+1]); up != strings.ToLower(s[i:i+1]) {
				next = append(next, o+up)
			}
		}
		out = next
	}
	return out
}

func TestLanguageAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, in := drawLanguage(t, "l", 3)
		var members []string
		for _, w := range shortWords {
			if l.Contains(w) != in(w) {
				t.Fatalf("has %q: %v", w, l.Contains(w))
			}
			if in(w) {
				members = append(members, w)
			}
		}
		least, ok := l.Shortest()
		if ok == l.IsEmpty() || ok && !l.Contains(least) {
			t.Fatalf("shortest is %q, %v", least, ok)
		}
		if len(members) > 0 && (len(least) > len(members[0]) || strings.Trim(least, "ab/A") == "" && least != members[0]) {
			t.Fatalf("shortest is %q, want %q", least, members[0])
		}
		if finite, ok := l.Finite(20); ok {
			if !slices.IsSorted(finite) || !Strings(finite...).Equal(l) {
				t.Fatalf("finite is %q", finite)
			}
			if _, ok := l.Finite(len(finite) - 1); ok {
				t.Fatalf("%d strings are at most %d", len(finite), len(finite)-1)
			}
		}
	})
}

func TestLanguageLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _ := drawLanguage(t, "a", 2)
		b, _ := drawLanguage(t, "b", 2)
		c, _ := drawLanguage(t, "c", 1)
		none, any := Language{}, AnyString()
		for law, pair := range map[string][2]Language{
			"a+a = a":                {a.Union(a), a},
			"a+b = b+a":              {a.Union(b), b.Union(a)},
			"a*b = b*a":              {a.Intersect(b), b.Intersect(a)},
			"a*(b+c) = a*b + a*c":    {a.Intersect(b.Union(c)), a.Intersect(b).Union(a.Intersect(c))},
			"a-a = none":             {a.Subtract(a), none},
			"not not a = a":          {a.Complement().Complement(), a},
			"not(a+b)":               {a.Union(b).Complement(), a.Complement().Intersect(b.Complement())},
			"a-b = a * not b":        {a.Subtract(b), a.Intersect(b.Complement())},
			"a + not a = any":        {a.Union(a.Complement()), any},
			"(a-b) + (a*b) = a":      {a.Subtract(b).Union(a.Intersect(b)), a},
			"AnyOf":                  {AnyOf(c, a, b, a), a.Union(b).Union(c)},
			"(a b) c = a (b c)":      {Concat(Concat(a, b), c), Concat(a, b, c)},
			"(a+b) c = a c + b c":    {Concat(a.Union(b), c), Concat(a, c).Union(Concat(b, c))},
			"empty string":           {Concat(a, Concat()), a},
			"a none = none":          {Concat(a, none), none},
			"none a = none":          {Concat(none, a), none},
			"a* = a* a*":             {a.Star(), Concat(a.Star(), a.Star())},
			"a+ = a a*":              {a.Plus(), Concat(a, a.Star())},
			"(a+b)* = (a* b*)*":      {a.Union(b).Star(), Concat(a.Star(), b.Star()).Star()},
			"fold fold a":            {a.FoldCase().FoldCase(), a.FoldCase()},
			"fold(a+b) = fold+fold":  {a.Union(b).FoldCase(), a.FoldCase().Union(b.FoldCase())},
			"fold not fold a is not": {a.FoldCase().Complement().FoldCase(), a.FoldCase().Complement()},
		} {
			if !pair[0].Equal(pair[1]) || pair[0].Key() != pair[1].Key() {
				t.Fatalf("%s fails", law)
			}
		}
		same := a.Subtract(b).IsEmpty() && b.Subtract(a).IsEmpty()
		if same != a.Equal(b) || same != (a.Key() == b.Key()) || same != (a.ContainsAll(b) && b.ContainsAll(a)) {
			t.Fatal("Equal, Key and ContainsAll disagree")
		}
		if a.IsAll() != a.Complement().IsEmpty() || a.IsAll() != a.Equal(any) || a.IsEmpty() != a.Equal(none) {
			t.Fatal("IsAll or IsEmpty is wrong")
		}
	})
}

func TestLanguagesOfOneShapeDiffer(t *testing.T) {
	if a, b := Literal("a"), Literal("b"); a.Equal(b) || a.Key() == b.Key() {
		t.Error("a is b")
	}
}

func TestLanguagesOfOnePathAreEqual(t *testing.T) {
	segment := OneByte(func(b byte) bool { return b != '/' && b != '?' })
	line := OneByte(func(b byte) bool { return b != '\n' && b < 0x80 }).Star()
	text := func(expr string) Language { return mustRegexp(t, expr).Intersect(line) }
	for name, pair := range map[string][2]Language{
		"prefix":       {text("/foo.*"), Prefix("/foo").Intersect(line)},
		"below":        {text("/foo(/.*)?"), Literal("/foo").Union(Prefix("/foo/").Intersect(line))},
		"one segment":  {text("/a/[^/?]+/b"), Concat(Literal("/a/"), segment.Plus(), Literal("/b")).Intersect(line)},
		"anchors":      {text("^/a$"), Literal("/a")},
		"alternatives": {text("GET|HEAD"), Strings("HEAD", "GET")},
		"case":         {text("(?i)ab-1"), Literal("aB-1").FoldCase()},
		"Kelvin":       {mustRegexp(t, "(?i)k"), Strings("k", "K", "\u212a")},
		"no match":     {text("a^b"), Language{}},
		"any byte":     {mustRegexp(t, `(?s).*`).Subtract(mustRegexp(t, `.*`)), mustRegexp(t, `(?s).*\n.*`)},
	} {
		if !pair[0].Equal(pair[1]) {
			only, _ := pair[0].Subtract(pair[1]).Union(pair[1].Subtract(pair[0])).Shortest()
			t.Errorf("%s: %q is in one only", name, only)
		}
	}
}

func TestLanguageShortestIsHumane(t *testing.T) {
	any := OneByte(func(byte) bool { return true })
	for _, test := range []struct {
		l    Language
		want string
	}{
		{AnyString(), ""},
		{Literal("").Complement(), "a"},
		{any.Subtract(mustRegexp(t, "[a-z]")), "0"},
		{any.Subtract(mustRegexp(t, "[a-z0-9]")), "/"},
		{any.Subtract(mustRegexp(t, "[a-z0-9/]")), "-"},
		{any.Subtract(mustRegexp(t, "[a-z0-9/.-]")), "!"},
		{any.Subtract(mustRegexp(t, "[!-@[-~]")), "A"},
		{any.Subtract(mustRegexp(t, "[!-~]")), " "},
		{any.Subtract(mustRegexp(t, "[ -~]")), "\x00"},
		{Strings("bbb", "ZZ", "/z", "z/"), "z/"},
	} {
		if got, ok := test.l.Shortest(); !ok || got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestLanguageFinite(t *testing.T) {
	for _, test := range []struct {
		l    Language
		max  int
		want []string
		ok   bool
	}{
		{Language{}, 0, nil, true},
		{Strings("b", "a", "", "ab"), 4, []string{"", "a", "ab", "b"}, true},
		{Strings("b", "a", "", "ab"), 3, nil, false},
		{Literal("a").Star(), 1 << 20, nil, false},
		{Concat(Literal("a"), Literal("b").Star(), Literal("c")), 1 << 20, nil, false},
		{Literal("/a/long/path"), 1, []string{"/a/long/path"}, true},
		{mustRegexp(t, "[ab]{2}"), 4, []string{"aa", "ab", "ba", "bb"}, true},
	} {
		got, ok := test.l.Finite(test.max)
		if !slices.Equal(got, test.want) || ok != test.ok {
			t.Errorf("got %q, %v, want %q, %v", got, ok, test.want, test.ok)
		}
	}
}

// expression draws text in the syntax of regular expressions, most of it
// valid.
var expression = rapid.Custom(func(t *rapid.T) string {
	var draw func(depth int) string
	draw = func(depth int) string {
		if depth == 0 {
			return rapid.SampledFrom([]string{"a", "b", "A", "/", ".", "[^a]", "[a-b]", "ä", "\u212a", "€", `\n`, "(?:)", `\pL`,
				"^", "$", `\b`, `\B`, `\A`, `\z`, `\w`, "\U0001f600", `[ß-\x{1ffff}]`, `[^\x{d7ff}-\x{ffff}]`}).Draw(t, "atom")
		}
		switch x := draw(depth - 1); rapid.IntRange(0, 5).Draw(t, "form") {
		case 0:
			return "(?:" + x + "|" + draw(depth-1) + ")"
		case 1:
			return "(" + x + ")" + rapid.SampledFrom([]string{"*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"}).Draw(t, "repeat")
		case 2:
			return "(?" + rapid.SampledFrom([]string{"i", "s", "m", "im", "U"}).Draw(t, "flags") + ":" + x + ")"
		case 3:
			return x
		default:
			return x + draw(depth-1)
		}
	}
	return draw(4)
})

func TestRegexpAgreesWithGo(t *testing.T) {
	letter := rapid.SampledFrom([]string{"a", "b", "A", "B", "/", "\n", " ", "_", "ä", "Ä", "k", "\u212a", "€", "ß", "\U0001f600", "\ue000", "\xff", "\xc3", "\xed\xa0\x80"})
	rapid.Check(t, func(t *rapid.T) {
		expr := expression.Draw(t, "expr")
		whole := regexp.MustCompile(`\A(?:` + expr + `)\z`)
		l, err := Regexp(expr)
		if err != nil {
			t.Fatal(err)
		}
		samples := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(letter, 0, 8).Draw(t, "letters"), "")
		}), 30, 30).Draw(t, "samples")
		if s, ok := l.Shortest(); ok {
			samples = append(samples, s, s+"a", s+"\n")
		}
		for _, s := range samples {
			if want := utf8.ValidString(s) && whole.MatchString(s); l.Contains(s) != want {
				t.Fatalf("%q matches %q: %v", expr, s, !want)
			}
		}
	})
}

// TestRegexpTellsRunesApart holds every rune against an expression that has
// ranges across all lengths of UTF-8.
func TestRegexpTellsRunesApart(t *testing.T) {
	for _, expr := range []string{".", `[^a]`, `\PL`, `\p{Greek}`, `[\x{40}-\x{7fe}]`, `[\x{81}-\x{fffe}]`, `[\x{801}-\x{103456}]`, `(?i)[k-s]`} {
		l, whole := mustRegexp(t, expr), regexp.MustCompile(`\A(?:`+expr+`)\z`)
		for r := range rune(utf8.MaxRune + 1) {
			if s := string(r); utf8.ValidRune(r) && l.Contains(s) != whole.MatchString(s) {
				t.Fatalf("%s matches %U: %v", expr, r, l.Contains(s))
			}
		}
	}
}

// TestRegexpAssertions holds every pair of bytes against assertions between
// them and around them.
func TestRegexpAssertions(t *testing.T) {
	for _, expr := range []string{`(?s).\b.`, `(?s).\B.`, `(?s)\b..`, `(?s)..\B`, `(?ms).^.`, `(?ms).$.`, `(?ms)^.$.$`, `(?s)..$`, `(?s).\A.`, `(?s)(\b|.)*`} {
		l, whole := mustRegexp(t, expr), regexp.MustCompile(`\A(?:`+expr+`)\z`)
		for i := range 1 << 14 {
			s := string([]byte{byte(i >> 7), byte(i & 0x7f)})
			if l.Contains(s) != whole.MatchString(s) {
				t.Fatalf("%s matches %q: %v", expr, s, l.Contains(s))
			}
		}
	}
}

func TestRegexpRefuses(t *testing.T) {
	for _, expr := range []string{"(", "a**", `\C`, "(?=a)", `(a)\1`, "a{1001}", "\xff"} {
		if l, err := Regexp(expr); err == nil || !l.IsEmpty() {
			t.Errorf("%q is read", expr)
		}
	}
	for _, expr := range []string{
		strings.Repeat("a", maxExpression+1), strings.Repeat("a{1000}", 100), ".*a.{1000}", `(\pL{5}|\PL{7}){99}`,
		strings.Repeat("(a?b?){500}", 20), strings.Repeat("(.*a)?", 200) + ".{20}",
		"(" + strings.Repeat("(a|b)*", 400) + ")*.*a[ab]{30}",
	} {
		var bound BoundError
		if _, err := Regexp(expr); !errors.As(err, &bound) {
			t.Errorf("%.40q... gives %v", expr, err)
		}
	}
}

func TestOperationsPanicWithBoundError(t *testing.T) {
	defer func() {
		if err, ok := recover().(BoundError); !ok || err.Error() == "" {
			t.Errorf("got %v", err)
		}
	}()
	l := AnyString()
	for i := range 40 {
		l = l.Intersect(mustRegexp(t, fmt.Sprintf(".*%d.*x.*", i)))
	}
	t.Error("no panic")
}

func FuzzRegexp(f *testing.F) {
	for _, seed := range [][2]string{{"/foo(/.*)?", "/foo/"}, {`(?i)^\bk\B$`, "\u212a"}, {`[^a]{2,}|\pL`, "ä\n"}, {"(a*)*b{0,3}", "\xff"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, expr, s string) {
		l, err := Regexp(expr)
		var bound BoundError
		if errors.As(err, &bound) {
			return
		}
		plain, wrong := regexp.Compile(expr)
		if (err == nil) != (wrong == nil) {
			t.Fatalf("%q: %v, %v", expr, err, wrong)
		}
		if err != nil {
			return
		}
		plain.Longest() // so that it finds the whole string where it matches
		least, _ := l.Shortest()
		for _, s := range []string{s, least} {
			want := utf8.ValidString(s) && slices.Equal(plain.FindStringIndex(s), []int{0, len(s)})
			if l.Contains(s) != want {
				t.Fatalf("%q matches %q: %v", expr, s, !want)
			}
		}
	})
}
