// Package adversary is the adversary of an experiment: it records messages on the wire, breaks into
// hubs, owns clients, manipulates messages, and tries to compute keys from exactly what it knows.
//
// Show it every message with [Adversary.Tap] and the secrets of a hub with [Adversary.Compromise],
// and ask it for a key with [Adversary.Attack]. It uses only what it knows:
//
//   - It records in-band messages in full, including refused, repeated and damaged ones, and those
//     from before a hub was compromised.
//   - It cannot read out-of-band messages, which stand for couriers, except those of a compromised
//     hub from then on. A hub stays compromised when it is restarted.
//   - A compromised hub yields what it holds at that moment: the PSRD that is not consumed and the
//     shares that are not delivered. What was sealed with bytes that are gone stays sealed, which is
//     DSKE's forward secrecy.
//
// An attack computes as an honest node does: it decrypts a share whose pad it knows, and
// reconstructs the key from as many shares as the threshold. With one share less it could check a
// guess of the key against the digest, which helps only if it can try all keys; see package shamir.
// It does not guess.
//
// The encryptors' side, where keys are delivered in the clear, is not on this wire.
//
// [Hands] are an active adversary: he withholds, swaps, repeats and readdresses messages, and
// forges them with bytes that he knows. Those are the bytes of clients that he owns
// ([Adversary.Own]), those of hubs that he broke into, and the pads of lost messages whose share he
// knows.
//
// # Limits
//
// It keeps up to 128 MiB of in-band messages and forgets the oldest first. It reads up to 256 MiB
// of PSRD from each compromised hub, and then learns no more from that hub. An attack examines the
// first 1024 different shares of a key with right signatures, and the first 1024 others.
package adversary

import (
	"net/url"
	"sync"

	"dske/protocol"
	"dske/psrd"
	"dske/sim/wire"
)

// Adversary is a passive adversary. Its methods may be called from several goroutines.
type Adversary struct {
	suite     protocol.Suite
	threshold int

	mu       sync.Mutex
	hubs     map[string]*knowledge // by their name in messages
	broken   map[string]bool       // hubs whose out-of-band messages it reads
	own      map[string]bool       // clients whose out-of-band messages it reads
	recorded recording
}

// New returns an adversary that knows nothing but the suite and the threshold, in shares.
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

// Tap shows the adversary a message. It keeps no part of the caller's memory.
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

// of returns the knowledge of the PSRD and the shares of a hub. The caller holds a.mu.
func (a *Adversary) of(hub string) *knowledge {
	if a.hubs[hub] == nil {
		a.hubs[hub] = newKnowledge(a.suite)
	}
	return a.hubs[hub]
}

// Own makes a client, such as client/mallory, one of the adversary's: it reads the client's
// out-of-band messages from then on. To get all PSRD of the client, call Own before the client
// registers.
func (a *Adversary) Own(client string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.own[client] = true
}

// Compromise adds the secrets of a hub, and lets the adversary read the hub's out-of-band messages
// from then on. It copies its arguments. Repeated calls for a hub add up. A block that the hub
// hands out after its secrets were collected, but before this call, would be missed; to prevent
// that, first call Compromise without secrets.
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
