package render

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

const (
	tab        = 4 // columns
	zeroJoiner = '\u200d'
)

// each calls f for every rune of a line with the columns that it takes. What
// joins the rune before it, such as an accent, takes none.
func each(text string, f func(r rune, width int)) {
	joined := false
	for _, r := range text {
		w := 1
		switch {
		case r == '\t':
			w = tab
		case hidden(r):
			w = len([]rune(escape(r)))
		case joined, r == zeroJoiner, unicode.In(r, unicode.Mn, unicode.Me), r >= 0x1f3fb && r <= 0x1f3ff:
			w = 0
		case wide(r):
			w = 2
		}
		joined = r == zeroJoiner
		f(r, w)
	}
}

func wide(r rune) bool {
	if r < 0x1100 {
		return false
	}
	kind := width.LookupRune(r).Kind()
	return kind == width.EastAsianWide || kind == width.EastAsianFullwidth
}

// hidden reports whether a rune of somebody's file must not reach a terminal
// as it is: controls, which could move the cursor or start an escape sequence,
// and marks that reorder text or take no room.
func hidden(r rune) bool {
	switch {
	case r == zeroJoiner:
		return false
	case unicode.Is(unicode.Cf, r):
		return true
	}
	return unicode.IsControl(r)
}

func escape(r rune) string { return fmt.Sprintf("\\u{%x}", r) }

// clean makes hidden runes visible in text of which line breaks and tabs are
// to stay.
func clean(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return hidden(r) && r != '\n' && r != '\t' }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) && r != '\n' && r != '\t' {
			b.WriteString(escape(r))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
