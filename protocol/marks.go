package protocol

import (
	"fmt"

	"github.com/google/uuid"
)

const (
	// MaxBlocks is the maximum number of blocks of one client at one hub: those of four pools.
	MaxBlocks = 4 * (MaxPoolSize / DefaultBlockSize)

	// MaxDelivered is the maximum number of keys whose delivery one [Marks] can confirm.
	MaxDelivered = 4096
)

// Marks is a client's message to a hub about the blocks that both store: PUT [PathMarks] or, where
// PSRD comes in files, POST [PathSignedMarks], which a [Control] signs. Only bytes below a mark
// that both ends have stored are used. The message also begins a session, and confirms that keys
// were delivered.
type Marks struct {
	ClientName string          `json:"client_name"`
	Boot       uuid.UUID       `json:"boot"`    // of the hub
	Session    uuid.UUID       `json:"session"` // drawn by the client for each resume
	Serial     int64           `json:"serial"`  // rises in a session
	Resume     bool            `json:"resume"`  // begins the session
	Blocks     []BlockMark     `json:"blocks"`  // all blocks that the client has of this hub
	Delivered  []DeliveredKeys `json:"delivered,omitempty"`
}

// BlockMark is the mark of a block: bytes below it are spent when a session begins.
type BlockMark struct {
	UUID uuid.UUID `json:"block_uuid"`
	Mark int       `json:"mark"` // bytes from the start
}

// DeliveredKeys are keys that were handed over to a slave, so that their shares are no longer
// needed.
type DeliveredKeys struct {
	MasterSAE string      `json:"master_sae_id"`
	SlaveSAE  string      `json:"slave_sae_id"`
	KeyIDs    []uuid.UUID `json:"key_ids"`
}

// MarksKept is the hub's answer to [Marks]: the blocks that both ends have.
type MarksKept struct {
	Blocks []BlockMark `json:"blocks"`
}

// Boot is the answer of a hub to GET [PathBoot], which anybody may send. It is a hint: a client
// that believes a wrong boot ID spends a pair of slots on a request that the hub does not answer.
type Boot struct {
	Boot uuid.UUID `json:"boot"` // see [Registered]
}

// ParseMarks reads the body of a [Marks]; its errors are [ErrMalformed].
func ParseMarks(body []byte) (Marks, error) {
	var m Marks
	if err := Unmarshal(body, &m); err != nil {
		return Marks{}, err
	}
	switch {
	case m.ClientName == "" || m.Boot == uuid.Nil || m.Session == uuid.Nil || m.Serial <= 0:
		return Marks{}, fmt.Errorf("%w: the client's name, boot, session or serial is missing", ErrMalformed)
	case len(m.Blocks) > MaxBlocks:
		return Marks{}, fmt.Errorf("%w: more than %d blocks", ErrMalformed, MaxBlocks)
	}
	if err := checkMarks(m.Blocks); err != nil {
		return Marks{}, err
	}
	keys := 0
	for _, d := range m.Delivered {
		if err := checkSAEs(d.MasterSAE, d.SlaveSAE); err != nil {
			return Marks{}, err
		}
		keys += len(d.KeyIDs)
	}
	if keys > MaxDelivered {
		return Marks{}, fmt.Errorf("%w: %d delivered keys, the limit is %d", ErrMalformed, keys, MaxDelivered)
	}
	return m, nil
}

// checkMarks returns an [ErrMalformed] unless the blocks are distinct and the marks are in range.
func checkMarks(blocks []BlockMark) error {
	seen := make(map[uuid.UUID]bool, len(blocks))
	for _, b := range blocks {
		if b.UUID == uuid.Nil || seen[b.UUID] || b.Mark < 0 || b.Mark > MaxBlockSize {
			return fmt.Errorf("%w: block %v is repeated, or its mark %d is not in 0..%d", ErrMalformed, b.UUID, b.Mark, MaxBlockSize)
		}
		seen[b.UUID] = true
	}
	return nil
}
