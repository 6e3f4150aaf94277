package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// blockSize is the size in bytes of the blocks that the checker asks for: enough for any check.
const blockSize = 2048

var errPoolEmpty = errors.New("the pools of the checker are used up")

// peer is the checker as a client in its association with a hub.
type peer struct {
	*hubSession
	Party
	channel *protocol.Channel
	data    map[uuid.UUID][]byte         // of all blocks, as received
	top     map[*psrd.Pool]psrd.Fragment // what was last taken manually from a pool

	boot, session uuid.UUID // of a hub that keeps its state over a crash
	serial        int64
	blocks        []protocol.BlockMark
}

func (s *hubSession) peer(p Party) *peer { return &peer{hubSession: s, Party: p} }

// registering returns the request to register with one encryptor.
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

// connect registers the client, begins a session if the hub has sessions, and fills all pools.
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

// psrdRequest asks for a block. more are names and values that replace the usual members; the value
// "" leaves a member out.
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

// marks returns the request that names all blocks to the hub.
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

// raise opens all bytes, if the hub uses marks.
func (p *peer) raise() error {
	if p.boot == uuid.Nil {
		return nil
	}
	return p.putMarks(false)
}
