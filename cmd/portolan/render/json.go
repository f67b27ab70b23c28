package render

import (
	"encoding/json"
	"io"
)

// JSON writes the report as one indented JSON object.
func JSON(w io.Writer, r Report) error {
	return Indented(w, r)
}

// Indented writes any value as JSON the way that every verb does.
func Indented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
