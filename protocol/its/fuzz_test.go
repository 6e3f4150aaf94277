package its_test

import (
	"bytes"
	"slices"
	"testing"

	"dske/protocol/its"
)

// Recover survives whatever hubs send, and what it recovers is what the shares that are not at odds
// combine to.
func FuzzRecover(f *testing.F) {
	good, tag := split(f, []byte("a key"), 3, 5)
	bad := cloneShares(good)
	bad[1].Value[2] ^= 1
	f.Add(3, 5, tag, encode(good))
	f.Add(3, 5, tag, encode(bad))
	f.Add(2, 5, tag, encode(good))
	f.Add(3, 17, tag, encode(good))
	f.Add(3, 5, tag[:3], encode(good))
	f.Add(3, 5, tag, encode(append(bad, its.Share{Index: 1, Value: []byte("abc")}, good[1])))
	f.Add(-1, -1, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, threshold, keySize int, tag, data []byte) {
		shares := decode(data)
		key, atOdds, err := its.Recover(threshold, keySize, tag, shares)
		if err != nil {
			if key != nil || atOdds != nil {
				t.Fatalf("got %x and %v with error %v", key, atOdds, err)
			}
			return
		}
		if len(key) != keySize {
			t.Fatalf("got a key of %d bytes, want %d", len(key), keySize)
		}
		var agreeing []its.Share
		for _, s := range shares {
			repeats := slices.ContainsFunc(agreeing, func(a its.Share) bool { return a.Index == s.Index })
			if !slices.Contains(atOdds, s.Index) && !repeats {
				agreeing = append(agreeing, s)
			}
		}
		// With an index at odds with itself, fewer than threshold others may be left.
		if len(agreeing) < threshold {
			return
		}
		got, err := its.Combine(threshold, keySize, tag, agreeing)
		if err != nil || !bytes.Equal(got, key) {
			t.Fatalf("recovered %x, but the shares not at odds give %x, %v", key, got, err)
		}
	})
}

// decode reads shares: a byte that stands for an index of -1..254, one for a length of 0..127, and the
// value, which ends where the data does. There are at most 12.
func decode(data []byte) []its.Share {
	var shares []its.Share
	for len(data) >= 2 && len(shares) < 12 {
		index, size := int(data[0])-1, min(int(data[1])%128, len(data)-2)
		shares = append(shares, its.Share{Index: index, Value: data[2 : 2+size]})
		data = data[2+size:]
	}
	return shares
}

func encode(shares []its.Share) []byte {
	var data []byte
	for _, s := range shares {
		data = append(append(data, byte(s.Index+1), byte(len(s.Value))), s.Value...)
	}
	return data
}
