package diag

// Codes about reading the intent: files, syntax, schema, names and values.
const (
	Unreadable      Code = "P1001"
	TooLarge        Code = "P1002"
	Syntax          Code = "P1010"
	UnknownBlock    Code = "P1101"
	UnknownArgument Code = "P1102"
)

func readingEntries() []Entry {
	return []Entry{
		{Unreadable, Error, "Input cannot be read", `A file or directory that was named does not exist, cannot be opened, is not UTF-8, or holds no configuration.`},
		{TooLarge, Error, "Input is over a bound", `Portolan bounds the size of a file, the number of files, nesting and expansions, so that no input can exhaust memory.`},
		{Syntax, Error, "Not valid HCL", `The text is not HCL native syntax (or, in .hcl.json files, not HCL's JSON syntax).`},
		{UnknownBlock, Error, "Unknown block", `The language has no such block at this place.`},
		{UnknownArgument, Error, "Unknown argument", `The block has no such argument.`},
	}
}
