package intent

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/portolan-dev/portolan/ir/diag"
)

// Format lays a file out canonically and changes nothing but white space:
// indentation, spaces, alignment of arguments and comments, at most one blank
// line and none inside a bracket's edges. Formatting twice changes nothing.
//
// JSON comes back as it is. A file with syntax errors comes back as it is too,
// with the errors, since its layout cannot be known.
func Format(name string, src []byte) ([]byte, diag.List) {
	if f := parseFile(name, src); f.broken {
		return src, f.diags
	}
	if isJSON(name, src) {
		return src, nil
	}
	out := src
	for range maxFormat {
		next := tidy(hclwrite.Format(out))
		if bytes.Equal(next, out) || !sameTokens(next, out) {
			break
		}
		out = next
	}
	return out, nil
}

// sameTokens reports whether two texts have the same tokens, blank lines and
// white space in comments apart. A formatter that takes a space out can make one
// token of two: "6 .6" is no number.
func sameTokens(a, b []byte) bool {
	return slices.EqualFunc(essential(a), essential(b), func(x, y hclsyntax.Token) bool {
		return x.Type == y.Type && bytes.Equal(bytes.TrimSpace(x.Bytes), bytes.TrimSpace(y.Bytes))
	})
}

// essential gives the tokens of a text without the ends of lines.
func essential(src []byte) []hclsyntax.Token {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	return slices.DeleteFunc(tokens, func(t hclsyntax.Token) bool { return t.Type == hclsyntax.TokenNewline })
}

// maxFormat bounds the passes until nothing changes. One is enough but where a
// blank line that goes joins two groups of aligned arguments.
const maxFormat = 4

// tidy drops needless blank lines and white space at the end of comments.
// Strings, here-documents among them, are tokens of their own and not touched.
func tidy(src []byte) []byte {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	var out bytes.Buffer
	at := 0
	opened, blank := true, false // the line before opens a bracket or the file; it is blank
	fresh := true                // at the start of a line
	last := hclsyntax.TokenNil
	for i, t := range tokens {
		text := src[at:t.Range.End.Byte]
		at = t.Range.End.Byte
		switch t.Type {
		case hclsyntax.TokenNewline:
			if fresh {
				if opened || blank || closes(tokens[i+1:]) {
					continue
				}
				blank = true
			} else {
				opened, blank = isOpening(last), false
			}
			fresh = true
		case hclsyntax.TokenComment:
			if line, ok := trimComment(text); ok {
				text, fresh = line, true
				opened, blank = false, false
			} else {
				fresh = false
			}
		case hclsyntax.TokenEOF:
			text = bytes.TrimRight(text, " \t")
		default:
			fresh = false
		}
		last = t.Type
		out.Write(text)
	}
	if n := out.Len(); n > 0 && out.Bytes()[n-1] != '\n' {
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// trimComment takes the white space off the end of a comment that runs to the
// end of its line; false for one that does not.
func trimComment(text []byte) ([]byte, bool) {
	for _, end := range []string{"\r\n", "\n"} {
		if line, ok := bytes.CutSuffix(text, []byte(end)); ok {
			return append(bytes.TrimRight(line, " \t"), end...), true
		}
	}
	return text, false
}

func isOpening(t hclsyntax.TokenType) bool {
	return t == hclsyntax.TokenOBrace || t == hclsyntax.TokenOBrack || t == hclsyntax.TokenOParen
}

// closes reports whether what follows the blank lines is a closing bracket or
// the end.
func closes(rest hclsyntax.Tokens) bool {
	for _, t := range rest {
		switch t.Type {
		case hclsyntax.TokenNewline:
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenEOF:
			return true
		default:
			return false
		}
	}
	return true
}

// NativeFiles lists the files of a directory that Format lays out: those of its
// configuration that are in native syntax, sorted.
func NativeFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), nativeSuffix) && !strings.HasPrefix(e.Name(), ".") && !e.IsDir() {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}
