package adversary

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"dske/protocol"
)

// maxShares is how many different shares of a key, certain or doubtful, an attack examines.
const maxShares = 1024

// Result is the outcome of an attack.
type Result struct {
	Key       protocol.Secret // empty if it was not recovered
	Known     int             // hubs whose share is known
	Threshold int             // number of shares that make a key
}

// Recovered reports whether the attack found the key.
func (r Result) Recovered() bool { return r.Key.Size() > 0 }

// String returns the result without the key.
func (r Result) String() string {
	switch {
	case r.Recovered():
		return "recovered"
	case r.Known < r.Threshold:
		return fmt.Sprintf("not recovered: %d of %d shares known", r.Known, r.Threshold)
	}
	return fmt.Sprintf("not recovered: %d shares known, of which no %d fit together", r.Known, r.Threshold)
}

// Attack tries to compute a key from what the adversary knows now.
func (a *Adversary) Attack(keyID uuid.UUID) Result {
	e := a.gather(keyID)
	r := Result{Known: len(e.hubs), Threshold: a.threshold}
	// Damaged messages come second, so that they cannot hide the key, however many there are.
	for _, shares := range [][]protocol.Share{e.certain, append(slices.Clone(e.certain), e.doubtful...)} {
		if key, _, err := protocol.Recover(a.suite, a.threshold, shares); err == nil {
			r.Key = key
			break
		}
	}
	return r
}

// evidence is what is known about a key.
type evidence struct {
	certain  []protocol.Share // found in a hub, or with a right signature
	doubtful []protocol.Share // from messages that may have been changed
	hubs     map[string]bool  // sources of the certain shares
}

// gather decrypts those shares of a key whose pads are known.
func (a *Adversary) gather(keyID uuid.UUID) evidence {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := evidence{hubs: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(a.hubs)) {
		if s, ok := a.hubs[name].shares[keyID]; ok {
			e.addCertain(name, a.forOne(s.Share))
		}
	}
	for _, s := range a.recorded.byKey[keyID] {
		hub := a.hubs[s.hub]
		if hub == nil {
			continue
		}
		share, known := hub.open(s)
		share = a.forOne(share)
		switch {
		case known && hub.verifies(s):
			e.addCertain(s.hub, share)
		case known:
			e.doubtful = addNew(e.doubtful, share)
		}
	}
	return e
}

// forOne returns the part of a share for the first of its slaves.
func (a *Adversary) forOne(share protocol.Share) protocol.Share {
	slaves := share.Terms.Slaves()
	if slaves == 1 {
		return share
	}
	if part, err := a.suite.Pick(share, slaves, 0); err == nil {
		return part
	}
	return share
}

func (e *evidence) addCertain(hub string, share protocol.Share) {
	e.certain = addNew(e.certain, share)
	e.hubs[hub] = true
}

// addNew appends a share, unless it is there or there is no room for it.
func addNew(shares []protocol.Share, share protocol.Share) []protocol.Share {
	known := func(s protocol.Share) bool {
		return s.Alike(share) && bytes.Equal(s.Terms.SecretTag, share.Terms.SecretTag) && bytes.Equal(s.Value.Reveal(), share.Value.Reveal())
	}
	if len(shares) == maxShares || slices.ContainsFunc(shares, known) {
		return shares
	}
	return append(shares, share)
}
