// Package adversary is the eavesdropper of an experiment: it records what passes on the wire, breaks
// into hubs, and tries to compute keys from exactly that.
//
// Give it every message with [Adversary.Tap] and the secrets of a hub with [Adversary.Compromise], and
// ask with [Adversary.Attack] for a key. It gets no further than its knowledge carries it:
//
//   - In-band messages it records in full, also refused, repeated and damaged ones, and those from
//     before a hub was compromised.
//   - Out-of-band messages stand for couriers, so it cannot read them, except those of a compromised
//     hub from then on. A hub stays compromised when it is restarted.
//   - A hub that is compromised yields what it holds at that moment: the PSRD that is not consumed and
//     the shares that are not delivered. What was sealed with bytes that are gone stays sealed, which is
//     DSKE's forward secrecy.
//
// An attack computes as an honest node does: a share whose pad it knows it decrypts, and from as many
// shares as the threshold it reconstructs the key. With one share less it could check a guess of the key
// against the digest, which is of no use unless it can try all keys; see package shamir. It does not
// guess.
//
// The encryptors' side, where keys are delivered in the clear, is not on this wire.
//
// # Limits
//
// It keeps up to 128 MiB of in-band messages, of which the oldest are forgotten first, and reads up to
// 256 MiB of PSRD from each compromised hub, after which it learns no more of that hub's. An attack
// looks at the first 1024 different shares of a key whose signatures it has found right, and the first
// 1024 others.
package adversary

import (
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
	hubs     map[string]*knowledge // of the compromised hubs, by the name that messages have for them
	recorded recording
}

// New returns an adversary that knows nothing but the suite and how many shares make a key.
func New(suite protocol.Suite, threshold int) *Adversary {
	return &Adversary{
		suite:     suite,
		threshold: threshold,
		hubs:      map[string]*knowledge{},
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

// readBlock reads an out-of-band message if its hub is compromised.
func (a *Adversary) readBlock(m wire.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	hub := a.hubs[m.To]
	if hub == nil {
		return
	}
	var block protocol.BlockData
	if err := protocol.Unmarshal(m.Response.Body, &block); err == nil {
		hub.learnBlock(psrd.LeakedBlock{UUID: block.UUID, Data: block.Data})
	}
}

// Compromise adds the secrets of the hub of that name, and lets the adversary read the hub's
// out-of-band messages from then on. It takes copies. Repeated calls for a hub add up; so that no block
// is missed which the hub hands out between finding its secrets and this call, call it before with no
// secrets.
func (a *Adversary) Compromise(hub string, blocks []psrd.LeakedBlock, shares []protocol.LeakedShare) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := "hub/" + hub
	if a.hubs[name] == nil {
		a.hubs[name] = newKnowledge(a.suite)
	}
	for _, b := range blocks {
		a.hubs[name].learnBlock(b)
	}
	for _, s := range shares {
		a.hubs[name].learnShare(s)
	}
}
