package hub

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// peerClient is a client that has registered at some time. Its name stays bound to its token, and
// its encryptors to its name, even while it is not registered. When it registers again there is a
// new value: requests under way keep the one that they found.
type peerClient struct {
	name       string
	token      string
	encryptors []string
	registered bool
	channel    protocol.Channel // of a registered client
	answers    answers

	mu        sync.Mutex
	users     int // requests under way
	ended     bool
	lacks     map[psrd.Purpose]int     // bytes missing for answers since the last block for that purpose
	fresh     map[uuid.UUID]freshBlock // blocks that the client has asked for and not acknowledged yet
	verifying chan struct{}            // holds a value while the signature of a large body is being verified; nil: none came

	session uuid.UUID // zero: the client has not resumed; never changes
	serial  int64     // of the last marks in the session; guarded by the line of the client
}

func newPeerClient(r protocol.Registration, token string, suite protocol.Suite) *peerClient {
	p := &peerClient{name: r.ClientName, token: token, encryptors: r.EncryptorNames, registered: true}
	p.channel.Init(suite)
	return p
}

// verifyingLarge returns the channel that holds a value while the signature of a large body is being
// verified.
func (p *peerClient) verifyingLarge() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.verifying == nil {
		p.verifying = make(chan struct{}, 1)
	}
	return p.verifying
}

// enter notes that a request uses the client.
func (p *peerClient) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users++
}

// leave ends enter.
func (p *peerClient) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users--
	p.clearIfDone()
}

// end says that the registration is over. No request enters after that, and the last one to leave
// clears the secrets.
func (p *peerClient) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.clearIfDone()
}

// noteLack notes that the PSRD for an answer was missing.
func (p *peerClient) noteLack(err error) {
	var lack *psrd.ExhaustedError
	if !errors.As(err, &lack) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lacks == nil {
		p.lacks = map[psrd.Purpose]int{}
	}
	p.lacks[lack.Purpose] = max(p.lacks[lack.Purpose], lack.Needed-lack.Available)
}

// noteSupplied notes that the hub's pool got another block.
func (p *peerClient) noteSupplied(purpose psrd.Purpose) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.lacks, purpose)
}

// lacking returns the PSRD that was missing for answers.
func (p *peerClient) lacking() []protocol.Lack {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lacks []protocol.Lack
	for _, purpose := range slices.Sorted(maps.Keys(p.lacks)) {
		lacks = append(lacks, protocol.Lack{Purpose: purpose, Bytes: p.lacks[purpose]})
	}
	return lacks
}

// clearIfDone clears the pools and the answers of a registration that is over. The caller holds
// p.mu.
func (p *peerClient) clearIfDone() {
	if p.ended && p.users == 0 && p.registered {
		p.channel.Close()
		p.answers.forgetAll()
		for _, b := range p.fresh {
			b.Clear()
		}
		p.fresh = nil
	}
}
