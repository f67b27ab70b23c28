package diag

// Codes about the proof: what was emitted, read back and compared (P7).
const (
	Widened     Code = "P7001"
	Narrowed    Code = "P7002"
	Hangs       Code = "P7003"
	Unproved    Code = "P7004"
	Unverified  Code = "P7005"
	NotReadBack Code = "P7006"
	Disagreeing Code = "P7007"
	TestFails   Code = "P7101"
)

func proofEntries() []Entry {
	return []Entry{
		{Widened, Error, "What was rendered allows more", "What was rendered for the target was read back and compared with the intent for every flow, and this one passes though the intent denies it. Nothing is written.\n\nThe message shows the flow, what of the intent should have stopped it, and the object that let it through. Where no `accept` names the loss, this is a mistake in Portolan: please report it with the intent."},
		{Narrowed, Error, "What was rendered allows less", "What was rendered for the target was read back and compared with the intent for every flow, and this one is stopped though the intent allows it. Nothing is written.\n\nThe message shows the flow, the rule that should have let it pass, and the object that stopped it."},
		{Hangs, Warning, "The proof hangs on a fact", "What was rendered is the intent for some values of a fact that nobody stated, and allows less for others. State the fact in the `cluster` block, or in the `target`, to have it proved. With `--strict` this is an error.\n\n`cidr_matches_pods` is whether the address ranges of native NetworkPolicy match pods and nodes as well as the outside: the API leaves it to the CNI. Render for the CNI (`cni = \"calico\"`, `cni = \"cilium\"`) to have it settled."},
		{Unproved, Error, "Not proved", "Comparing what was rendered with the intent took more than a bound of Portolan's, so nothing is known of it, and nothing is written.\n\nBounds are hit by policies that compare very many independent labels. Tell pods apart by one label rather than by many at once."},
		{Unverified, Warning, "Rendered without proof", "`--no-verify` leaves the proof out: what was rendered was not read back and compared with the intent. Use it to look at output, never to apply it."},
		{NotReadBack, Error, "What was rendered cannot be read back", "The proof reads what was rendered with the reader that `verify` uses, and that refused it. Nothing is written. This is a mistake in Portolan: please report it with the intent."},
		{Disagreeing, Error, "The evaluators disagree", "Portolan evaluates policies in two ways that share no code, and they gave two answers. Nothing is written. This is a mistake in Portolan: please report it with the intent."},
		{TestFails, Error, "A test does not hold", "A statement of a `test` block is not true of every flow that it describes. The message shows one such flow and what decided it.\n\nMend the rule, or the test. Tests are proved of the intent and of each target after what the target accepts."},
	}
}
