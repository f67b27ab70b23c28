package intent

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMut(t *testing.T) {
	if os.Getenv("MUT") == "" {
		t.Skip()
	}
	seeds := []string{everything, everythingJSON}
	r := rand.New(rand.NewSource(time.Now().UnixNano()))
	toks := strings.Fields(`{ } [ ] ( ) " = , . : ${ %{ null [] {} any "a" self each.key var.x local.y for in if ? : ! - / * <<EOT 1e9 "${ x } \n # // /* */ true not pods cidr fqdn absent namespace workload allow`)
	start := time.Now()
	n := 0
	for time.Since(start) < 100*time.Second {
		b := []byte(seeds[r.Intn(2)])
		for k := r.Intn(6); k >= 0; k-- {
			i := r.Intn(len(b))
			j := min(len(b), i+r.Intn(30))
			switch r.Intn(4) {
			case 0:
				b = append(b[:i:i], b[j:]...)
			case 1:
				b = append(b[:i:i], append([]byte(toks[r.Intn(len(toks))]), b[i:]...)...)
			case 2:
				b[i] = byte(r.Intn(256))
			case 3:
				k := r.Intn(len(b))
				l := min(len(b), k+r.Intn(100))
				b = append(b[:i:i], append(bytes.Clone(b[k:l]), b[i:]...)...)
			}
			if len(b) == 0 {
				b = []byte("x")
			}
		}
		done := make(chan bool)
		go func() {
			defer func() {
				if e := recover(); e != nil {
					fmt.Println("PANIC", e)
					os.WriteFile("/tmp/panic.hcl", b, 0o644)
					panic(e)
				}
			}()
			c, _, d := Load([]string{"-"}, Options{Stdin: bytes.NewReader(b)})
			if !d.HasErrors() {
				for _, r := range c.Rules {
					if len(r.From) == 0 || len(r.To) == 0 {
						fmt.Println("EMPTY", r.Address)
						os.WriteFile("/tmp/empty.hcl", b, 0o644)
					}
				}
			}
			for _, x := range d {
				if rr := x.Range; rr.File == "-" && (rr.Start.Byte < 0 || rr.End.Byte < rr.Start.Byte || rr.End.Byte > len(b)+1) {
					fmt.Println("RANGE", x, rr)
					os.WriteFile("/tmp/range.hcl", b, 0o644)
				}
				if x.Summary == "An expression has no value." {
					fmt.Println("NOVAL")
					os.WriteFile("/tmp/noval.hcl", b, 0o644)
				}
			}
			done <- true
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			os.WriteFile("/tmp/hang.hcl", b, 0o644)
			t.Fatal("hang")
		}
		n++
	}
	fmt.Println(n)
}
