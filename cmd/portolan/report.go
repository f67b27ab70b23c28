package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-dev/portolan/cmd/portolan/render"
	"github.com/portolan-dev/portolan/ir/diag"
)

// silence takes what --allow names out of the diagnostics. Errors stay: what
// --strict made an error cannot be allowed either.
func (a *app) silence(diags diag.List) (diag.List, []render.Silenced, error) {
	var silenced []render.Silenced
	for _, text := range a.allow {
		code, reason, _ := strings.Cut(text, "=")
		e, known := diag.Lookup(diag.Code(code))
		switch {
		case !known:
			return nil, nil, usagef("--allow %s: there is no such code; %q lists them", code, "portolan explain")
		case e.Severity == diag.Error:
			return nil, nil, usagef("--allow %s: an error cannot be silenced", code)
		case strings.TrimSpace(reason) == "":
			return nil, nil, usagef("--allow %s: say why, as in --allow %s=\"reason\"", code, code)
		}
		silenced = append(silenced, render.Silenced{Code: e.Code, Reason: strings.TrimSpace(reason)})
	}
	var left diag.List
	for _, d := range diags {
		hit := false
		for i := range silenced {
			if silenced[i].Code == d.Code && d.Severity != diag.Error && !hit {
				silenced[i].Count++
				hit = true
			}
		}
		if !hit {
			left = append(left, d)
		}
	}
	return left, silenced, nil
}

// report shows the diagnostics on standard error, and closes with a line that
// counts. JSON holds the counts itself, so that nothing follows it.
func (a *app) report(diags diag.List, sources map[string][]byte, s render.Summary) error {
	r, err := a.newReport(diags, sources, s)
	if err != nil {
		return err
	}
	switch a.diagnostics.value {
	case "json":
		return render.JSON(a.err, r)
	case "short":
		err = render.Short(a.err, r)
	default:
		err = render.Text(a.err, r, a.style())
		if len(r.Diagnostics) > 0 && err == nil && !a.quiet {
			_, err = io.WriteString(a.err, "\n")
		}
	}
	if err != nil {
		return err
	}
	a.close(*r.Summary)
	return nil
}

// newReport makes the report that every form of diagnostics is a view of.
func (a *app) newReport(diags diag.List, sources map[string][]byte, s render.Summary) (render.Report, error) {
	diags.Sort()
	left, silenced, err := a.silence(diags)
	if err != nil {
		return render.Report{}, err
	}
	r := render.New(left, sources)
	for _, d := range silenced {
		s.Silenced += d.Count
	}
	s.Count(left)
	r.Silenced, r.Summary = silenced, &s
	return r, nil
}

// close writes the closing line.
func (a *app) close(s render.Summary) {
	if !a.quiet {
		fmt.Fprintln(a.err, s)
	}
}
