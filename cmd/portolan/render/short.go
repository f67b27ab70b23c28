package render

import (
	"fmt"
	"io"
	"strings"
)

// Short writes a line for each finding, as compilers do and editors parse:
//
//	shop.portolan.hcl:4:5: error: There is no argument "udpp" in a rule. [P1102]
func Short(w io.Writer, r Report) error {
	var b strings.Builder
	for _, d := range r.Diagnostics {
		if d.Range != nil {
			b.WriteString(place(*d.Range) + ": ")
		}
		fmt.Fprintf(&b, "%s: %s [%s]\n", d.Severity, clean(strings.Join(strings.Fields(d.Summary), " ")), d.Code)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
