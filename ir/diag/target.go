package diag

// Codes about targets: what they accept (P3) and what they cannot say (P4).
const ()

func targetEntries() []Entry {
	return []Entry{}
}
