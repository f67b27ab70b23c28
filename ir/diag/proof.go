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
	NoSafeOrder Code = "P7008"
	NotPlanned  Code = "P7009"
	NoMoment    Code = "P7010"
	TestFails   Code = "P7101"
)

func proofEntries() []Entry {
	return []Entry{
		{Widened, Error, "What was rendered allows more", "What was rendered for the target was read back and compared with the intent for every flow, and this one passes though the intent denies it. Nothing is written.\n\nThe message shows the flow, what of the intent should have stopped it, and the object that let it through. Where no `accept` names the loss, this is a mistake in Portolan: please report it with the intent."},
		{Narrowed, Error, "What was rendered allows less", "What was rendered for the target was read back and compared with the intent for every flow, and this one is stopped though the intent allows it. Nothing is written.\n\nThe message shows the flow, the rule that should have let it pass, and the object that stopped it."},
		{Hangs, Warning, "The proof hangs on a fact", "What was rendered is the intent for some values of a fact that nobody stated, and allows less for others. State the fact in the `cluster` block, or in the `target`, to have it proved. With `--strict` this is an error.\n\n`cidr_matches_pods` and `cidr_matches_nodes` are whether the address ranges of native NetworkPolicy match pods and nodes as well as the outside: the API leaves it to the CNI. State them (`switches = { cidr_matches_pods = true }`), name a managed cluster that is known for it (`cni = \"eks-vpc-cni\"`), or render for the CNI (`cni = \"calico\"`, `cni = \"cilium\"`)."},
		{Unproved, Error, "Not proved", "Comparing what was rendered with the intent took more than a bound of Portolan's, so nothing is known of it, and nothing is written.\n\nBounds are hit by policies that compare very many independent labels. Tell pods apart by one label rather than by many at once."},
		{Unverified, Warning, "Rendered without proof", "`--no-verify` leaves the proof out: what was rendered was not read back and compared with the intent. Use it to look at output, never to apply it."},
		{NotReadBack, Error, "What was rendered cannot be read back", "The proof reads what was rendered with the reader that `verify` uses, and that refused it. Nothing is written. This is a mistake in Portolan: please report it with the intent."},
		{Disagreeing, Error, "The evaluators disagree", "Portolan evaluates policies in two ways that share no code, and they gave two answers. Nothing is written. This is a mistake in Portolan: please report it with the intent."},
		{NoSafeOrder, Error, "No order of the changes is safe", "Objects are applied and deleted one by one. Of these changes every order comes to a moment at which a flow passes that passes neither before nor after all of them. Nothing is planned.\n\nThat comes of a restriction that moves from one end of a flow to the other, where each end's objects do both: open one thing and close another. Go by way of an intent between: one that has the restrictions of both, old and new. Plan from the old one to it, then from it to the new one. It denies what the message shows, and nothing that both allow."},
		{NotPlanned, Error, "Whether an order is safe is not known", "Every moment of a plan is proved on every flow, and that took more than a bound of Portolan's, or no order was found without a proof that there is none. Nothing is planned.\n\nGo in smaller steps: plan to an intent between that has a part of the changes."},
		{NoMoment, Error, "What is in the cluster between two steps cannot be read", "Between two steps objects of the old input stand beside objects of the new one, and together the engine would not take them, or Portolan cannot say what they mean. Nothing is planned.\n\nThe message says what is wrong, and at which step. Give objects that get in each other's way other names, or go by way of an intent between."},
		{TestFails, Error, "A test does not hold", "A statement of a `test` block is not true of every flow that it describes. The message shows one such flow and what decided it.\n\nMend the rule, or the test. Tests are proved of the intent and of each target after what the target accepts."},
	}
}
