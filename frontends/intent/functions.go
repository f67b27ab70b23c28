package intent

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// peerFunctions make peers and label constraints. They are decoded, not
// evaluated: see calls.go.
var peerFunctions = []string{"pods", "namespaces", "cidr", "fqdn", "not"}

// valueFunctions are cty's standard functions under Terraform's names. None
// reads files, the environment or the clock. Those whose result can be much
// larger than their arguments are guarded.
var valueFunctions = map[string]function.Function{
	"abs":             stdlib.AbsoluteFunc,
	"ceil":            stdlib.CeilFunc,
	"chomp":           stdlib.ChompFunc,
	"chunklist":       stdlib.ChunklistFunc,
	"coalesce":        stdlib.CoalesceFunc,
	"coalescelist":    stdlib.CoalesceListFunc,
	"compact":         stdlib.CompactFunc,
	"concat":          stdlib.ConcatFunc,
	"contains":        stdlib.ContainsFunc,
	"csvdecode":       stdlib.CSVDecodeFunc,
	"distinct":        stdlib.DistinctFunc,
	"element":         stdlib.ElementFunc,
	"endswith":        stringTest("suffix", strings.HasSuffix),
	"flatten":         stdlib.FlattenFunc,
	"floor":           stdlib.FloorFunc,
	"format":          guarded(stdlib.FormatFunc, formatSize),
	"formatlist":      guarded(stdlib.FormatListFunc, formatListSize),
	"indent":          guarded(stdlib.IndentFunc, indentSize),
	"join":            guarded(stdlib.JoinFunc, joinSize),
	"jsondecode":      stdlib.JSONDecodeFunc,
	"jsonencode":      stdlib.JSONEncodeFunc,
	"keys":            stdlib.KeysFunc,
	"length":          lengthFunc,
	"log":             stdlib.LogFunc,
	"lookup":          stdlib.LookupFunc,
	"lower":           stdlib.LowerFunc,
	"max":             stdlib.MaxFunc,
	"merge":           stdlib.MergeFunc,
	"min":             stdlib.MinFunc,
	"parseint":        stdlib.ParseIntFunc,
	"range":           stdlib.RangeFunc, // at most 1024 elements
	"regex":           stdlib.RegexFunc,
	"regexall":        stdlib.RegexAllFunc,
	"replace":         replaceFunc,
	"reverse":         stdlib.ReverseListFunc,
	"setintersection": stdlib.SetIntersectionFunc,
	"setproduct":      guarded(stdlib.SetProductFunc, productSize),
	"setsubtract":     stdlib.SetSubtractFunc,
	"setunion":        stdlib.SetUnionFunc,
	"signum":          stdlib.SignumFunc,
	"slice":           stdlib.SliceFunc,
	"sort":            stdlib.SortFunc,
	"split":           stdlib.SplitFunc,
	"startswith":      stringTest("prefix", strings.HasPrefix),
	"strcontains":     stringTest("substr", strings.Contains),
	"strlen":          stdlib.StrlenFunc,
	"strrev":          stdlib.ReverseFunc,
	"substr":          stdlib.SubstrFunc,
	"title":           stdlib.TitleFunc,
	"tobool":          stdlib.MakeToFunc(cty.Bool),
	"tolist":          stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
	"tomap":           stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	"tonumber":        stdlib.MakeToFunc(cty.Number),
	"toset":           stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	"tostring":        stdlib.MakeToFunc(cty.String),
	"trim":            stdlib.TrimFunc,
	"trimprefix":      stdlib.TrimPrefixFunc,
	"trimspace":       stdlib.TrimSpaceFunc,
	"trimsuffix":      stdlib.TrimSuffixFunc,
	"upper":           stdlib.UpperFunc,
	"values":          stdlib.ValuesFunc,
	"zipmap":          stdlib.ZipmapFunc,
}

// functionNames lists every function, sorted.
func functionNames() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(valueFunctions)), peerFunctions...)))
}

func stringTest(name string, test func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: name, Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// lengthFunc is Terraform's: it takes strings too.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch ty := args[0].Type(); {
		case ty == cty.String:
			return stdlib.Strlen(args[0])
		case ty.IsCollectionType() || ty.IsTupleType() || ty.IsObjectType():
			return cty.NumberIntVal(int64(args[0].LengthInt())), nil
		}
		return cty.UnknownVal(cty.Number), function.NewArgErrorf(0, "a string, a list, a set or a map is needed")
	},
})

// replaceFunc is Terraform's: a pattern between slashes is an expression.
var replaceFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "substr", Type: cty.String}, {Name: "replace", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		str, sub, repl := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(sub) > 1 && strings.HasPrefix(sub, "/") && strings.HasSuffix(sub, "/") {
			// What is put in may repeat what a group matched, for each "$".
			if err := checkSize((len(str) + 1) * (len(repl) + len(str)*strings.Count(repl, "$"))); err != nil {
				return cty.UnknownVal(cty.String), err
			}
			return stdlib.RegexReplace(args[0], cty.StringVal(sub[1:len(sub)-1]), args[2])
		}
		if err := checkSize(len(str) + (strings.Count(str, sub)+1)*len(repl)); err != nil {
			return cty.UnknownVal(cty.String), err
		}
		return cty.StringVal(strings.ReplaceAll(str, sub, repl)), nil
	},
})

func checkSize(n int) error {
	if n > maxValueSize || n < 0 {
		return fmt.Errorf("the result would take more than %d MiB", maxValueSize>>20)
	}
	return nil
}

// guarded refuses a call whose result would be too large. The size may be
// overestimated.
func guarded(f function.Function, size func(args []cty.Value) int) function.Function {
	spec := &function.Spec{Params: slices.Clone(f.Params()), VarParam: f.VarParam(), Description: f.Description()}
	spec.Type = func(args []cty.Value) (cty.Type, error) {
		if err := checkArgs(args, size); err != nil {
			return cty.DynamicPseudoType, err
		}
		return f.ReturnTypeForValues(args)
	}
	spec.Impl = func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) }
	return function.New(spec)
}

func checkArgs(args []cty.Value, size func(args []cty.Value) int) error {
	for _, a := range args {
		if !a.IsWhollyKnown() || a.IsNull() {
			return nil // the function itself says what is wrong
		}
	}
	return checkSize(size(args))
}

// verbWidth finds the widths and precisions in a format.
var verbWidth = regexp.MustCompile(`[0-9]+`)

func formatSize(args []cty.Value) int {
	f, ok := asString(args[0])
	if !ok {
		return 0
	}
	n := len(f)
	for _, w := range verbWidth.FindAllString(f, -1) {
		width, err := strconv.Atoi(w)
		if err != nil {
			return -1
		}
		if n += width; n > maxValueSize {
			return -1
		}
	}
	for _, a := range args[1:] {
		n += sizeOf(a) * max(1, strings.Count(f, "%")) // %[1]s repeats
		if n > maxValueSize {
			return -1
		}
	}
	return n
}

func formatListSize(args []cty.Value) int {
	longest := 1
	each := 0
	for _, a := range args {
		if ty := a.Type(); ty.IsListType() || ty.IsTupleType() || ty.IsSetType() {
			longest = max(longest, a.LengthInt())
		}
		each += sizeOf(a)
	}
	f, ok := asString(args[0])
	if !ok {
		return each * longest
	}
	one := formatSize([]cty.Value{cty.StringVal(f)})
	if one < 0 || longest > maxElements {
		return -1
	}
	return (one + each*max(1, strings.Count(f, "%"))) * longest
}

func indentSize(args []cty.Value) int {
	spaces, err := convert.Convert(args[0], cty.Number)
	text, ok := asString(args[1])
	if err != nil || !ok {
		return 0
	}
	n, _ := spaces.AsBigFloat().Int64()
	if n > maxValueSize || n < 0 {
		return -1
	}
	return len(text) + strings.Count(text, "\n")*int(n)
}

func joinSize(args []cty.Value) int {
	sep, ok := asString(args[0])
	if !ok {
		return 0
	}
	n := 0
	for _, list := range args[1:] {
		n += sizeOf(list)
		if list.CanIterateElements() {
			n += list.LengthInt() * len(sep)
		}
	}
	return n
}

// productSize counts 64 for each member of each tuple, near what cty takes.
func productSize(args []cty.Value) int {
	n := 1
	for _, a := range args {
		if !a.CanIterateElements() {
			return 0
		}
		if n *= a.LengthInt(); n > maxElements {
			return -1
		}
	}
	return n * 64 * len(args)
}

func asString(v cty.Value) (string, bool) {
	if v.Type() != cty.String || v.IsNull() || !v.IsKnown() {
		return "", false
	}
	return v.AsString(), true
}

// sizeOf gives the length of all text in a value, at least.
func sizeOf(v cty.Value) int {
	m := meter{left: maxValueSize}
	m.value(v)
	return maxValueSize - m.left
}
