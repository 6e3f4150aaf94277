package shamir

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
)

// vector is one known answer of testdata/vectors/shamir-vectors.json.
type vector struct {
	Secret     hexBytes
	Threshold  int
	ShareCount int `json:"share_count"`
	Shares     []struct {
		Index int
		Value hexBytes
	}
	RecoverFrom []int `json:"recover_from"`
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func (v vector) shares() []Share {
	var shares []Share
	for _, s := range v.Shares {
		shares = append(shares, Share{s.Index, s.Value})
	}
	return shares
}

// forVectors runs a test for each vector.
func forVectors(t *testing.T, test func(*testing.T, vector)) {
	data, err := os.ReadFile("../../testdata/vectors/shamir-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) == 0 {
		t.Fatal("no vectors")
	}
	for i, v := range file.Vectors {
		t.Run(fmt.Sprintf("%d-%dof%d", i, v.Threshold, v.ShareCount), func(t *testing.T) { test(t, v) })
	}
}

func TestVectorsCombine(t *testing.T) {
	forVectors(t, func(t *testing.T, v vector) {
		var shares []Share
		for _, x := range v.RecoverFrom {
			at := slices.IndexFunc(v.shares(), func(s Share) bool { return s.Index == x })
			shares = append(shares, v.shares()[at])
		}
		got, err := Combine(v.Threshold, shares)
		if err != nil || !bytes.Equal(got, v.Secret) {
			t.Errorf("got %x, %v, want %x", got, err, v.Secret)
		}
	})
}

func TestVectorsCombineEverySubset(t *testing.T) {
	forVectors(t, func(t *testing.T, v vector) {
		for chosen := range subsets(v.ShareCount, v.Threshold) {
			got, err := Combine(v.Threshold, pick(v.shares(), chosen))
			if err != nil || !bytes.Equal(got, v.Secret) {
				t.Fatalf("shares %v: got %x, %v, want %x", chosen, got, err, v.Secret)
			}
		}
	})
}

// Any share of a set that is altered, in its first, last or a middle byte, is noticed.
func TestVectorsAlteredShare(t *testing.T) {
	forVectors(t, func(t *testing.T, v vector) {
		for altered := range v.Threshold {
			for _, at := range []int{0, len(v.Secret) / 2, len(v.Secret) - 1} {
				shares := v.shares()
				shares[altered].Value = bytes.Clone(shares[altered].Value)
				shares[altered].Value[at] ^= 0x40
				if got, err := Combine(v.Threshold, shares); !errors.Is(err, ErrDigest) || got != nil {
					t.Errorf("byte %d of share %d altered: got %x, %v", at, altered, got, err)
				}
			}
		}
	})
}

// The random choices of the reference model give the same shares again.
func TestVectorsSplit(t *testing.T) {
	forVectors(t, func(t *testing.T, v vector) {
		want := v.shares()
		drawn := modelEvaluate(want[:v.Threshold], digestX)[digestSize:]
		for _, s := range want[:v.Threshold-2] {
			drawn = append(drawn, s.Value...)
		}
		random := bytes.NewReader(drawn)
		got, err := Split(v.Secret, v.Threshold, v.ShareCount, random)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %x, want %x", got, want)
		}
		if _, err := random.ReadByte(); err != io.EOF {
			t.Error("not all randomness was used")
		}
	})
}

func pick(shares []Share, chosen []int) []Share {
	var picked []Share
	for _, c := range chosen {
		picked = append(picked, shares[c])
	}
	return picked
}
