package set
import ("testing";"time";"runtime";"strings";"fmt")
func TestZZ(t *testing.T) {
	try := func(name string, f func()) {
		runtime.GC(); var m0, m1 runtime.MemStats; runtime.ReadMemStats(&m0); st := time.Now()
		func() { defer func() { if r := recover(); r != nil { name += fmt.Sprint(" PANIC ", r) } }(); f() }()
		runtime.ReadMemStats(&m1)
		t.Logf("%v %dMB sys %dMB %s", time.Since(st), (m1.TotalAlloc-m0.TotalAlloc)>>20, m1.Sys>>20, name)
	}
	re := func(e string) { try(fmt.Sprintf("%.60s", e), func() { l, err := Regexp(e); if err != nil { panic(err) }; t.Log(len(l.automaton().label), len(l.automaton().first), len(l.Key())) }) }
	re("[ab]*a[ab]{14}"); re("[ab]*a[ab]{16}"); re("[ab]*a[ab]{18}"); re("[ab]*a[ab]{19}"); re(".*a.{12}"); re(".*a.{15}")
	re(`(\pL{5}|\PL{7}){99}`); re(`\pL{100}`); re(`\pL{1000}`); re(`(a|b|c|d)*` + strings.Repeat("(a?b?){500}", 20)); re("(?i)" + strings.Repeat(`\pL`, 10000))
	re(strings.Repeat("(.*a)?", 200) + ".{20}"); re("("+ strings.Repeat("(a|b)*", 400) + ")*.*a[ab]{30}"); re("(a?){1000}"); re("[^a]{1000}")
	re(strings.Repeat("a{1000}", 60))
	re(strings.Repeat("[a-z]{0,1000}", 50))
	re(strings.Repeat(`[\x{800}-\x{103000}]`, 1000))
	try("partition contain 200", func() { var ls []Language; for i := range 200 { ls = append(ls, Containing(fmt.Sprintf("x%03d", i))) }; c, err := Partition(ls); if err != nil { panic(err) }; t.Log(len(c)) })
	try("partition re 200", func() { var ls []Language; for i := range 200 { l, _ := Regexp(fmt.Sprintf("/a%d/.*/b%d.*a.{8}", i%3, i)); ls = append(ls, l) }; c, err := Partition(ls); if err != nil { panic(err) }; t.Log(len(c)) })
	try("partition chains", func() { var ls []Language; for i := range 1000 { ls = append(ls, Prefix(strings.Repeat("/ab", i+1))) }; c, err := Partition(ls); if err != nil { panic(err) }; t.Log(len(c)) })
	try("partition paths 2000", func() { c, err := Partition(paths(t, 2000)); if err != nil { panic(err) }; t.Log(len(c)) })
	try("partition trees 3000 random", func() { var ls []Language; for i := range 3000 { ls = append(ls, Prefix(fmt.Sprintf("/%x", uint64(i+1)*0x9E3779B97F4A7C15) + fmt.Sprintf("%x", uint64(i+1)*0xD1342543DE82EF95))) }; c, err := Partition(ls); if err != nil { panic(err) }; t.Log(len(c), len(c[0].shared.label)) })
	try("random length lists", func() { var ls []Language; for i := range 50 { ls = append(ls, Literal(strings.Repeat("a", 101+i)).Star()) }; c, err := Partition(ls); if err != nil { panic(err) }; t.Log(len(c)) })
	try("partition segs 30", func() { seg := OneByte(func(b byte) bool { return b != '/' }).Plus(); var ls []Language; for i := range 200 { var p []Language; for j := range 8 { p = append(p, Literal("/")); if i>>j&1 == 1 { p = append(p, seg) } else { p = append(p, Literal(fmt.Sprintf("s%d", (i+j)%4))) } }; ls = append(ls, Concat(p...)) }; c, err := Partition(ls); if err != nil { panic(err) }; t.Log(len(c), len(c[0].shared.label)) })
}
