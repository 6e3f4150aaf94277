package hub

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// getBoot tells anybody the boot ID of the hub.
func (h *Hub) getBoot(c echo.Context) error {
	return c.JSON(http.StatusOK, protocol.Boot{Boot: h.journal.boot})
}

// postMarks is like putMarks, where nothing goes out of band: the message is signed, and so is the
// answer if the marks are stored. A refusal is a hint.
func (h *Hub) postMarks(c echo.Context) error {
	r, err := h.read(c, protocol.PathSignedMarks)
	if err != nil {
		return err
	}
	m, err := protocol.ParseMarks(r.Body)
	if err != nil {
		return err
	}
	body, signature, err := h.agreeByHand(c.Request().Context(), c.Request().Header[protocol.SignatureHeader], r, m)
	if err != nil {
		h.warnings.Warn(h.config.Logger, err, "marks refused", "client", m.ClientName)
		return err
	}
	node.SetHeader(c.Response().Header(), protocol.SignatureHeader, signature)
	return node.WriteJSON(c, http.StatusOK, body)
}

// agreeByHand verifies a client's message about marks, stores the marks, and returns the signed
// answer.
//
// It checks that the boot ID is the current one before anything is signed. A message from before an
// old copy of the hub's state was put back names another boot ID, and is never answered a second
// time.
func (h *Hub) agreeByHand(ctx context.Context, headers []string, r protocol.Request, m protocol.Marks) (body []byte, signature string, err error) {
	line, err := h.enterLine(ctx, m.ClientName)
	if err != nil {
		return nil, "", err
	}
	defer line.Leave()
	p, err := h.enter(m.ClientName)
	if err != nil {
		return nil, "", err
	}
	defer p.leave()
	if m.Boot != h.journal.boot {
		return nil, "", node.NewError(protocol.ErrOldSession, "client_name", p.name)
	}
	pair, err := h.verifyMarks(p, headers, r)
	if err != nil {
		return nil, "", err
	}
	defer pair.Discard()
	kept, err := h.keepSignedMarks(p, m, pair)
	if err != nil {
		return nil, "", err
	}
	if body, err = json.Marshal(kept); err != nil {
		return nil, "", err
	}
	signature, err = pair.SignResponse(http.StatusOK, body)
	return body, signature, err
}

// verifyMarks checks the signature of a client's message about marks.
func (h *Hub) verifyMarks(p *peerClient, headers []string, r protocol.Request) (*protocol.Pair, error) {
	id, err := protocol.BlockOf(headers)
	if err != nil {
		return nil, err
	}
	control, err := h.control(p.name, id)
	if err != nil {
		return nil, err
	}
	pair, err := control.VerifyRequest(headers, r)
	var wrong *protocol.WrongTagError
	if errors.As(err, &wrong) {
		h.config.Counters.FailedVerifications.Add(1)
		h.noteForgery(p.name, wrong)
	}
	return pair, err
}

// keepSignedMarks is like keepMarks, and stores in the same sync that the pair is spent and which
// files the client has got. The caller holds the line of the client.
func (h *Hub) keepSignedMarks(p *peerClient, m protocol.Marks, pair *protocol.Pair) (protocol.MarksKept, error) {
	block, end := pair.End()
	records := []store.Record{&store.Mark{Block: block, Mark: end}}
	taken, err := h.takeParcels(p, m, block)
	if err != nil {
		return protocol.MarksKept{}, err
	}
	for i := range taken {
		records = append(records, &taken[i])
	}
	records = append(records, h.journal.dropControls(p.name, block)...)
	kept, err := h.keepMarks(p, m, records...)
	if err == nil {
		h.closeControls(p.name, block)
	}
	return kept, err
}

// takeParcels returns the files that are no longer out, because the client names one of their
// blocks or signs with one. It readies their blocks for the pools, with nothing spent yet, unless a
// session is to begin, which reads all blocks anew.
func (h *Hub) takeParcels(p *peerClient, m protocol.Marks, control uuid.UUID) ([]store.Parcel, error) {
	out := outOf(h.journal.parcels(p.name))
	got := map[uuid.UUID]store.Parcel{}
	note := func(block uuid.UUID) {
		if file := out[block]; file != nil {
			file.State = store.ParcelTaken
			got[file.ID] = *file
		}
	}
	note(control)
	for _, b := range m.Blocks {
		note(b.UUID)
		if out[b.UUID] == nil || m.Resume {
			continue
		}
		if err := h.readyBlock(p, b.UUID); err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Values(got)), nil
}

// readyBlock adds a stored block of a file to the blocks that are on their way to the client,
// unless it is there already.
func (h *Hub) readyBlock(p *peerClient, id uuid.UUID) error {
	if p.isFresh(id) {
		return nil
	}
	b, tail, err := h.journal.store.ReadBlock(id)
	if err != nil || b.Purpose == string(psrd.ForMarks) {
		clear(tail)
		return node.Unkept(err)
	}
	asked := protocol.GetBlock{ClientName: p.name, Owner: protocol.PoolOwner(b.Owner), Purpose: psrd.Purpose(b.Purpose), Size: b.Size}
	return p.addFresh(id, asked, tail)
}

// control returns the hub's end of the control messages that a block of a client signs. The caller
// holds the line of the client.
func (h *Hub) control(client string, block uuid.UUID) (*protocol.Control, error) {
	key := controlKey{client, block}
	h.mu.Lock()
	known := h.controls[key]
	h.mu.Unlock()
	if known != nil {
		return known, nil
	}
	c, err := h.journal.control(client, block, h.config.Suite)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.controls[key] = c
	return c, nil
}

// controlKey identifies a control block of a client.
type controlKey struct {
	client string
	block  uuid.UUID
}

// closeControls forgets the control blocks of a client, except for one. The caller holds the line
// of the client.
func (h *Hub) closeControls(client string, except uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, c := range h.controls {
		if key.client == client && key.block != except {
			c.Close()
			delete(h.controls, key)
		}
	}
}
