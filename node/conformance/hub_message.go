package conformance

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// take chooses bytes manually, from the end of a pool, which the channel does not reach.
func (p *peer) take(owner protocol.PoolOwner, purpose psrd.Purpose, size int) psrd.Fragment {
	if !p.Suite.Rules().Purposes {
		purpose = psrd.ForAll
	}
	pool := p.channel.Pool(owner == protocol.OwnerClient, purpose)
	last, found := p.top[pool]
	if !found {
		block := pool.Status()[0]
		last = psrd.Fragment{Block: block.UUID, Start: block.Size}
	}
	f := psrd.Fragment{Block: last.Block, Start: last.Start - size, Size: size}
	p.top[pool] = f
	return f
}

// slot chooses a signing key manually.
func (p *peer) slot() psrd.Fragment {
	return p.take(protocol.OwnerClient, psrd.ForKeys, protocol.SigningKeySize)
}

// tag returns the tag of a request under the key in these fragments, as far as they exist.
func (p *peer) tag(r request, fragments ...psrd.Fragment) []byte {
	var key []byte
	for _, f := range fragments {
		data := p.data[f.Block]
		from := min(max(f.Start, 0), len(data))
		key = append(key, data[from:min(max(f.Start+f.Size, from), len(data))]...)
	}
	if p.Suite.Rules().Slots {
		key = append(key, make([]byte, protocol.SigningKeySize)...)[:protocol.SigningKeySize]
	}
	tag := p.Suite.ComputeTag(key, p.Suite.RequestContext(r.covered()), r.body)
	return tag[:p.Suite.TagSize()]
}

// header writes a signature.
func header(tag []byte, fragments ...psrd.Fragment) string {
	names := make([]string, len(fragments))
	for i, f := range fragments {
		names[i] = f.String()
	}
	return strings.Join(names, ",") + "%" + base64.StdEncoding.EncodeToString(tag)
}

// signWith signs a request with bytes that were chosen manually.
func (p *peer) signWith(r request, fragments ...psrd.Fragment) request {
	return r.with(protocol.SignatureHeader, header(p.tag(r, fragments...), fragments...))
}

// sign signs a request as clients do.
func (p *peer) sign(r request) (request, error) {
	out, err := p.channel.Reserve(0)
	if err != nil {
		return r, errPoolEmpty
	}
	defer out.Release()
	signature, err := out.SignRequest(r.covered())
	return r.with(protocol.SignatureHeader, signature), err
}

// keySize is the default size of the keys that shares are made of, in bytes.
const keySize = 32

// newShare returns a share of a new key from the master for the slave, and its value.
func (s *hubSession) newShare() (protocol.PostShare, []byte) { return s.newShareOf(keySize) }

func (s *hubSession) newShareOf(size int) (protocol.PostShare, []byte) {
	m := protocol.PostShare{ClientName: s.Master.Name, MasterSAE: s.Master.Encryptor, SlaveSAE: s.Slave.Encryptor, KeyID: uuid.New(), ShareIndex: s.number}
	m.Terms = s.terms(size, 1)
	return m, random(s.Suite.ShareSize(size, 1))
}

// sealedShare is like newShare, with the value sealed by the master.
func (s *hubSession) sealedShare() (protocol.PostShare, []byte, error) {
	m, value := s.newShare()
	var err error
	m.SealedShare, err = s.master.seal(value)
	return m, value, err
}

// terms returns the terms of a share of a key of size bytes, for a number of slaves.
func (s *hubSession) terms(size, slaves int) protocol.Terms {
	if s.Suite.Version() == 0 {
		return protocol.Terms{}
	}
	return protocol.Terms{Suite: s.Suite.Name(), Version: s.Suite.Version(), KeySize: size, Threshold: 2, SecretTag: random(s.Suite.TagSize() * slaves)}
}

func random(size int) []byte {
	data := make([]byte, size)
	rand.Read(data)
	return data
}

// seal encrypts a value with a one-time pad, as clients do.
func (p *peer) seal(value []byte) (protocol.SealedShare, error) {
	out, err := p.channel.Reserve(len(value))
	if err != nil {
		return protocol.SealedShare{}, errPoolEmpty
	}
	defer out.Release() // the signing key
	return out.Seal(protocol.NewSecret(value))
}

// sealWith is like seal, with a pad that was chosen manually.
func (p *peer) sealWith(value []byte, pad psrd.Fragment) protocol.SealedShare {
	sealed := slices.Clone(value)
	for i, b := range p.data[pad.Block][pad.Start:][:pad.Size] {
		sealed[i] ^= b
	}
	return protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{pad}}, Value: sealed}
}

// posting returns the unsigned request with a message.
func posting(path string, message any) request {
	body, _ := json.Marshal(message)
	return request{method: http.MethodPost, path: path, body: body}
}

// getting returns the unsigned request for a share.
func getting(m protocol.GetShare) request {
	return request{method: http.MethodGet, path: protocol.PathKeyShare, query: m.Query()}
}

// post returns the request, sealed and signed, that gives the hub a share.
func (p *peer) post(m protocol.PostShare, value []byte) (request, error) {
	var err error
	if m.SealedShare, err = p.seal(value); err != nil {
		return request{}, err
	}
	return p.sign(posting(protocol.PathKeyShare, m))
}

// wanted returns the slave's request for the share of a key.
func (s *hubSession) wanted(key uuid.UUID) protocol.GetShare {
	return protocol.GetShare{ClientName: s.Slave.Name, MasterSAE: s.Master.Encryptor, SlaveSAE: s.Slave.Encryptor, KeyID: key}
}
