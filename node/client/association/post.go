package association

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

var errNoMulticast = errors.New("the hub does not support keys for several slaves")

// Batch is one hub's shares of keys that were made together.
type Batch struct {
	Master string
	Slaves []string         // the encryptors that may fetch the keys, at least one
	Keys   protocol.KeyIDs  // at least one
	Shares []protocol.Share // one of each key; all [protocol.Share.Alike]
}

// Post gives the hub its shares of the keys of a batch, and returns how many the hub has taken: all
// of them unless there is an error. The reservation r may be nil. It is used if the batch needs one
// message and the session is still the same; the caller still releases it.
func (a *Association) Post(ctx context.Context, b Batch, r *Reservation) (taken int, err error) {
	if len(b.Keys) == 1 && len(b.Slaves) == 1 {
		return a.postSingly(ctx, b, r)
	}
	if s := a.current(); s != nil && s.singly.Load() {
		return a.postSingly(ctx, b, nil)
	}
	taken, err = a.postBatch(ctx, b, r)
	if a.isNoRoute(err) {
		return a.postSingly(ctx, b, nil)
	}
	return taken, err
}

// IsRefusal reports whether Post has failed because the hub refused a message, or because there was
// too little PSRD for it. Either can be because of one of several keys.
func IsRefusal(err error) bool {
	var refused *node.Error
	return errors.As(err, &refused) || errors.Is(err, psrd.ErrExhausted)
}

// postBatch gives the hub its shares in one message.
func (a *Association) postBatch(ctx context.Context, b Batch, r *Reservation) (taken int, err error) {
	m := protocol.PostShares{ClientName: a.config.Client, MasterSAE: b.Master, SlaveSAEs: b.Slaves}
	var values protocol.Secret
	m.ShareBatch, values = protocol.NewShareBatch(b.Keys, b.Shares)
	defer clear(values.Reveal())
	err = a.post(ctx, protocol.PathKeyShares, values, r, func(sealed protocol.SealedShare) any {
		m.SealedShare = sealed
		return m
	})
	if a.isNoRoute(err) {
		a.sendSingly()
	}
	if err != nil {
		return 0, err
	}
	return len(b.Keys), nil
}

// postSingly gives the hub its shares one after the other. The reservation is for the first.
func (a *Association) postSingly(ctx context.Context, b Batch, r *Reservation) (taken int, err error) {
	if len(b.Slaves) > 1 {
		return 0, errNoMulticast
	}
	for i, id := range b.Keys {
		if err := a.postShare(ctx, b, id, b.Shares[i], r); err != nil {
			return i, err
		}
		r = nil
	}
	return len(b.Keys), nil
}

// postShare gives the hub its share of one key of a batch.
func (a *Association) postShare(ctx context.Context, b Batch, id uuid.UUID, s protocol.Share, r *Reservation) error {
	return a.post(ctx, protocol.PathKeyShare, s.Value, r, func(sealed protocol.SealedShare) any {
		return protocol.PostShare{
			ClientName:  a.config.Client,
			MasterSAE:   b.Master,
			SlaveSAE:    b.Slaves[0],
			KeyID:       id,
			ShareIndex:  s.Index,
			Terms:       s.Terms,
			SealedShare: sealed,
		}
	})
}

// errPerhapsGiven says that a session has ended in which the shares were sent.
var errPerhapsGiven = errors.New("the hub has lost its state, and may have taken its share before that")

// post sends shares to the hub, sealed together; body makes the message from the sealed share. It
// uses the given reservation if that is of the current session.
//
// A hub that keeps its state does not get the shares a second time in another session. It may have
// stored them before it crashed, and then given them away and forgotten them; it would take them
// for new ones.
func (a *Association) post(ctx context.Context, path string, shares protocol.Secret, given *Reservation, body func(protocol.SealedShare) any) error {
	return a.deal(ctx, given, shares.Size(), func(r *Reservation) error {
		defer r.Release()
		text, err := a.encode(ctx, r, shares, body)
		if err != nil {
			return err
		}
		incoming, _, err := a.inBand(ctx, r, message{method: http.MethodPost, path: path, body: text})
		if errors.Is(err, errEnded) && r.session.hasMarks() {
			return fmt.Errorf("%w: %v", errPerhapsGiven, err)
		}
		if err != nil {
			return err
		}
		return incoming.Accept()
	})
}

// encode seals shares and writes the message with them.
func (a *Association) encode(ctx context.Context, r *Reservation, shares protocol.Secret, body func(protocol.SealedShare) any) ([]byte, error) {
	leave, err := a.config.Bulk.Enter(ctx, shares.Size())
	if err != nil {
		return nil, err
	}
	defer leave()
	sealed, err := r.Seal(shares)
	if err != nil {
		return nil, err
	}
	return protocol.Marshal(body(sealed))
}

// sendSingly notes that the hub does not know messages with several shares.
func (a *Association) sendSingly() {
	if s := a.current(); s != nil {
		s.singly.Store(true)
	}
}

// isNoRoute reports whether the hub has no such path, like hubs of the Python implementation. In a
// suite with signed refusals every hub has it, whatever an answer says.
func (a *Association) isNoRoute(err error) bool {
	var refused *node.Error
	return !a.config.Suite.Rules().Refusals && errors.As(err, &refused) && refused.Status == http.StatusNotFound && errors.Unwrap(refused) == nil
}
