package hub

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/parcel"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// Files says that PSRD comes in files, which somebody carries to the clients, and that the hub does
// nothing out of band.
type Files struct {
	Out       int      // how many files of a client may be out (made, not acknowledged); 0: PSRD is fetched out of band
	Threshold int      // of the network
	Hubs      []string // names of all hubs of the network, indexed by hub number
}

// byHand reports whether PSRD comes in files.
func (h *Hub) byHand() bool { return h.config.Files.Out > 0 }

func (f Files) validate(c *Config) error {
	switch {
	case f.Out < 0:
		return errors.New("a negative number of files")
	case f.Out > 0 && (c.Store == nil || !c.Suite.Rules().Sessions):
		return errors.New("PSRD comes in files only where it outlives a crash: with a store, in a suite that has sessions")
	case f.Out > 0 && (c.Number >= len(f.Hubs) || f.Hubs[c.Number] != c.Name):
		return errors.New("files name all hubs of the network, and this hub is not at its place")
	}
	return nil
}

// Issued is a file that a hub has made and not written yet. It counts as handed out: whatever
// becomes of it, its bytes are in no other file.
type Issued struct {
	*parcel.Parcel
	recipient, token string
}

// Seal writes the file, sealed for its client, and clears it. It can be called once.
func (i Issued) Seal(to io.Writer) error {
	defer i.Clear()
	return parcel.Seal(to, i.recipient, i.token, i.Parcel)
}

// Issue makes a file with size bytes for each pool of the association with a client. It stores the
// blocks, and that they are handed out. The first file registers the client. Issue fails with a
// [protocol.ErrNotEnrolled], [protocol.ErrNoRecipient], [protocol.ErrTooManyOut] or
// [protocol.ErrStorage], or with [protocol.ErrTooLarge] if the size is out of range or does not fit
// into a pool.
func (h *Hub) Issue(ctx context.Context, client string, size int) (Issued, error) {
	if size < parcel.MinSize || size > parcel.MaxSize {
		return Issued{}, node.NewError(protocol.ErrTooLarge, "size", size, "least", parcel.MinSize, "limit", parcel.MaxSize)
	}
	e := h.config.Directory.Client(client)
	switch {
	case e == nil || !e.Uses(h.config.Name):
		return Issued{}, node.NewError(protocol.ErrNotEnrolled, "client_name", client)
	case e.Recipient() == "":
		return Issued{}, node.NewError(protocol.ErrNoRecipient, "client_name", client)
	}
	line, err := h.enterLine(ctx, client)
	if err != nil {
		return Issued{}, err
	}
	defer line.Leave()
	p, err := h.registerByHand(e)
	if err == nil {
		err = h.journal.revokeLost(client)
	}
	if err != nil {
		return Issued{}, err
	}
	made, err := h.makeParcel(p, size)
	if err != nil {
		return Issued{}, err
	}
	h.config.Logger.Info("file issued", "client", client, "number", made.Number, "bytes_per_pool", size)
	return Issued{made, e.Recipient(), e.Token()}, nil
}

// registerByHand returns the client, and registers it first if it is not registered or was
// registered with other encryptors. The caller holds the line of the client.
func (h *Hub) registerByHand(e *node.Enrolled) (*peerClient, error) {
	h.mu.Lock()
	p := h.clients[e.Name()]
	h.mu.Unlock()
	if p != nil && p.registered && slices.Equal(p.encryptors, e.Encryptors()) {
		return p, nil
	}
	h.closeControls(e.Name(), uuid.Nil)
	var drops []store.Record
	for _, b := range h.journal.blocksOf(controlOf(e.Name())) {
		drops = append(drops, &store.Drop{Block: b.ID})
	}
	if err := h.journal.keep(drops...); err != nil {
		return nil, err
	}
	return h.welcome(protocol.Registration{ClientName: e.Name(), EncryptorNames: e.Encryptors()}, "")
}

// makeParcel draws the blocks of a file and stores them. The caller holds the line of the client.
func (h *Hub) makeParcel(p *peerClient, size int) (_ *parcel.Parcel, err error) {
	made := &parcel.Parcel{Head: h.newHead(p)}
	made.Blocks = parcel.Plan(h.config.Suite, size)
	if err := h.checkParcel(p, made.Head); err != nil {
		return nil, err
	}
	kept := store.Parcel{ID: made.ID, Peer: p.name, Number: made.Number, Session: made.Session, Since: made.Since, At: made.Issued, State: store.ParcelOut}
	defer func() {
		if err != nil {
			made.Clear()
			_ = h.journal.keep(dropsOf(kept.Blocks)...) // or the next start does it
		}
	}()
	for i := range made.Blocks {
		b := &made.Blocks[i]
		data, err := h.drawBlock(p, b)
		if err != nil {
			return nil, err
		}
		made.Data = append(made.Data, data)
		kept.Blocks = append(kept.Blocks, b.ID)
		if err := h.journal.addParcelBlock(p.name, *b, data); err != nil {
			return nil, err
		}
	}
	return made, h.journal.keep(&kept)
}

// newHead returns the head of the next file for a client.
func (h *Hub) newHead(p *peerClient) parcel.Head {
	now := time.Now().UTC()
	head := parcel.Head{ID: uuid.New(), Number: 1, Session: uuid.New(), Since: now, Issued: now,
		Hub: h.config.Name, Client: p.name, Encryptors: p.encryptors,
		Suite: h.config.Suite.Name(), Version: h.config.Suite.Version(), Threshold: h.config.Files.Threshold, Hubs: h.config.Files.Hubs}
	before := h.journal.parcels(p.name)
	if len(before) == 0 {
		return head
	}
	last := before[len(before)-1]
	head.Number = last.Number + 1
	if h.journal.hasBlocks(p.name) {
		head.Session, head.Since = last.Session, last.Since
	} else if !now.After(last.Since) { // even if the clock went back, this file is later
		head.Since = last.Since.Add(time.Nanosecond)
	}
	return head
}

// drawBlock draws the UUID and the bytes of a block.
func (h *Hub) drawBlock(p *peerClient, b *parcel.Block) ([]byte, error) {
	random := h.config.Random.For("psrd", p.name, string(b.Owner), string(b.Purpose))
	var err error
	if b.ID, err = uuid.NewRandomFromReader(random); err != nil {
		return nil, err
	}
	data := make([]byte, b.Size)
	_, err = io.ReadFull(random, data)
	return data, err
}

// checkParcel returns an error if there is no room for a file.
func (h *Hub) checkParcel(p *peerClient, head parcel.Head) error {
	held := map[protocol.GetBlock]psrd.Total{}
	out := 0
	for _, kept := range h.journal.parcels(p.name) {
		if kept.State == store.ParcelOut {
			out++
		}
	}
	if out >= h.config.Files.Out {
		return node.NewError(protocol.ErrTooManyOut, "client_name", p.name, "files", out, "limit", h.config.Files.Out)
	}
	for _, b := range h.journal.blocksOf(p.name) {
		pool := protocol.GetBlock{Owner: protocol.PoolOwner(b.Owner), Purpose: psrd.Purpose(b.Purpose)}
		held[pool] = held[pool].With(b.Size, b.Size-b.Mark)
	}
	for _, b := range head.Blocks {
		pool := protocol.GetBlock{Owner: b.Owner, Purpose: b.Purpose}
		if err := checkPool(held[pool], b.Size); err != nil {
			return err
		}
		held[pool] = held[pool].With(b.Size, b.Size)
	}
	return nil
}

// Revoke gives up a file that is out. Its bytes can no longer be used, whoever has it.
func (h *Hub) Revoke(ctx context.Context, client string, number int64) error {
	line, err := h.enterLine(ctx, client)
	if err != nil {
		return err
	}
	defer line.Leave()
	for _, kept := range h.journal.parcels(client) {
		if kept.Number == number && kept.State == store.ParcelOut {
			records := dropsOf(kept.Blocks)
			kept.State, kept.Blocks = store.ParcelRevoked, nil
			return h.journal.keep(append(records, &kept)...)
		}
	}
	return node.NewError(protocol.ErrUnknownParcel, "client_name", client, "number", number)
}

// ParcelStatus describes a file.
type ParcelStatus struct {
	ClientName string            `json:"client_name"`
	Number     int64             `json:"number"`
	Issued     time.Time         `json:"issued"`
	State      store.ParcelState `json:"state"` // out, taken or revoked
}

// Parcels describes the files of all clients, by client and number.
func (h *Hub) Parcels() []ParcelStatus {
	list := []ParcelStatus{}
	for _, e := range h.config.Directory.Clients() {
		for _, kept := range h.journal.parcels(e.Name()) {
			list = append(list, ParcelStatus{kept.Peer, kept.Number, kept.At.UTC(), kept.State})
		}
	}
	return list
}
