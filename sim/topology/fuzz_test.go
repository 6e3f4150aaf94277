package topology

import (
	"regexp"
	"testing"
)

func FuzzLoad(f *testing.F) {
	f.Add([]byte(three + "clients: [{name: a, encryptors: [{name: b}], hubs: [hank, helen]}]\nthreshold: 2\npsrd: {low_water: 1}"))
	for _, bad := range badFiles {
		if len(bad.text) < 1000 { // minimizing a long one would take all the time
			f.Add([]byte(bad.text))
		}
	}
	place := regexp.MustCompile(`^fuzz:[1-9][0-9]*: .`)
	f.Fuzz(func(t *testing.T, data []byte) {
		topology, err := Load("fuzz", data)
		switch {
		case (topology == nil) == (err == nil):
			t.Fatalf("got %v, %v: want one of them", topology, err)
		case err != nil && !place.MatchString(err.Error()):
			t.Fatalf("%q does not start with the place", err)
		case err == nil && topology.Validate() != nil:
			t.Fatalf("loaded, but %v", topology.Validate())
		}
	})
}
