package diag

// Codes about reading the intent: files and syntax (P10), blocks and arguments
// (P11), names (P12), values (P13), expressions and variables (P14).
const (
	Unreadable   Code = "P1001"
	TooLarge     Code = "P1002"
	Syntax       Code = "P1010"
	OneLineBlock Code = "P1011"
	QuoteIt      Code = "P1012"

	UnknownBlock     Code = "P1101"
	UnknownArgument  Code = "P1102"
	MissingArgument  Code = "P1103"
	DeclaredTwice    Code = "P1104"
	SetTwice         Code = "P1105"
	WrongLabels      Code = "P1106"
	RefusedOnPurpose Code = "P1107"
	BadName          Code = "P1108"
	ReservedName     Code = "P1109"
	Exclusive        Code = "P1110"
	ClosesSystem     Code = "P1111"
	SameAddress      Code = "P1112"
	WrongVersion     Code = "P1113"

	UnknownName   Code = "P1201"
	AmbiguousName Code = "P1202"
	OwnLabel      Code = "P1203"
	Misplaced     Code = "P1204"
	NeverUsed     Code = "P1205"

	WrongType       Code = "P1301"
	EmptySelection  Code = "P1302"
	BadLabel        Code = "P1303"
	BadPort         Code = "P1304"
	BadICMP         Code = "P1305"
	BadRequest      Code = "P1306"
	RequestWithout  Code = "P1307"
	BadDNSName      Code = "P1308"
	BadAddress      Code = "P1309"
	HostBits        Code = "P1310"
	ExceptOutside   Code = "P1311"
	NothingLeft     Code = "P1312"
	BadWord         Code = "P1313"
	BadNumber       Code = "P1314"
	BadDate         Code = "P1315"
	BadEngine       Code = "P1316"
	UnknownFunction Code = "P1401"
	BadExpression   Code = "P1402"
	Cycle           Code = "P1403"
	MissingValue    Code = "P1404"
	UnknownVariable Code = "P1405"
	BadVariable     Code = "P1406"
	FailedCondition Code = "P1407"
)

func readingEntries() []Entry {
	return []Entry{
		{Unreadable, Error, "Input cannot be read", `A file or directory that was named does not exist, cannot be opened, is not UTF-8, or holds no configuration.`},
		{TooLarge, Error, "Input is over a bound", `Portolan bounds the size of a file, the number of files, nesting and expansions, so that no input can exhaust memory.`},
		{Syntax, Error, "Not valid HCL", `The text is not HCL native syntax (or, in .hcl.json files, not HCL's JSON syntax).`},
		{OneLineBlock, Error, "Two arguments on one line", ``},
		{QuoteIt, Error, "A text without quotes", ``},
		{UnknownBlock, Error, "Unknown block", `The language has no such block at this place.`},
		{UnknownArgument, Error, "Unknown argument", `The block has no such argument.`},
		{MissingArgument, Error, "Missing argument", ``},
		{DeclaredTwice, Error, "Declared twice", ``},
		{SetTwice, Error, "Set twice", ``},
		{WrongLabels, Error, "Wrong labels", ``},
		{RefusedOnPurpose, Error, "Refused on purpose", ``},
		{BadName, Error, "Not a name", ``},
		{ReservedName, Error, "Reserved name", ``},
		{Exclusive, Error, "Arguments that exclude each other", ``},
		{ClosesSystem, Error, "Closes a system namespace", ``},
		{SameAddress, Error, "Two rules with one address", ``},
		{WrongVersion, Error, "Another version is required", ``},
		{UnknownName, Error, "Unknown name", ``},
		{AmbiguousName, Error, "Ambiguous name", ``},
		{OwnLabel, Error, "The block's own label", ``},
		{Misplaced, Error, "Peer out of place", ``},
		{NeverUsed, Warning, "Name never used", ``},
		{WrongType, Error, "Wrong type of value", ``},
		{EmptySelection, Error, "Empty selection", ``},
		{BadLabel, Error, "Not a label", ``},
		{BadPort, Error, "Not a port", ``},
		{BadICMP, Error, "Not an ICMP type", ``},
		{BadRequest, Error, "Not a request", ``},
		{RequestWithout, Error, "Requests without tcp", ``},
		{BadDNSName, Error, "Not a DNS name", ``},
		{BadAddress, Error, "Not an address range", ``},
		{HostBits, Warning, "Host bits in an address range", ``},
		{ExceptOutside, Warning, "Exception outside", ``},
		{NothingLeft, Error, "Nothing left", ``},
		{BadWord, Error, "Not one of the words", ``},
		{BadNumber, Error, "Number out of range", ``},
		{BadDate, Error, "Not a date", ``},
		{BadEngine, Error, "Unknown CNI or mesh", ``},
		{UnknownFunction, Error, "Unknown function", ``},
		{BadExpression, Error, "Expression cannot be evaluated", ``},
		{Cycle, Error, "Names that depend on each other", ``},
		{MissingValue, Error, "Variable without a value", ``},
		{UnknownVariable, Error, "Value for no variable", ``},
		{BadVariable, Error, "Not a variable's value", ``},
		{FailedCondition, Error, "Variable's condition is not met", ``},
	}
}
