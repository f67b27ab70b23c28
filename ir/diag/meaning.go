package diag

// Codes about what the intent means.
const ()

func meaningEntries() []Entry {
	return []Entry{}
}
