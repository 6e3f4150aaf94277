package shamir_test

import (
	"bytes"
	"slices"
	"testing"

	"dske/protocol/shamir"
)

// Recover survives any shares, and the secret that it recovers is the one that the shares which are
// not at odds combine to.
func FuzzRecover(f *testing.F) {
	good := split(f, []byte("a secret"), 3, 5)
	bad := cloneShares(good)
	bad[1].Value[2] ^= 1
	f.Add(3, encode(good))
	f.Add(3, encode(bad))
	f.Add(2, encode(good))
	f.Add(3, encode(append(bad, shamir.Share{Index: 1, Value: []byte("abc")}, good[1])))
	f.Add(-1, []byte{})
	f.Fuzz(func(t *testing.T, threshold int, data []byte) {
		shares := decode(data)
		secret, atOdds, err := shamir.Recover(threshold, shares)
		if err != nil {
			if secret != nil || atOdds != nil {
				t.Fatalf("got %x and %v with error %v", secret, atOdds, err)
			}
			return
		}
		var agreeing []shamir.Share
		for _, s := range shares {
			repeats := slices.ContainsFunc(agreeing, func(a shamir.Share) bool { return a.Index == s.Index })
			if !slices.Contains(atOdds, s.Index) && !repeats {
				agreeing = append(agreeing, s)
			}
		}
		// With an index at odds with itself, fewer than threshold others may be left.
		if len(agreeing) < threshold {
			return
		}
		got, err := shamir.Combine(threshold, agreeing)
		if err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("recovered %x, but the shares not at odds give %x, %v", secret, got, err)
		}
	})
}

// decode reads shares: a byte for an index of -1..254, one for a length below 32, and the value,
// which ends where the data does. There are at most 40.
func decode(data []byte) []shamir.Share {
	var shares []shamir.Share
	for len(data) >= 2 && len(shares) < 40 {
		index, size := int(data[0])-1, min(int(data[1])%32, len(data)-2)
		shares = append(shares, shamir.Share{Index: index, Value: data[2 : 2+size]})
		data = data[2+size:]
	}
	return shares
}

func encode(shares []shamir.Share) []byte {
	var data []byte
	for _, s := range shares {
		data = append(append(data, byte(s.Index+1), byte(len(s.Value))), s.Value...)
	}
	return data
}
