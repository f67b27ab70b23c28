// Command felix answers questions about Calico's policies by Calico's own code:
// the validator, the selector parser, the conversion of Kubernetes' policies,
// Felix's calculation graph, and the policy programs of its eBPF dataplane. It
// reads a request as JSON from each line of standard input and writes an answer
// to a line of standard output.
//
//	{"accept": [{"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", ...}]}
//	{"load": {"objects": [...], "tiers": [{"name": "default", "end": "deny", "policies": [...]}]}}
//	{"decide": {"policy": 1, "at": "shop/web", "direction": "ingress", "packet": {...}}}
//	{"close": 1}
//
// It is Calico's release 3.28, the newest one whose modules can be had, and so
// has one tier and no staged policies. What is loaded may have tiers all the
// same: see load. It must be built without cgo, since Felix otherwise links the
// C library for the kernel's programs.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sirupsen/logrus"
)

type request struct {
	Accept []json.RawMessage `json:"accept,omitempty"`
	Load   *load             `json:"load,omitempty"`
	Decide *question         `json:"decide,omitempty"`
	Close  int               `json:"close,omitempty"`
}

type answer struct {
	Rejections []string `json:"rejections,omitempty"` // by document; "" is accepted
	Policy     int      `json:"policy,omitempty"`     // that was loaded
	Allowed    bool     `json:"allowed,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	Error      string   `json:"error,omitempty"`
}

// server has the policies that were loaded, by number.
type server struct {
	policies map[int]*cluster
	last     int
}

func main() {
	logrus.SetOutput(io.Discard)
	s := &server{policies: map[int]*cluster{}}
	out := bufio.NewWriter(os.Stdout)
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var q request
		err := in.Decode(&q)
		if errors.Is(err, io.EOF) {
			return
		}
		var a answer
		if err == nil {
			a, err = s.serve(&q)
		}
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := errors.Join(json.NewEncoder(out).Encode(a), out.Flush()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// serve answers one request. Calico's code panics at what its dataplane takes
// for impossible, which is an error here.
func (s *server) serve(q *request) (a answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("calico's code panicked: %v", r)
		}
	}()
	switch {
	case q.Load != nil:
		c, err := newCluster(q.Load)
		if err != nil {
			return answer{}, err
		}
		s.last++
		s.policies[s.last] = c
		return answer{Policy: s.last}, nil
	case q.Decide != nil:
		c, ok := s.policies[q.Decide.Policy]
		if !ok {
			return answer{}, fmt.Errorf("no policy %d is loaded", q.Decide.Policy)
		}
		allowed, reason, err := c.decide(q.Decide)
		return answer{Allowed: allowed, Reason: reason}, err
	case q.Close != 0:
		delete(s.policies, q.Close)
		return answer{}, nil
	}
	for _, document := range q.Accept {
		reason := ""
		if err := accept(document); err != nil {
			reason = err.Error()
		}
		a.Rejections = append(a.Rejections, reason)
	}
	return a, nil
}
