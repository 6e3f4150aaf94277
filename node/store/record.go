package store

import (
	"time"

	"github.com/google/uuid"
)

// Record is a change of the [State]. The records are the types in this file.
type Record interface {
	// kind is the byte that the record starts with on disk.
	kind() byte

	// members lists the members of the record, in the order in which they are written.
	members(*codec)

	// apply changes the state. It cannot fail: a record that does not fit changes nothing.
	apply(*State)
}

// Registration is what a hub knows about a client, or a network about the token that it gave one.
// It replaces what was known about that client.
type Registration struct {
	Client     string
	Token      Secret // or a value derived from it
	Encryptors []string
	Registered bool // false: only known
}

// Block is a block of PSRD. It is added by [Store.AddBlock], with its bytes.
type Block struct {
	ID      uuid.UUID
	Peer    string // the node that has it, too
	Owner   string // the side that chooses bytes from it
	Purpose string
	Size    int // bytes
	Mark    int // bytes from the start that are spent when a session begins; never decreases
	Acked   int // the highest mark that the peer has confirmed; never decreases

	order int64 // order in which blocks were added
}

// Mark raises the marks of a block. They never decrease, and never exceed its size.
type Mark struct {
	Block uuid.UUID
	Mark  int // bytes from the start
	Acked int // bytes from the start
}

// Drop says that a block is used up or given up. Its file is zeroed and removed.
type Drop struct{ Block uuid.UUID }

// ShareID identifies a share of a hub.
type ShareID struct {
	MasterClient string
	KeyID        uuid.UUID
}

// Share is a share that a hub keeps until the clients of all its slaves have confirmed it.
type Share struct {
	ShareID
	Slaves  []string // SAEs that have not confirmed
	Expires time.Time
	Value   Secret // the hub's encoding of the share
}

// Confirmed says that a slave has its key, so that the share need not be kept for it. A share that
// is kept for no slave is forgotten.
type Confirmed struct {
	ShareID
	Slave string // SAE
}

// Forgotten says that a share is no longer kept for any slave.
type Forgotten struct{ ShareID }

// DeliveryID identifies a key that a client has handed over.
type DeliveryID struct {
	MasterSAE, SlaveSAE string
	KeyID               uuid.UUID
}

// Delivered says that a client hands keys over to an SAE, which it does only once.
type Delivered struct {
	MasterSAE, SlaveSAE string
	KeyIDs              []uuid.UUID
	At                  time.Time
}

// DeliveryOver says that no hub can have shares of delivered keys any more, so that the client need
// not remember the delivery.
type DeliveryOver struct {
	MasterSAE, SlaveSAE string
	KeyIDs              []uuid.UUID
}

// Counter is the value of a counter at some time.
type Counter struct {
	Name  string
	Value int64
}

// Drawn says how much was taken of something that can be used once: how often a seeded stream was
// drawn from, or how many bytes of the courier's deliveries. It never decreases.
type Drawn struct {
	Stream string
	Times  int64
}

// Parcel is a file with blocks of PSRD that a hub has made, or a client has got. It replaces what
// was known about that file.
type Parcel struct {
	ID      uuid.UUID
	Peer    string // the client that it is for, or the hub that it is from
	Number  int64  // number of the file, counted per peer
	Session uuid.UUID
	Since   time.Time // when the session began
	At      time.Time // when the file was made, or got
	State   ParcelState
	Blocks  []uuid.UUID
}

// ParcelState is the state of a file.
type ParcelState string

// The states of files.
const (
	ParcelComing  ParcelState = "coming" // the client is about to store its blocks, and uses none of them
	ParcelOut     ParcelState = "out"    // the hub has made it, and the client has not acknowledged it
	ParcelTaken   ParcelState = "taken"  // the client has it
	ParcelRevoked ParcelState = "revoked"
)

// newRecord returns an empty record of a kind, or nil if there is none.
func newRecord(kind byte) Record {
	for _, r := range []Record{new(Registration), new(Block), new(Mark), new(Drop), new(Share), new(Confirmed),
		new(Forgotten), new(Delivered), new(DeliveryOver), new(Counter), new(Drawn), new(Parcel)} {
		if r.kind() == kind {
			return r
		}
	}
	return nil
}

func (*Registration) kind() byte { return 1 }
func (*Block) kind() byte        { return 2 }
func (*Mark) kind() byte         { return 3 }
func (*Drop) kind() byte         { return 4 }
func (*Share) kind() byte        { return 5 }
func (*Confirmed) kind() byte    { return 6 }
func (*Forgotten) kind() byte    { return 7 }
func (*Delivered) kind() byte    { return 8 }
func (*DeliveryOver) kind() byte { return 9 }
func (*Counter) kind() byte      { return 10 }
func (*Drawn) kind() byte        { return 11 }
func (*Parcel) kind() byte       { return 12 }

func (r *Registration) members(c *codec) {
	c.text(&r.Client)
	c.secret(&r.Token)
	list(c, &r.Encryptors, (*codec).text)
	c.bool(&r.Registered)
}

func (r *Block) members(c *codec) {
	c.id(&r.ID)
	c.text(&r.Peer)
	c.text(&r.Owner)
	c.text(&r.Purpose)
	c.int(&r.Size)
	c.int(&r.Mark)
	c.int(&r.Acked)
}

func (r *Mark) members(c *codec) {
	c.id(&r.Block)
	c.int(&r.Mark)
	c.int(&r.Acked)
}

func (r *Drop) members(c *codec) { c.id(&r.Block) }

func (r *ShareID) members(c *codec) {
	c.text(&r.MasterClient)
	c.id(&r.KeyID)
}

func (r *Share) members(c *codec) {
	r.ShareID.members(c)
	list(c, &r.Slaves, (*codec).text)
	c.time(&r.Expires)
	c.secret(&r.Value)
}

func (r *Confirmed) members(c *codec) {
	r.ShareID.members(c)
	c.text(&r.Slave)
}

func (r *Delivered) members(c *codec) {
	c.text(&r.MasterSAE)
	c.text(&r.SlaveSAE)
	list(c, &r.KeyIDs, (*codec).id)
	c.time(&r.At)
}

func (r *DeliveryOver) members(c *codec) {
	c.text(&r.MasterSAE)
	c.text(&r.SlaveSAE)
	list(c, &r.KeyIDs, (*codec).id)
}

func (r *Counter) members(c *codec) {
	c.text(&r.Name)
	c.number(&r.Value)
}

func (r *Drawn) members(c *codec) {
	c.text(&r.Stream)
	c.number(&r.Times)
}

func (r *Parcel) members(c *codec) {
	c.id(&r.ID)
	c.text(&r.Peer)
	c.number(&r.Number)
	c.id(&r.Session)
	c.time(&r.Since)
	c.time(&r.At)
	c.text((*string)(&r.State))
	list(c, &r.Blocks, (*codec).id)
}
