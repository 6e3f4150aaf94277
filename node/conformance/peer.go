package conformance

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// blockSize is the size of the blocks that the checker asks for, in bytes: enough for any check.
const blockSize = 2048

var errPoolEmpty = errors.New("the pools of the checker are used up")

// peer is the checker as a client in its association with a hub.
type peer struct {
	*hubSession
	Party
	channel *protocol.Channel
	data    map[uuid.UUID][]byte         // of all blocks, as they came
	top     map[*psrd.Pool]psrd.Fragment // what was taken by hand from a pool last

	boot, session uuid.UUID // of a hub that keeps its state over a crash
	serial        int64
	blocks        []protocol.BlockMark
}

func (s *hubSession) peer(p Party) *peer { return &peer{hubSession: s, Party: p} }

// registering is the request to register with one encryptor.
func registering(p Party) request {
	body, _ := json.Marshal(protocol.Registration{ClientName: p.Name, EncryptorNames: []string{p.Encryptor}})
	return request{method: http.MethodPut, path: protocol.PathRegistration, body: body}
}

func unregistering(client string) request {
	return request{method: http.MethodDelete, path: protocol.PathRegistration, query: "client_name=" + client}
}

func asking(client string) request {
	return request{method: http.MethodGet, path: protocol.PathRegistration, query: "client_name=" + client}
}

func (s *hubSession) register(p Party) (answer, error) { return s.as(p, registering(p)) }

// connect registers the client, begins a session if the hub has those, and fills all pools.
func (p *peer) connect() error {
	if err := p.enter(); err != nil {
		return err
	}
	for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
		for _, purpose := range protocol.PurposesOf(p.Suite) {
			if _, err := p.fetch(owner, purpose); err != nil {
				return err
			}
		}
	}
	return p.raise()
}

// enter registers the client and begins a session, with empty pools.
func (p *peer) enter() error {
	a, err := p.register(p.Party)
	if err == nil && a.status == http.StatusForbidden {
		err = fmt.Errorf("%w: %s", ErrNotAdmitted, a.message())
	}
	if err == nil {
		err = a.want(http.StatusOK)
	}
	var registered protocol.Registered
	if err == nil {
		err = a.read(&registered)
	}
	if err != nil {
		return fmt.Errorf("registering: %w", err)
	}
	p.channel, p.boot, p.serial, p.blocks = protocol.NewChannel(p.Suite), registered.Boot, 0, nil
	p.data, p.top = map[uuid.UUID][]byte{}, map[*psrd.Pool]psrd.Fragment{}
	if p.boot == uuid.Nil {
		return nil
	}
	p.session = uuid.New()
	return p.putMarks(true)
}

// psrdRequest asks for a block. Members of more are put in the place of what is usual; "" leaves
// one out.
func (p *peer) psrdRequest(owner protocol.PoolOwner, purpose psrd.Purpose, size int, more ...string) request {
	query := url.Values{"client_name": {p.Name}, "pool_owner": {string(owner)}, "size": {strconv.Itoa(size)}}
	if purpose != psrd.ForAll {
		query.Set("purpose", string(purpose))
	}
	for i := 0; i+1 < len(more); i += 2 {
		if query.Set(more[i], more[i+1]); more[i+1] == "" {
			query.Del(more[i])
		}
	}
	return request{method: http.MethodGet, path: protocol.PathPSRD, query: query.Encode()}
}

// fetch gets a block and puts it into its pool.
func (p *peer) fetch(owner protocol.PoolOwner, purpose psrd.Purpose) (protocol.BlockData, error) {
	var block protocol.BlockData
	a, err := p.as(p.Party, p.psrdRequest(owner, purpose, blockSize))
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err == nil {
		err = a.read(&block)
	}
	if err == nil && len(block.Data) != blockSize {
		err = fmt.Errorf("a block of %d bytes, not %d", len(block.Data), blockSize)
	}
	if err == nil {
		p.data[block.UUID] = block.Data
		p.blocks = append(p.blocks, protocol.BlockMark{UUID: block.UUID, Mark: len(block.Data)})
		err = p.channel.Pool(owner == protocol.OwnerClient, purpose).Add(psrd.NewBlock(block.UUID, slices.Clone(block.Data)))
	}
	if err != nil {
		return block, fmt.Errorf("fetching PSRD: %w", err)
	}
	return block, nil
}

// marks returns the request that tells the hub of all blocks.
func (p *peer) marks(resume bool) request {
	p.serial++
	m := protocol.Marks{ClientName: p.Name, Boot: p.boot, Session: p.session, Serial: p.serial, Resume: resume, Blocks: append([]protocol.BlockMark{}, p.blocks...)}
	return marksRequest(m)
}

func marksRequest(m protocol.Marks) request {
	body, _ := json.Marshal(m)
	return request{method: http.MethodPut, path: protocol.PathMarks, body: body}
}

func (p *peer) putMarks(resume bool) error {
	a, err := p.as(p.Party, p.marks(resume))
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err != nil {
		return fmt.Errorf("raising marks: %w", err)
	}
	return nil
}

// raise lets all bytes be used, if it takes marks for that.
func (p *peer) raise() error {
	if p.boot == uuid.Nil {
		return nil
	}
	return p.putMarks(false)
}

// take chooses bytes by hand, from the end of a pool, which the channel does not reach.
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

// slot chooses a signing key by hand.
func (p *peer) slot() psrd.Fragment {
	return p.take(protocol.OwnerClient, psrd.ForKeys, protocol.SigningKeySize)
}

// tag returns the tag of a request under a key of these bytes, as far as they are ones.
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
	return p.Suite.ComputeTag(key, p.Suite.RequestContext(r.covered()), r.body)
}

// header writes a signature.
func header(tag []byte, fragments ...psrd.Fragment) string {
	names := make([]string, len(fragments))
	for i, f := range fragments {
		names[i] = f.String()
	}
	return strings.Join(names, ",") + "%" + base64.StdEncoding.EncodeToString(tag)
}

// signWith signs a request with bytes that were chosen by hand.
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

// keySize is the size of the keys that shares are made of unless a check says otherwise, in bytes.
const keySize = 32

// newShare returns a share of a new key from the master for the slave, and its value.
func (s *hubSession) newShare() (protocol.PostShare, []byte) { return s.newShareOf(keySize) }

func (s *hubSession) newShareOf(size int) (protocol.PostShare, []byte) {
	m := protocol.PostShare{ClientName: s.Master.Name, MasterSAE: s.Master.Encryptor, SlaveSAE: s.Slave.Encryptor, KeyID: uuid.New(), ShareIndex: s.number}
	m.Terms = s.terms(size, 1)
	return m, random(s.Suite.ShareSize(size, 1))
}

// terms returns those of a share of a key, for so many slaves.
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

// seal one-time-pads a value as clients do.
func (p *peer) seal(value []byte) (protocol.SealedShare, error) {
	out, err := p.channel.Reserve(len(value))
	if err != nil {
		return protocol.SealedShare{}, errPoolEmpty
	}
	defer out.Release() // the signing key
	return out.Seal(protocol.NewSecret(value))
}

// sealWith is seal with a pad that was chosen by hand.
func (p *peer) sealWith(value []byte, pad psrd.Fragment) protocol.SealedShare {
	sealed := slices.Clone(value)
	for i, b := range p.data[pad.Block][pad.Start:][:pad.Size] {
		sealed[i] ^= b
	}
	return protocol.SealedShare{Pad: protocol.PadAllocation{Fragments: []psrd.Fragment{pad}}, Value: sealed}
}

// posting is the unsigned request with a message.
func posting(path string, message any) request {
	body, _ := json.Marshal(message)
	return request{method: http.MethodPost, path: path, body: body}
}

// getting is the unsigned request for a share.
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

// wanted is how the slave asks for the share of a key.
func (s *hubSession) wanted(key uuid.UUID) protocol.GetShare {
	return protocol.GetShare{ClientName: s.Slave.Name, MasterSAE: s.Master.Encryptor, SlaveSAE: s.Slave.Encryptor, KeyID: key}
}

// verify checks the signature of the answer to a request, and spends its key.
func (p *peer) verify(r request, a answer) (*protocol.Incoming, error) {
	incoming, err := p.channel.VerifyResponse(a.header.Values(protocol.SignatureHeader),
		protocol.Response{To: r.header.Get(protocol.SignatureHeader), Status: a.status, Body: a.body})
	if err == nil {
		err = incoming.Accept()
	}
	if err != nil {
		return nil, fmt.Errorf("the signature of the answer, %d: %w", a.status, err)
	}
	return incoming, nil
}

// accepted sends a request that is to be answered with 200, and a right signature.
func (p *peer) accepted(r request) (answer, *protocol.Incoming, error) {
	a, err := p.as(p.Party, r)
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err != nil {
		return a, nil, err
	}
	incoming, err := p.verify(r, a)
	return a, incoming, err
}

// refused sends a request that is to be answered with one of the statuses. Whether that is signed
// does not matter.
func (p *peer) refused(r request, statuses ...int) (answer, error) {
	a, err := p.as(p.Party, r)
	if err == nil {
		err = a.want(statuses...)
	}
	return a, err
}

// give gives the hub a share of a new key.
func (s *hubSession) give() (protocol.PostShare, []byte, error) {
	m, value := s.newShare()
	return m, value, s.giveThis(m, value)
}

func (s *hubSession) giveThis(m protocol.PostShare, value []byte) error {
	r, err := s.master.post(m, value)
	if err == nil {
		_, _, err = s.master.accepted(r)
	}
	return err
}

// fetches returns an error unless the slave gets that share.
func (s *hubSession) fetches(m protocol.PostShare, value []byte) error {
	r, err := s.slave.sign(getting(s.wanted(m.KeyID)))
	if err != nil {
		return err
	}
	return s.slave.opens(r, m, value)
}

// opens returns an error unless the answer to a request has that share.
func (p *peer) opens(r request, m protocol.PostShare, value []byte) error {
	a, incoming, err := p.accepted(r)
	if err != nil {
		return err
	}
	reply, err := protocol.ParseShareReply(a.body)
	if err != nil {
		return err
	}
	got, err := incoming.Open(reply.SealedShare)
	if err != nil {
		return fmt.Errorf("the pad of the answer: %w", err)
	}
	if !slices.Equal(got.Reveal(), value) || reply.ShareIndex != m.ShareIndex {
		return fmt.Errorf("another share than was given: index %d and %d bytes", reply.ShareIndex, got.Size())
	}
	return nil
}
