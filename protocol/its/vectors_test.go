package its

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"dske/protocol/shamir"
)

// vectors are the known answers of testdata/vectors/its-vectors.json, made by an independent model.
type vectors struct {
	Products []struct {
		A, B, Product hexBytes
		InverseOfA    hexBytes `json:"inverse_of_a"`
	}
	Shares []shareVector
	MACs   []struct {
		SigningKey       hexBytes `json:"signing_key"`
		Query, Body, Tag hexBytes
	}
}

type shareVector struct {
	Key        hexBytes
	Threshold  int
	ShareCount int `json:"share_count"`
	C, D, E    hexBytes
	SecretTag  hexBytes `json:"secret_tag"`
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

func (v shareVector) shares() []Share {
	var shares []Share
	for _, s := range v.Shares {
		shares = append(shares, Share{s.Index, s.Value})
	}
	return shares
}

// answers returns the shares as answers of hubs.
func (v shareVector) answers() []Answer {
	var answers []Answer
	for _, s := range v.Shares {
		answers = append(answers, Answer{Index: s.Index, KeySize: len(v.Key), SecretTag: v.SecretTag, Value: s.Value})
	}
	return answers
}

// hubs returns the indices of the shares.
func (v shareVector) hubs() []int {
	var hubs []int
	for _, s := range v.Shares {
		hubs = append(hubs, s.Index)
	}
	return hubs
}

func readVectors(t *testing.T) vectors {
	data, err := os.ReadFile("../../testdata/vectors/its-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Products) == 0 || len(v.Shares) == 0 || len(v.MACs) == 0 {
		t.Fatal("no vectors")
	}
	return v
}

// forShares runs a test for each vector of shares.
func forShares(t *testing.T, test func(*testing.T, shareVector)) {
	for _, v := range readVectors(t).Shares {
		t.Run(fmt.Sprintf("%dB-%dof%d", len(v.Key), v.Threshold, v.ShareCount), func(t *testing.T) { test(t, v) })
	}
}

func TestVectorsOfProducts(t *testing.T) {
	for _, v := range readVectors(t).Products {
		a, b := load(v.A), load(v.B)
		if got := a.Mul(b); got != load(v.Product) {
			t.Errorf("%x times %x is %x, want %x", v.A, v.B, got.Bytes(), v.Product)
		}
		if got := modelMul(a, b); got != load(v.Product) {
			t.Errorf("%x times %x is %x to the model, want %x", v.A, v.B, got.Bytes(), v.Product)
		}
		if got := a.Inverse(); got != load(v.InverseOfA) {
			t.Errorf("inverse of %x is %x, want %x", v.A, got.Bytes(), v.InverseOfA)
		}
	}
}

func TestVectorsOfMACs(t *testing.T) {
	for _, v := range readVectors(t).MACs {
		if got := MAC(v.SigningKey, []string{string(v.Query)}, v.Body); !bytes.Equal(got, v.Tag) {
			t.Errorf("query of %d and body of %d bytes: %x, want %x", len(v.Query), len(v.Body), got, v.Tag)
		}
		blocks := append(elements(v.Query), elements(v.Body)...)
		blocks = append(blocks, Element{uint64(len(v.Query)), uint64(len(v.Body))})
		if got := bigField.mac(load(v.SigningKey), load(v.SigningKey[16:]), blocks); got != load(v.Tag) {
			t.Errorf("query of %d and body of %d bytes: model says %x, want %x", len(v.Query), len(v.Body), got.Bytes(), v.Tag)
		}
	}
}

func TestVectorsCombine(t *testing.T) {
	forShares(t, func(t *testing.T, v shareVector) {
		got, err := Combine(v.Threshold, pick(v.answers(), v.RecoverFrom))
		if err != nil || !bytes.Equal(got, v.Key) {
			t.Errorf("got %x, %v, want %x", got, err, v.Key)
		}
	})
}

func TestVectorsCombineEverySubset(t *testing.T) {
	forShares(t, func(t *testing.T, v shareVector) {
		for chosen := range shamir.NewestFirst(v.ShareCount, v.Threshold) {
			got, err := Combine(v.Threshold, pick(v.answers(), chosen))
			if err != nil || !bytes.Equal(got, v.Key) {
				t.Fatalf("shares %v: got %x, %v, want %x", chosen, got, err, v.Key)
			}
		}
	})
}

// Any share of a set that is altered, in C, D, E, the first or the last byte of S, is noticed.
func TestVectorsAlteredShare(t *testing.T) {
	forShares(t, func(t *testing.T, v shareVector) {
		for altered := range v.Threshold {
			for _, at := range []int{0, offsetD, offsetE, offsetS, len(v.Shares[0].Value) - 1} {
				answers := v.answers()
				answers[altered].Value = bytes.Clone(answers[altered].Value)
				answers[altered].Value[at] ^= 0x40
				if got, err := Combine(v.Threshold, answers); !errors.Is(err, ErrTag) || got != nil {
					t.Errorf("byte %d of share %d altered: got %x, %v", at, altered, got, err)
				}
			}
		}
	})
}

func TestVectorsOfSecretTags(t *testing.T) {
	forShares(t, func(t *testing.T, v shareVector) {
		if got := bigField.tag(load(v.C), load(v.D), load(v.E), elements(v.Key)); got != load(v.SecretTag) {
			t.Errorf("model says %x, want %x", got.Bytes(), v.SecretTag)
		}
	})
}

// The same random C, D, E and first shares give the same other shares.
func TestVectorsSplit(t *testing.T) {
	forShares(t, func(t *testing.T, v shareVector) {
		drawn := bytes.Join([][]byte{v.C, v.D, v.E}, nil)
		for _, s := range v.Shares[:v.Threshold-1] {
			drawn = append(drawn, s.Value...)
		}
		random := bytes.NewReader(drawn)
		got, tags, err := Split(v.Key, v.Threshold, v.hubs(), 1, random)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(v.shares()) || !bytes.Equal(tags[0], v.SecretTag) {
			t.Errorf("got %x and %x, want %x and %x", got, tags, v.shares(), v.SecretTag)
		}
		if _, err := random.ReadByte(); err != io.EOF {
			t.Error("not all randomness was used")
		}
	})
}

// The first shares as pads give the key, the tag and the other shares.
func TestVectorsFromPads(t *testing.T) {
	forShares(t, func(t *testing.T, v shareVector) {
		key, shares, tags, err := FromPads(v.shares()[:v.Threshold], v.hubs()[v.Threshold:], len(v.Key), 1)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(key, v.Key) || !bytes.Equal(tags[0], v.SecretTag) || fmt.Sprint(shares) != fmt.Sprint(v.shares()) {
			t.Errorf("got %x, %x and %x, want %x, %x and %x", key, tags, shares, v.Key, v.SecretTag, v.shares())
		}
	})
}

func pick(answers []Answer, chosen []int) []Answer {
	var picked []Answer
	for _, c := range chosen {
		picked = append(picked, answers[c])
	}
	return picked
}
