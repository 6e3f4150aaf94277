package parcel

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// The limits of a file.
const (
	// MinSize and MaxSize limit the bytes of a file for each pool.
	MinSize = 1 << 10
	MaxSize = 16 << 20

	// MaxSealed is an upper bound on the size of a sealed file, in bytes.
	MaxSealed = 5*MaxSize + maxHead + 1<<20

	maxHead = 4 << 20 // bytes, for a client with the maximum number of encryptors

	// controlShare is the ratio of the bytes for a pool to those for messages about marks. That is
	// enough for one message whenever 4 KiB are used, and one a minute while keys are fetched.
	controlShare = 4
	minControl   = 64 * protocol.PairSize
)

// The reasons why a file is not taken.
var (
	ErrNoParcel     = errors.New("this is not a file with PSRD")
	ErrAltered      = errors.New("the file is damaged, or was altered or cut")
	ErrNotRecipient = errors.New("the file is sealed for another client, or for this one in another network or data directory")
	ErrNotOurs      = errors.New("the file was not made in this network: its maker does not know the client's token")
)

// Parcel is the content of a file.
type Parcel struct {
	Head
	Data [][]byte // the bytes of the blocks, in the order of the head; secret
}

// Head is the content of a file without its secrets.
type Head struct {
	ID      uuid.UUID `json:"id"`
	Number  int64     `json:"number"`  // number of the file, counted per hub and client
	Session uuid.UUID `json:"session"` // drawn when the hub enrolled the client for files
	Since   time.Time `json:"since"`   // time of that enrolment
	Issued  time.Time `json:"issued"`

	Hub        string   `json:"hub_name"`
	Client     string   `json:"client_name"`
	Encryptors []string `json:"encryptor_names"`
	Suite      string   `json:"suite"`
	Version    int      `json:"version"`   // of the suite
	Threshold  int      `json:"threshold"` // of the network
	Hubs       []string `json:"hubs"`      // all hubs of the network, indexed by number

	Blocks []Block `json:"blocks"`
}

// Block describes a block in a file.
type Block struct {
	ID      uuid.UUID          `json:"block_uuid"`
	Owner   protocol.PoolOwner `json:"pool_owner"`
	Purpose psrd.Purpose       `json:"purpose"`
	Size    int                `json:"size"` // bytes
}

// IsControl reports whether the block is for messages about marks.
func (b Block) IsControl() bool { return b.Purpose == psrd.ForMarks }

// Plan returns the blocks, without UUIDs, of a file with size bytes for each pool of an
// association. Blocks consist of whole slots, so they may be a few bytes larger.
func Plan(suite protocol.Suite, size int) []Block {
	var blocks []Block
	for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
		for _, purpose := range protocol.PurposesOf(suite) {
			for left := roundUp(size, psrd.SlotSize); left > 0; left -= protocol.MaxBlockSize {
				blocks = append(blocks, Block{Owner: owner, Purpose: purpose, Size: min(left, protocol.MaxBlockSize)})
			}
		}
	}
	control := max(minControl, roundUp(size/controlShare, protocol.PairSize))
	return append(blocks, Block{Owner: protocol.OwnerClient, Purpose: psrd.ForMarks, Size: control})
}

func roundUp(size, to int) int { return (size + to - 1) / to * to }

// Size returns the number of bytes that the file has for a pool or, with purpose [psrd.ForMarks],
// for messages about marks.
func (h *Head) Size(owner protocol.PoolOwner, purpose psrd.Purpose) int {
	sum := 0
	for _, b := range h.Blocks {
		if b.Owner == owner && b.Purpose == purpose {
			sum += b.Size
		}
	}
	return sum
}

// Clear zeroes the secrets.
func (p *Parcel) Clear() {
	for _, data := range p.Data {
		clear(data)
	}
}

// Format implements [fmt.Formatter]; it shows no secret.
func (p *Parcel) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "file %d of hub %s for client %s", p.Number, p.Hub, p.Client)
}

// check returns an [ErrNoParcel] with the reason if the head is not valid.
func (h *Head) check() error {
	switch {
	case h.ID == uuid.Nil || h.Session == uuid.Nil || h.Number < 1 || h.Since.IsZero():
		return fmt.Errorf("%w: its number or its UUID is missing", ErrNoParcel)
	case protocol.CheckName(h.Hub) != nil || protocol.CheckName(h.Client) != nil || !slices.Contains(h.Hubs, h.Hub):
		return fmt.Errorf("%w: its hub or its client is missing", ErrNoParcel)
	}
	seen := map[uuid.UUID]bool{uuid.Nil: true}
	controls := 0
	for _, b := range h.Blocks {
		if seen[b.ID] || !b.isSound() {
			return fmt.Errorf("%w: block %v", ErrNoParcel, b.ID)
		}
		seen[b.ID] = true
		if b.IsControl() {
			controls++
		}
		if h.Size(b.Owner, b.Purpose) > MaxSize {
			return fmt.Errorf("%w: over %d bytes for a pool", ErrNoParcel, MaxSize)
		}
	}
	if controls != 1 || len(h.Blocks) < 2 {
		return fmt.Errorf("%w: %d blocks, %d of them for marks", ErrNoParcel, len(h.Blocks), controls)
	}
	return nil
}

// isSound reports whether a block is valid in a file.
func (b Block) isSound() bool {
	if b.Size < 1 || b.Size > protocol.MaxBlockSize || b.Owner != protocol.OwnerClient && b.Owner != protocol.OwnerHub {
		return false
	}
	switch b.Purpose {
	case psrd.ForPads:
		return true
	case psrd.ForKeys:
		return b.Size%psrd.SlotSize == 0
	case psrd.ForMarks:
		return b.Size%protocol.PairSize == 0 && b.Owner == protocol.OwnerClient
	default:
		return false
	}
}
