package calico

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// Binary is the environment variable with the path of the felix program. Where it
// is not set, the program is built once into the user's cache folder.
const Binary = "PORTOLAN_FELIX"

// felix is the program beside this package as it runs: see its command
// documentation for the questions.
type felix struct {
	mu      sync.Mutex
	command *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
}

type request struct {
	Accept []json.RawMessage `json:"accept,omitempty"`
	Load   *load             `json:"load,omitempty"`
	Decide *question         `json:"decide,omitempty"`
	Close  int               `json:"close,omitempty"`
}

type load struct {
	Objects []any  `json:"objects"`
	Tiers   []tier `json:"tiers"`
}

type tier struct {
	Name     string   `json:"name"`
	End      string   `json:"end"`
	Policies []policy `json:"policies"`

	order float64
}

type policy struct {
	Key    string `json:"key"`
	Object any    `json:"object"`
}

type question struct {
	Policy    int    `json:"policy"`
	At        string `json:"at"`
	Direction string `json:"direction"`
	Packet    packet `json:"packet"`
}

type packet struct {
	Source      netip.Addr `json:"source"`
	Destination netip.Addr `json:"destination"`
	Protocol    uint8      `json:"protocol"`
	SourcePort  uint16     `json:"sourcePort,omitempty"`
	Port        uint16     `json:"port,omitempty"`
	ICMPType    uint8      `json:"icmpType,omitempty"`
	ICMPCode    uint8      `json:"icmpCode,omitempty"`
}

type answer struct {
	Rejections []string `json:"rejections"`
	Policy     int      `json:"policy"`
	Allowed    bool     `json:"allowed"`
	Reason     string   `json:"reason"`
	Error      string   `json:"error"`
}

// ask asks the program, which it starts at first.
func (f *felix) ask(q *request) (answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.command == nil {
		if err := f.start(); err != nil {
			return answer{}, err
		}
	}
	var a answer
	if err := json.NewEncoder(f.in).Encode(q); err != nil {
		return a, err
	}
	if err := f.out.Decode(&a); err != nil {
		return a, fmt.Errorf("felix ended: %w", err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

func (f *felix) start() error {
	path := os.Getenv(Binary)
	if path == "" {
		var err error
		if path, err = build(); err != nil {
			return err
		}
	}
	c := exec.Command(path)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	f.command, f.in, f.out = c, in, json.NewDecoder(bufio.NewReader(out))
	return nil
}

// close ends the program.
func (f *felix) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.command == nil {
		return nil
	}
	c := f.command
	f.command = nil
	return errors.Join(f.in.Close(), c.Wait())
}

// build builds the program, unless it is there already from the same source and
// by the same compiler.
func build() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(here), "..", "felix")
	files, err := filepath.Glob(filepath.Join(source, "*"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("no source of felix in %s: state its binary in %s (%w)", source, Binary, err)
	}
	slices.Sort(files)
	digest := sha256.New()
	fmt.Fprintln(digest, runtime.Version())
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(digest, filepath.Base(name), len(text))
		digest.Write(text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "portolan", fmt.Sprintf("felix-%x", digest.Sum(nil)[:8]))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	// Others may build it now: each has a file of its own, and the last stays.
	own := fmt.Sprintf("%s.%d", path, os.Getpid())
	c := exec.Command("go", "build", "-o", own, ".")
	c.Dir = source
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building felix: %w\n%s", err, out)
	}
	return path, os.Rename(own, path)
}
