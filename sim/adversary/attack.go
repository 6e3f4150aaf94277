package adversary

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"dske/protocol"
)

// maxShares is the different shares of a key, of either sort, that an attack looks at.
const maxShares = 1024

// Result is how far an attack came.
type Result struct {
	Key       protocol.Secret // empty if it was not recovered
	Known     int             // hubs of which the share is known
	Threshold int             // shares that make a key
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
	// Damaged messages come second, so that however many there are they cannot hide the key.
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
	certain  []protocol.Share // found in a hub, or with a signature that is right
	doubtful []protocol.Share // from messages that somebody may have changed
	hubs     map[string]bool  // that certain shares are from
}

// gather decrypts what can be decrypted of the shares of a key.
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

// forOne returns what the first of the slaves gets of a share.
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

// addNew appends a share that is not there yet, if there is room for it.
func addNew(shares []protocol.Share, share protocol.Share) []protocol.Share {
	known := func(s protocol.Share) bool {
		return s.Alike(share) && bytes.Equal(s.Terms.SecretTag, share.Terms.SecretTag) && bytes.Equal(s.Value.Reveal(), share.Value.Reveal())
	}
	if len(shares) == maxShares || slices.ContainsFunc(shares, known) {
		return shares
	}
	return append(shares, share)
}
