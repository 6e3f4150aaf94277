package adversary

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"dske/protocol"
	"dske/psrd"
)

// errPoor says that the adversary knows too few bytes to forge a message.
var errPoor = errors.New("he does not know enough bytes that the receiver has and has not used")

// spareKind says whose bytes they are, who chooses from them, and their purpose.
type spareKind struct {
	client  string // such as client/mallory
	owner   protocol.PoolOwner
	purpose psrd.Purpose
}

// stock adds a block of a client that he owns to the bytes that he can use. He uses it from its
// end, the client from its beginning.
func (k *knowledge) stock(client string, query url.Values, block protocol.BlockData) {
	kind := spareKind{client, protocol.PoolOwner(query.Get("pool_owner")), psrd.Purpose(query.Get("purpose"))}
	k.spare[kind] = append(k.spare[kind], psrd.Fragment{Block: block.UUID, Start: 0, Size: len(block.Data)})
}

// deduce adds bytes that he has deduced from a lost message, unless he has done so before, and
// returns their number. They were pads.
func (k *knowledge) deduce(client string, owner protocol.PoolOwner, fragments []psrd.Fragment, value []byte) (n int) {
	for _, f := range fragments {
		bytes := value[:f.Size]
		value = value[f.Size:]
		if k.bytes[f] != nil {
			continue
		}
		k.bytes[f] = bytes
		kind := spareKind{client: client, owner: owner}
		k.spare[kind] = append(k.spare[kind], f)
		n += f.Size
	}
	return n
}

// take takes size bytes, of the given purpose if there are some, and otherwise any.
func (k *knowledge) take(client string, owner protocol.PoolOwner, purpose psrd.Purpose, size int) (psrd.Fragment, []byte, error) {
	for _, p := range []psrd.Purpose{purpose, psrd.ForAll} {
		kind := spareKind{client, owner, p}
		for i, f := range k.spare[kind] {
			taken := psrd.Fragment{Block: f.Block, Start: f.Start + f.Size - size, Size: size}
			if purpose == psrd.ForKeys {
				taken.Start -= taken.Start % psrd.SlotSize // so that it looks like a slot
			}
			if taken.Start < f.Start {
				continue
			}
			k.spare[kind][i].Size = taken.Start - f.Start
			value, err := k.read(taken)
			return taken, value, err
		}
	}
	return psrd.Fragment{}, nil, errPoor
}

// read returns the values of bytes that he knows.
func (k *knowledge) read(f psrd.Fragment) ([]byte, error) {
	for known, value := range k.bytes {
		if known.Block == f.Block && known.Start <= f.Start && f.Start+f.Size <= known.Start+known.Size {
			return value[f.Start-known.Start:][:f.Size], nil
		}
	}
	return k.channel.Peer.Copy([]psrd.Fragment{f})
}

// material has what is needed to sign a message.
type material struct {
	fragments []psrd.Fragment
	key       []byte
}

// sign returns the signature header.
func (m material) sign(suite protocol.Suite, context protocol.Context, body []byte) string {
	var names []string
	for _, f := range m.fragments {
		names = append(names, f.String())
	}
	tag := suite.ComputeTag(m.key, context, body)
	return strings.Join(names, ",") + "%" + base64.StdEncoding.EncodeToString(tag[:suite.TagSize()])
}

// signer takes a signing key.
func (k *knowledge) signer(client string, owner protocol.PoolOwner) (material, error) {
	f, key, err := k.take(client, owner, psrd.ForKeys, protocol.SigningKeySize)
	return material{[]psrd.Fragment{f}, key}, err
}

// inPieces returns the same bytes named in two pieces, the second first.
func (m material) inPieces() material {
	const half = protocol.SigningKeySize / 2
	f := m.fragments[0]
	second, first := f, f
	first.Size, second.Size = half, half
	second.Start += half
	return material{[]psrd.Fragment{second, first}, append(append([]byte(nil), m.key[half:]...), m.key[:half]...)}
}

// seal takes a pad for a share, and seals it.
func (k *knowledge) seal(client string, owner protocol.PoolOwner, share []byte) (protocol.SealedShare, error) {
	f, pad, err := k.take(client, owner, psrd.ForPads, len(share))
	if err != nil {
		return protocol.SealedShare{}, err
	}
	value := make([]byte, len(share))
	for i := range value {
		value[i] = share[i] ^ pad[i]
	}
	return protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{f}}, Value: value}, nil
}

// newKey draws a key of the adversary's own, and splits it as a client would, for n hubs.
func newKey(suite protocol.Suite, size, threshold, n int) (protocol.Secret, []protocol.Share, error) {
	value := make([]byte, size)
	rand.Read(value)
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	key := protocol.NewSecret(value)
	shares, err := suite.Split(key, threshold, numbers, 1, rand.Reader)
	if err != nil {
		return protocol.Secret{}, nil, fmt.Errorf("splitting a key of his own: %w", err)
	}
	return key, shares, nil
}
