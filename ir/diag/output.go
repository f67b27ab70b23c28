package diag

// Codes about writing output.
const ()

func outputEntries() []Entry {
	return []Entry{}
}
