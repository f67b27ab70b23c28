package manifest

// Kind is the type of a value as Kubernetes reads it, whatever was written.
type Kind uint8

// The kinds. A value that was not written is Absent, and Null to the API server
// is the same. Time is an unquoted date, which a field of text cannot have been
// meant to get.
const (
	Absent Kind = iota
	Null
	Bool
	Int
	Float
	Time
	String
	List
	Map
)

func (k Kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a number with a fraction", "a date", "a text", "a list", "a mapping"}[k]
}

// node is a value in the one form that YAML and JSON both come to.
type node struct {
	kind     Kind
	start    int     // offset in the source; of an alias, of what it stands for
	text     string  // of a scalar; a number's and a boolean's is that of JSON
	children []child // of a list or a mapping, in the order written
}

// child is an element of a list, or a value of a mapping with its key.
type child struct {
	key   string
	start int // of the key
	value node
}

// get finds a key of a mapping.
func (n *node) get(key string) *node {
	if n == nil || n.kind != Map {
		return nil
	}
	for i := range n.children {
		if n.children[i].key == key {
			return &n.children[i].value
		}
	}
	return nil
}
