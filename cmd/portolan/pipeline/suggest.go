package pipeline

import (
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
)

// Suggest says which of the candidates was likely meant, or lists them all
// after intro. It says nothing where there is nothing to say.
func Suggest(given string, candidates []string, intro string) string {
	best, least := "", min(max(1, len(given)/3), 4)+1
	for _, c := range candidates {
		if d := levenshtein.Distance(given, c, nil); d < least {
			best, least = c, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("Did you mean %q?", best)
	case intro == "" || len(candidates) == 0:
		return ""
	}
	return intro + strings.Join(candidates, ", ") + "."
}
