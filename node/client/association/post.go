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
// message and the session is still the same; the caller still releases it. If r is nil, the batch
// may share a message with others.
func (a *Association) Post(ctx context.Context, b Batch, r *Reservation) (taken int, err error) {
	if r != nil || !a.sharesTrips() || len(b.Slaves) > 1 || b.size() > maxLoad {
		return a.postAlone(ctx, b, r)
	}
	load := &posting{Batch: b, ctx: ctx}
	a.posts.take(b.route(), load, len(b.Keys), a.postTogether)
	if load.alone {
		return a.postAlone(ctx, b, nil)
	}
	return load.taken, load.err
}

// maxLoad is the largest size of a batch's shares, in bytes, with which it shares a message with
// others. Beyond that there is little to gain.
const maxLoad = protocol.MaxBatchSize / protocol.MaxBatch

// posting is a batch on a trip, and its outcome.
type posting struct {
	Batch
	ctx   context.Context
	taken int
	err   error
	alone bool // it must be posted again in a message of its own
}

// route returns what batches must have in common to share a message; their shares are then
// [protocol.Share.Alike], since the threshold is that of the network.
func (b Batch) route() route {
	first := b.Shares[0]
	return route{b.Master, b.Slaves[0], first.Value.Size(), first.Terms.KeySize}
}

// size returns the size of the shares, in bytes.
func (b Batch) size() int { return len(b.Shares) * b.Shares[0].Value.Size() }

// postTogether posts several batches that fit into one message. A hub refuses a message as a whole.
// Each batch is then posted alone, so that it does not fail because of another one. The same holds
// if there is PSRD for some of the batches only.
func (a *Association) postTogether(loads []*posting) {
	ctx := loads[0].ctx
	if len(loads) == 1 {
		loads[0].taken, loads[0].err = a.postAlone(ctx, loads[0].Batch, nil)
		return
	}
	all := Batch{Master: loads[0].Master, Slaves: loads[0].Slaves}
	for _, l := range loads {
		ctx = laterOf(ctx, l.ctx)
		all.Keys, all.Shares = append(all.Keys, l.Keys...), append(all.Shares, l.Shares...)
	}
	_, err := a.postBatch(ctx, all, nil)
	var refused *node.Error
	for _, l := range loads {
		switch {
		case err == nil:
			l.taken = len(l.Keys)
		case errors.As(err, &refused), errors.Is(err, psrd.ErrExhausted):
			l.alone = true
		default:
			l.err = err
		}
	}
}

// postAlone is like Post, for a batch in a message of its own.
func (a *Association) postAlone(ctx context.Context, b Batch, r *Reservation) (taken int, err error) {
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
