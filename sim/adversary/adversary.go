// Package adversary is the adversary of an experiment: it records what passes on the wire, breaks
// into hubs, owns clients, takes messages in its hands, and tries to compute keys from exactly what
// it knows.
//
// Give it every message with [Adversary.Tap] and the secrets of a hub with [Adversary.Compromise],
// and ask with [Adversary.Attack] for a key. It gets no further than its knowledge carries it:
//
//   - In-band messages it records in full, also refused, repeated and damaged ones, and those from
//     before a hub was compromised.
//   - Out-of-band messages stand for couriers, so it cannot read them, except those of a compromised
//     hub from then on. A hub stays compromised when it is restarted.
//   - A hub that is compromised yields what it holds at that moment: the PSRD that is not consumed and
//     the shares that are not delivered. What was sealed with bytes that are gone stays sealed, which is
//     DSKE's forward secrecy.
//
// An attack computes as an honest node does: a share whose pad it knows it decrypts, and from as
// many shares as the threshold it reconstructs the key. With one share less it could check a guess
// of the key against the digest, which is of no use unless it can try all keys; see package shamir.
// It does not guess.
//
// The encryptors' side, where keys are delivered in the clear, is not on this wire.
//
// [Hands] are an adversary who acts: he withholds, swaps, repeats and re-addresses messages, and
// forges them with bytes that he knows. He knows those of clients that he owns ([Adversary.Own]),
// those of hubs that he broke into, and the pads of messages that were lost and whose share he
// knows.
//
// # Limits
//
// It keeps up to 128 MiB of in-band messages, of which the oldest are forgotten first, and reads up
// to 256 MiB of PSRD from each compromised hub, after which it learns no more of that hub's. An
// attack looks at the first 1024 different shares of a key whose signatures it has found right, and
// the first 1024 others.
package adversary

import (
	"net/url"
	"sync"

	"dske/protocol"
	"dske/psrd"
	"dske/sim/wire"
)

// Adversary is an adversary. Its methods may be called by several goroutines.
type Adversary struct {
	suite     protocol.Suite
	threshold int

	mu       sync.Mutex
	hubs     map[string]*knowledge // by the name that messages have for them
	broken   map[string]bool       // hubs whose out-of-band messages it reads
	own      map[string]bool       // clients, likewise
	recorded recording
}

// New returns an adversary that knows nothing but the suite and how many shares make a key.
func New(suite protocol.Suite, threshold int) *Adversary {
	return &Adversary{
		suite:     suite,
		threshold: threshold,
		hubs:      map[string]*knowledge{},
		broken:    map[string]bool{},
		own:       map[string]bool{},
		recorded:  newRecording(maxRecorded),
	}
}

// Tap shows the adversary a message. It keeps no part of it that is the caller's.
func (a *Adversary) Tap(m wire.Message) {
	if isPSRD(m) {
		a.readBlock(m)
		return
	}
	shares := findShares(m)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range shares {
		a.recorded.add(s)
	}
}

// readBlock reads an out-of-band message if its hub is compromised or its client owned.
func (a *Adversary) readBlock(m wire.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.broken[m.To] && !a.own[m.From] {
		return
	}
	var block protocol.BlockData
	if err := protocol.Unmarshal(m.Response.Body, &block); err != nil {
		return
	}
	a.of(m.To).learnBlock(psrd.LeakedBlock{UUID: block.UUID, Data: block.Data})
	if q, err := url.ParseQuery(m.Query); err == nil && a.own[m.From] {
		a.of(m.To).stock(m.From, q, block)
	}
}

// of returns what is known of the PSRD and the shares of a hub. The caller holds a.mu.
func (a *Adversary) of(hub string) *knowledge {
	if a.hubs[hub] == nil {
		a.hubs[hub] = newKnowledge(a.suite)
	}
	return a.hubs[hub]
}

// Own makes a client, such as client/mallory, one of the adversary's: it reads the client's
// out-of-band messages from then on. So that it has all PSRD of the client, this has to be before
// the client registers.
func (a *Adversary) Own(client string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.own[client] = true
}

// Compromise adds the secrets of the hub of that name, and lets the adversary read the hub's
// out-of-band messages from then on. It takes copies. Repeated calls for a hub add up; so that no
// block is missed which the hub hands out between finding its secrets and this call, call it before
// with no secrets.
func (a *Adversary) Compromise(hub string, blocks []psrd.LeakedBlock, shares []protocol.LeakedShare) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := "hub/" + hub
	a.broken[name] = true
	for _, b := range blocks {
		a.of(name).learnBlock(b)
	}
	for _, s := range shares {
		a.of(name).learnShare(s)
	}
}
