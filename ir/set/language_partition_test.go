package set

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var languages []Language
		for range rapid.IntRange(0, 6).Draw(t, "languages") {
			l, _ := drawLanguage(t, "language", 2)
			languages = append(languages, l)
		}
		cells, err := Partition(languages)
		if err != nil {
			t.Fatal(err)
		}
		all, previous := Language{}, -1
		for _, c := range cells {
			l, want := c.Language(), AnyString()
			for i, m := range languages {
				if !slices.Contains(c.In, i) {
					m = m.Complement()
				}
				want = want.Intersect(m)
			}
			if !l.Equal(want) || l.IsEmpty() || !slices.IsSorted(c.In) {
				t.Fatalf("the cell in %v is not what it says", c.In)
			}
			if least, _ := l.Shortest(); least != c.Least || len(least) < previous {
				t.Fatalf("least of %v is %q, not %q", c.In, least, c.Least)
			}
			if !l.Intersect(all).IsEmpty() {
				t.Fatalf("the cell in %v overlaps others", c.In)
			}
			all, previous = all.Union(l), len(c.Least)
		}
		if !all.IsAll() {
			t.Fatal("the cells leave strings out")
		}
	})
}

func TestPartitionOfNone(t *testing.T) {
	cells, err := Partition(nil)
	if err != nil || len(cells) != 1 || cells[0].In != nil || !cells[0].Language().IsAll() {
		t.Errorf("got %v, %v", cells, err)
	}
}

func TestPartitionRefuses(t *testing.T) {
	var languages []Language
	for i := range 40 {
		languages = append(languages, Containing(fmt.Sprintf("%02d", i)))
	}
	var bound BoundError
	if _, err := Partition(languages); !errors.As(err, &bound) {
		t.Errorf("got %v", err)
	}
}

// paths is patterns as policies have them: for each ten, seven trees, two with
// an open segment, and one expression.
func paths(t testing.TB, n int) []Language {
	segment := OneByte(func(b byte) bool { return b != '/' && b != '?' }).Plus()
	var out []Language
	for i := range n {
		service, version := i/10, i%3
		switch i % 10 {
		case 7, 8:
			out = append(out, Concat(Literal(fmt.Sprintf("/api/v%d/service-%d/", version, service)), segment, Literal(fmt.Sprintf("/item%d", i))))
		case 9:
			out = append(out, mustRegexp(t, fmt.Sprintf("/api/v[0-9]+/service-%d/[a-z]+(/.*)?", service)))
		default:
			base := fmt.Sprintf("/api/v%d/service-%d/x%d", version, service, i)
			out = append(out, Literal(base).Union(Prefix(base+"/")))
		}
	}
	return out
}

func BenchmarkPartition(b *testing.B) {
	for _, n := range []int{200, 1000} {
		languages := paths(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				cells, err := Partition(languages)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(cells)), "cells")
				b.ReportMetric(float64(len(cells[0].shared.label)), "states")
				b.ReportMetric(float64(len(cells[0].shared.first)), "classes")
			}
		})
	}
}

func BenchmarkCellLanguages(b *testing.B) {
	cells, err := Partition(paths(b, 1000))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, c := range cells {
			c.Language()
		}
	}
}

func BenchmarkAnyOf(b *testing.B) {
	languages := paths(b, 1000)
	for b.Loop() {
		AnyOf(languages...)
	}
}

func BenchmarkRegexp(b *testing.B) {
	for name, expr := range map[string]string{"path": "/api/v[0-9]+/users/[^/?]+(/.*)?", "unicode": `(?i)\pL+@\w+\.com`, "long": "[a-z]{1000}"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				mustRegexp(b, expr)
			}
		})
	}
}
