package its_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"dske/protocol/its"
)

// A search survives any answers of hubs, and the key that it finds is the one that the answers
// which are not at odds combine to.
func FuzzSearch(f *testing.F) {
	good := answersOf(f, []byte("a key"), 3, 5, 7)
	bad := slices.Clone(good)
	bad[1].Value = make([]byte, 64)
	f.Add(3, encode(good))
	f.Add(3, encode(bad))
	f.Add(2, encode(good))
	f.Add(3, encode(append(bad, its.Answer{Index: 1, Value: []byte("abc")}, good[1])))
	f.Add(-1, []byte{})
	f.Fuzz(func(t *testing.T, threshold int, data []byte) {
		search, err := its.NewSearch(threshold, seeded(1))
		if err != nil {
			return
		}
		var taken []its.Answer
		for _, a := range decode(data) {
			if search.Add(a) == nil {
				taken = append(taken, a)
			}
		}
		search.Find(context.Background())
		search.AdmitSuspects()
		key, err := search.Find(context.Background())
		atOdds := search.AtOdds()
		if (key == nil) != (err != nil) || err != nil && atOdds != nil {
			t.Fatalf("got %x and %v with error %v", key, atOdds, err)
		}
		if err != nil {
			return
		}
		agreeing := slices.DeleteFunc(taken, func(a its.Answer) bool { return slices.Contains(atOdds, a.Index) })
		if got, err := its.Combine(threshold, agreeing); err != nil || !bytes.Equal(got, key) {
			t.Fatalf("found %x, but the answers not at odds give %x, %v", key, got, err)
		}
	})
}

// decode reads at most 12 answers: a byte for an index of -1..254, one for the size of the key and
// whether the hub is suspect, one for a length of 0..127, and then the bytes of a tag and the
// value.
func decode(data []byte) []its.Answer {
	var list []its.Answer
	for len(data) >= 3 && len(list) < 12 {
		a := its.Answer{Index: int(data[0]) - 1, KeySize: int(data[1]) / 2, Suspect: data[1]%2 == 1}
		size := int(data[2]) % 128
		data = data[3:]
		a.SecretTag = bytes.Clone(data[:min(len(data), its.TagSize)])
		data = data[len(a.SecretTag):]
		a.Value = bytes.Clone(data[:min(len(data), size)])
		data = data[len(a.Value):]
		list = append(list, a)
	}
	return list
}

func encode(list []its.Answer) []byte {
	var data []byte
	for _, a := range list {
		data = append(data, byte(a.Index+1), byte(2*a.KeySize), byte(len(a.Value)))
		data = append(append(data, append(a.SecretTag, make([]byte, its.TagSize)...)[:its.TagSize]...), a.Value...)
	}
	return data
}
