package association

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dske/node/parcel"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// The reasons why a file of the hub is not taken in.
var (
	ErrTaken = errors.New("the file has been taken in before: its bytes are used once")
	ErrOlder = errors.New("the hub has forgotten the file: it has enrolled the client anew since, and issued another file that is here")
	ErrRoom  = errors.New("there is no room for so much")
)

// Ingest takes in a file of the hub. The caller has checked that the file is for this client, and
// clears it afterwards. Ingest fails with [ErrTaken], [ErrOlder], [ErrRoom] or a
// [protocol.ErrStorage]; then the file can still be taken in later. Its bytes are not used before
// the hub has acknowledged them, which Ingest does not wait for.
func (a *Association) Ingest(ctx context.Context, p *parcel.Parcel) error {
	t, err := a.join(ctx)
	if err != nil {
		return err
	}
	defer t.leave()
	if err := t.admit(p); err != nil {
		return err
	}
	if err := t.startOver(p); err != nil {
		return err
	}
	if err := t.journal().takeIn(p, a.config.Encryptors); err != nil {
		return err
	}
	if s := a.current(); s != nil {
		if err := t.addParcel(s, p); err != nil {
			return err
		}
	}
	a.config.Logger.Info("file taken in", "hub", a.hub.Name, "number", p.Number)
	a.hear()
	a.Maintain()
	return nil
}

// admit returns an error if a file must not be taken in.
func (t *turn) admit(p *parcel.Parcel) error {
	for _, known := range t.journal().parcels() {
		switch {
		case known.ID == p.ID && known.State == store.ParcelTaken:
			return fmt.Errorf("%w (at %s)", ErrTaken, known.At.UTC().Format(time.RFC3339))
		case known.State == store.ParcelTaken && known.Session != p.Session && !p.Since.After(known.Since):
			return ErrOlder
		}
	}
	stock := map[supply]int{}
	for _, b := range t.journal().inOrder() {
		stock[supply{protocol.PoolOwner(b.Owner), psrd.Purpose(b.Purpose)}] += b.Size - b.Mark
	}
	for _, to := range t.supplies() {
		if size := p.Size(to.owner, to.purpose); stock[to]+size > protocol.MaxPoolSize {
			return fmt.Errorf("%w: a pool has %d bytes, the file %d more, and the limit is %d", ErrRoom, stock[to], size, protocol.MaxPoolSize)
		}
	}
	return nil
}

// startOver gives up all earlier files if the hub has enrolled the client anew since.
func (t *turn) startOver(p *parcel.Parcel) error {
	known := t.journal().parcels()
	if len(known) == 0 || known[len(known)-1].Session == p.Session {
		return nil
	}
	if s := t.current(); s != nil {
		t.forget(s)
	}
	var drops []store.Record
	for _, b := range append(t.journal().inOrder(), t.journal().controls()...) {
		drops = append(drops, &store.Drop{Block: b.ID})
		t.closeControl(b.ID)
	}
	return t.journal().keep(drops...)
}

// addParcel puts the stored blocks of a file into the pools of a session. None of their bytes is
// open yet, and the hub must be told of them.
func (t *turn) addParcel(s *session, p *parcel.Parcel) error {
	for i, b := range p.Blocks {
		if b.IsControl() {
			continue
		}
		block, err := psrd.OpenBlock(b.ID, b.Size, 0, p.Data[i])
		if err != nil {
			return err
		}
		to := supply{b.Owner, b.Purpose}
		s.blocks[b.ID] = &keptBlock{supply: to, size: b.Size}
		if err := s.pool(to).Add(block); err != nil {
			return err
		}
	}
	s.unheard.Store(true)
	return nil
}
