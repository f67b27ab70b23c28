package manifest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// resolve gives what Kubernetes takes a YAML scalar without quotes for:
// sigs.k8s.io/yaml reads it with yaml.v2, by the rules of YAML 1.1
// (go.yaml.in/yaml/v2, resolve.go), and makes JSON of it. ok is false for
// numbers that JSON has not.
func resolve(text string) (k Kind, canonical string, ok bool) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return Null, "", true
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return Bool, "true", true
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return Bool, "false", true
	case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		return Float, text, false
	}
	switch c := text[0]; {
	case c == '.':
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return number(f)
		}
	case c == '+' || c == '-' || '0' <= c && c <= '9':
		return resolveNumber(text)
	}
	return String, text, true
}

// resolveNumber resolves what begins as a number does.
func resolveNumber(text string) (Kind, string, bool) {
	if isTime(text) {
		return Time, text, true
	}
	plain := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return Int, strconv.FormatInt(i, 10), true
	}
	if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return Int, strconv.FormatUint(u, 10), true
	}
	if isFloat(plain) {
		if f, err := strconv.ParseFloat(plain, 64); err == nil {
			return number(f)
		}
	}
	if bits, ok := strings.CutPrefix(plain, "0b"); ok {
		if i, err := strconv.ParseInt(bits, 2, 64); err == nil { // with a sign behind the prefix
			return Int, strconv.FormatInt(i, 10), true
		}
	}
	return String, text, true
}

// isFloat reports whether the text is [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
func isFloat(s string) bool {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	whole := digits(&s)
	if s != "" && s[0] == '.' {
		s = s[1:]
		if digits(&s) == 0 && whole == 0 {
			return false
		}
	} else if whole == 0 {
		return false
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		return digits(&s) > 0 && s == ""
	}
	return s == ""
}

// digits cuts the digits off that the text begins with, and counts them.
func digits(s *string) int {
	n := 0
	for n < len(*s) && '0' <= (*s)[n] && (*s)[n] <= '9' {
		n++
	}
	*s = (*s)[n:]
	return n
}

// number gives a floating-point number the form that it has in JSON, in which
// 80.0 is the whole number 80.
func number(f float64) (Kind, string, bool) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return Float, "", false
	}
	b, err := json.Marshal(f)
	if err != nil {
		return Float, "", false
	}
	if strings.Trim(string(b), "-0123456789") == "" {
		return Int, string(b), true
	}
	return Float, string(b), true
}

var timeFormats = [...]string{
	"2006-1-2T15:4:5.999999999Z07:00",
	"2006-1-2t15:4:5.999999999Z07:00",
	"2006-1-2 15:4:5.999999999",
	"2006-1-2",
}

func isTime(text string) bool {
	if len(text) < 5 || text[4] != '-' || strings.Trim(text[:4], "0123456789") != "" {
		return false
	}
	for _, format := range timeFormats {
		if _, err := time.Parse(format, text); err == nil {
			return true
		}
	}
	return false
}

// keyText gives the text that a key without quotes becomes in JSON, where that
// is as it was written.
func keyText(text string) bool {
	k, canonical, ok := resolve(text)
	switch k {
	case String:
		return true
	case Int, Bool:
		return ok && canonical == text
	case Absent, Null, Float, Time, List, Map:
	}
	return false
}
