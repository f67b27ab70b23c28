package manifest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a byte may do in a plain scalar, one that is not quoted.
const (
	begins  uint8 = 1 << iota // may begin one
	inside                    // may stand in one
	counts                    // may begin a number or a timestamp, if it begins a plain scalar
	numeric                   // may stand in a number or a timestamp
	context                   // depends on what stands beside it
)

var bytesOf = func() (t [256]uint8) {
	for c := ' '; c <= '~'; c++ {
		t[c] |= inside
	}
	for _, set := range []struct {
		chars string
		class uint8
	}{
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", begins},
		{"0123456789_/(", begins},
		{"0123456789_", counts},
		{"0123456789_.,:+-", numeric}, // 1_000, 10.0.0.1 (a float by YAML 1.1's pattern), 1:20
		{"abcdefABCDEFxXoO", numeric}, // 0x1f, 0o17, 0b1, 1e3
		{"tTzZ ", numeric},            // 2001-12-14 21:59:43Z
		{":#", context},
	} {
		for _, c := range set.chars {
			t[c] |= set.class
		}
	}
	return t
}()

// needsQuote reports that s must be quoted, so that every reader, of YAML 1.1
// or of 1.2, takes it for this string and not for a bool, a null, a number, a
// timestamp or markup. It quotes more than any one reader needs: a name that
// starts with a digit and has nothing but hexadecimal ones is quoted, too.
// Plain scalars stand in block context only, where brackets and commas mean
// nothing inside one.
func needsQuote(s []byte) bool {
	if len(s) == 0 || bytesOf[s[0]]&begins == 0 {
		return true // indicators, signs, dots, space, and all that is not ASCII
	}
	if last := s[len(s)-1]; last == ' ' || last == ':' {
		return true
	}
	all := inside | numeric
	for i, c := range s {
		class := bytesOf[c]
		all &= class
		if class&context != 0 && (c == ':' && s[i+1] == ' ' || c == '#' && s[i-1] == ' ') {
			return true // neither is out of range: ':' is not last and '#' not first
		}
	}
	if all&inside == 0 {
		return true
	}
	return bytesOf[s[0]]&counts != 0 && all&numeric != 0 || isWord(s)
}

// isWord reports the words that some reader takes for a bool or null.
func isWord(s []byte) bool {
	var lower [5]byte
	if len(s) > len(lower) {
		return false
	}
	for i, c := range s {
		lower[i] = c | 0x20 // lower case of letters, which is all that the words have
	}
	switch string(lower[:len(s)]) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

// appendString prints a string scalar on one line, however long it is: folding
// would make a Calico selector unreadable, and parsers differ on it.
func appendString(dst, s []byte) []byte {
	if !needsQuote(s) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	dst = appendEscaped(dst, s, true)
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

// appendEscaped prints s with escapes for what cannot be seen or would end the
// line, and for quotes and backslashes if quoted. Escapes above U+FFFF are
// YAML's: JSON's surrogate pairs mean nothing to a YAML reader.
func appendEscaped(dst, s []byte, quoted bool) []byte {
	for len(s) > 0 {
		if c := s[0]; ' ' <= c && c <= '~' {
			if quoted && (c == '"' || c == '\\') {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
			s = s[1:]
			continue
		}
		r, size := utf8.DecodeRune(s)
		switch {
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case unicode.IsPrint(r):
			dst = append(dst, s[:size]...)
		case r <= 0xffff:
			dst = append(dst, '\\', 'u', hexDigits[r>>12], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			dst = fmt.Appendf(dst, `\U%08x`, r)
		}
		s = s[size:]
	}
	return dst
}

// appendNumber prints a JSON number digit by digit as it is, but with the dot
// and the sign without which YAML 1.1 takes 1e21 for a string.
func appendNumber(dst, s []byte) []byte {
	e := bytes.IndexAny(s, "eE")
	if e < 0 {
		return append(dst, s...)
	}
	mantissa, exponent := s[:e], s[e+1:]
	dst = append(dst, mantissa...)
	if bytes.IndexByte(mantissa, '.') < 0 {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'e')
	if len(exponent) > 0 && exponent[0] != '+' && exponent[0] != '-' {
		dst = append(dst, '+')
	}
	return append(dst, exponent...)
}

// appendComments prints each line after "# ". Text in it cannot leave its line.
func appendComments(dst []byte, comments []string) ([]byte, error) {
	for _, comment := range comments {
		if !utf8.ValidString(comment) {
			return dst, errNotUTF8
		}
		for line := range strings.SplitSeq(comment, "\n") {
			dst = append(dst, '#')
			if line = strings.TrimRight(line, " \t\r"); line != "" {
				dst = append(dst, ' ')
				dst = appendEscaped(dst, []byte(line), false)
			}
			dst = append(dst, '\n')
		}
	}
	return dst, nil
}
