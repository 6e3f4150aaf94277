package experiment

import (
	"testing"
	"time"
)

// year is the experiment whose duration is in the README: a pair of keys every five minutes, with
// hubs that fail.
const year = `
topology: reference
for: 365d
demand: [{between: [sam, sofia], every: 5m}]
outages: {hubs: {mtbf: 30d, mttr: 8h}}
`

// BenchmarkYear measures the cost of one pair of keys of that year, with everything that belongs to
// it.
func BenchmarkYear(b *testing.B) {
	e, err := Load("year.yaml", []byte(year))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	if _, err := e.Run(b.Context(), Options{Seed: 1, For: time.Duration(b.N) * 5 * time.Minute}); err != nil {
		b.Fatal(err)
	}
}
