package hub

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"dske/node"
	"dske/node/store"
	"dske/protocol"
	"dske/psrd"
)

// journal is what a hub keeps over a crash. It is the only place that uses the store of the hub.
// Without a store it keeps nothing, and its methods do not fail.
type journal struct {
	store *store.Store
	alarm *node.Alarm // fires when a secret must be erased from disk
	boot  uuid.UUID   // drawn at each start; zero without sessions
}

func newJournal(c Config, alarm *node.Alarm) (j journal, err error) {
	j.store, j.alarm = c.Store, alarm
	if c.Store != nil && c.Suite.Rules().Sessions {
		j.boot, err = uuid.NewRandomFromReader(c.Random.For("boot"))
	}
	return j, err
}

// keeps reports whether there is a store.
func (j journal) keeps() bool { return j.store != nil }

// hasSessions reports whether only bytes below marks are used, and shares are kept until their
// delivery is confirmed.
func (j journal) hasSessions() bool { return j.boot != uuid.Nil }

// ready returns a [protocol.ErrStorage] with the reason if records cannot be stored. Call it before
// spending anything that a record must follow.
func (j journal) ready() error {
	if !j.keeps() {
		return nil
	}
	return node.Unkept(j.store.Ready())
}

// keep returns when the records are on disk, or fails with a [protocol.ErrStorage].
func (j journal) keep(records ...store.Record) error {
	if !j.keeps() || len(records) == 0 {
		return nil
	}
	err := j.store.Commit(records...)
	j.alarm.By(j.store.Due())
	return node.Unkept(err)
}

// register stores that a client has registered or unregistered, and drops its blocks.
func (j journal) register(r protocol.Registration, token string, registered bool) error {
	if !j.keeps() {
		return nil
	}
	records := []store.Record{&store.Registration{Client: r.ClientName, Token: store.NewSecret([]byte(token)),
		Encryptors: slices.Clone(r.EncryptorNames), Registered: registered}}
	for _, b := range j.blocksOf(r.ClientName) {
		records = append(records, &store.Drop{Block: b.ID})
	}
	return j.keep(records...)
}

// registrations returns all clients that have ever registered.
func (j journal) registrations() (all []store.Registration) {
	if j.keeps() {
		j.store.View(func(s *store.State) {
			for _, r := range s.Registrations {
				r.Token = r.Token.Clone()
				all = append(all, r)
			}
		})
	}
	return all
}

// blocksOf returns the blocks of a client, in the order in which they were made.
func (j journal) blocksOf(client string) (blocks []store.Block) {
	if j.keeps() {
		j.store.View(func(s *store.State) { blocks = s.BlocksWith(client) })
	}
	return blocks
}

// addBlock stores a new block, of which nothing may be used yet.
func (j journal) addBlock(q protocol.GetBlock, id uuid.UUID, data []byte) error {
	b := store.Block{ID: id, Peer: q.ClientName, Owner: string(q.Owner), Purpose: string(q.Purpose), Size: len(data)}
	return node.Unkept(j.store.AddBlock(b, data))
}

// openBlock returns what is left of a block above its mark, nothing of which is open.
func (j journal) openBlock(id uuid.UUID) (*psrd.Block, error) {
	b, err := j.store.OpenBlock(id)
	return b, node.Unkept(err)
}

// header is what a hub stores of a share besides its value.
type header struct {
	Index     int
	Terms     protocol.Terms
	MasterSAE string
	Slaves    []string // all of them, in order
	Owners    []string // the clients that served them
}

// addShares stores the shares of keys.
func (j journal) addShares(shares []keyShare) error {
	if !j.keeps() {
		return nil
	}
	records := make([]store.Record, 0, len(shares))
	for _, sh := range shares {
		record, err := sh.record(sh.key)
		if err != nil {
			return err
		}
		records = append(records, record)
	}
	return j.keep(records...)
}

// record returns the stored form of the share: the size of its header, the header in JSON, and the
// value.
func (s *share) record(key uuid.UUID) (*store.Share, error) {
	head, err := json.Marshal(header{s.Index, s.Terms, s.masterSAE, s.slaveSAEs, s.slaveOwners})
	if err != nil {
		return nil, err
	}
	value := make([]byte, 0, 4+len(head)+s.Value.Size())
	value = append(binary.BigEndian.AppendUint32(value, uint32(len(head))), head...)
	value = append(value, s.Value.Reveal()...)
	return &store.Share{ShareID: s.id(key), Slaves: slices.Clone(s.slaveSAEs), Expires: s.expires, Value: store.NewSecret(value)}, nil
}

func (s *share) id(key uuid.UUID) store.ShareID {
	return store.ShareID{MasterClient: s.client, KeyID: key}
}

// shareOf parses what record has written. The result has its own copy.
func shareOf(r store.Share) (*share, error) {
	kept := r.Value.Reveal()
	if len(kept) < 4 || uint64(binary.BigEndian.Uint32(kept)) > uint64(len(kept)-4) {
		return nil, fmt.Errorf("share of key %v cannot be read", r.KeyID)
	}
	end := 4 + int(binary.BigEndian.Uint32(kept))
	var h header
	if err := json.Unmarshal(kept[4:end], &h); err != nil {
		return nil, fmt.Errorf("share of key %v cannot be read: %w", r.KeyID, err)
	}
	s := &share{client: r.MasterClient, masterSAE: h.MasterSAE, slaveSAEs: h.Slaves, slaveOwners: h.Owners, expires: r.Expires}
	s.Share = protocol.Share{Index: h.Index, Terms: h.Terms, Value: protocol.NewSecret(bytes.Clone(kept[end:]))}
	for _, slave := range h.Slaves {
		if !slices.Contains(r.Slaves, slave) {
			s.delivered = append(s.delivered, slave)
		}
	}
	return s, nil
}

// shares returns all stored shares, by key ID.
func (j journal) shares() (all map[uuid.UUID][]*share, err error) {
	all = map[uuid.UUID][]*share{}
	if !j.keeps() {
		return all, nil
	}
	j.store.View(func(s *store.State) {
		for id, kept := range s.Shares {
			sh, e := shareOf(kept)
			if e != nil {
				err = e
				return
			}
			all[id.KeyID] = append(all[id.KeyID], sh)
		}
	})
	return all, err
}

// keepSent stores that a slave is given shares. With sessions it stores nothing, since a hub keeps
// the shares until the client of the slave confirms; without sessions, shares are given at most
// once.
func (j journal) keepSent(shares found, slave string) error {
	if !j.keeps() || j.hasSessions() {
		return nil
	}
	records := make([]store.Record, len(shares))
	for i, sh := range shares {
		records[i] = &store.Confirmed{ShareID: sh.id(sh.key), Slave: slave}
	}
	return j.keep(records...)
}

// due returns when a secret must be erased from disk; zero if there is none.
func (j journal) due() (t time.Time) {
	if j.keeps() {
		t = j.store.Due()
	}
	return t
}

// tidy erases what is due from disk.
func (j journal) tidy() error {
	if !j.keeps() || j.store.Due().IsZero() || time.Until(j.store.Due()) > 0 {
		return nil
	}
	return node.Unkept(j.store.Commit())
}

// checkSession returns an error if bytes of an association must not be used.
func (j journal) checkSession(p *peerClient) error {
	if j.hasSessions() && p.session == uuid.Nil {
		return node.NewError(protocol.ErrNoSession, "client_name", p.name)
	}
	return nil
}
