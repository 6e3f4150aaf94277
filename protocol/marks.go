package protocol

import (
	"fmt"

	"github.com/google/uuid"
)

const (
	// MaxBlocks is how many blocks one client can have at one hub: those of four pools.
	MaxBlocks = 4 * (MaxPoolSize / DefaultBlockSize)

	// MaxDelivered is how many keys one [Marks] can say the delivery of.
	MaxDelivered = 4096
)

// Marks is what a client tells a hub of the blocks that both keep: PUT [PathMarks] or, where PSRD
// comes in files, POST [PathSignedMarks], which a [Control] signs. No byte is used that is not
// below a mark which both have kept. It is also how a client begins a session, and how it confirms
// that keys were delivered.
type Marks struct {
	ClientName string          `json:"client_name"`
	Boot       uuid.UUID       `json:"boot"`    // of the hub
	Session    uuid.UUID       `json:"session"` // drawn by the client for each resume
	Serial     int64           `json:"serial"`  // rises in a session
	Resume     bool            `json:"resume"`  // begins the session
	Blocks     []BlockMark     `json:"blocks"`  // all that the client has of this hub
	Delivered  []DeliveredKeys `json:"delivered,omitempty"`
}

// BlockMark is the mark of a block: what is below is spent when a session begins.
type BlockMark struct {
	UUID uuid.UUID `json:"block_uuid"`
	Mark int       `json:"mark"` // bytes from the start
}

// DeliveredKeys is keys that were handed over to a slave, so that no share of them is needed.
type DeliveredKeys struct {
	MasterSAE string      `json:"master_sae_id"`
	SlaveSAE  string      `json:"slave_sae_id"`
	KeyIDs    []uuid.UUID `json:"key_ids"`
}

// MarksKept is the hub's answer to [Marks]: the blocks that both ends have.
type MarksKept struct {
	Blocks []BlockMark `json:"blocks"`
}

// Boot is what a hub says of itself to whoever asks: GET [PathBoot]. It is a hint: a client that
// believes a wrong one spends a pair of slots on a question that the hub does not answer.
type Boot struct {
	Boot uuid.UUID `json:"boot"` // see [Registered]
}

// ParseMarks reads the body of a [Marks]; what is wrong with it is an [ErrMalformed].
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

// checkMarks returns an [ErrMalformed] unless the blocks are different and the marks can be some.
func checkMarks(blocks []BlockMark) error {
	seen := make(map[uuid.UUID]bool, len(blocks))
	for _, b := range blocks {
		if b.UUID == uuid.Nil || seen[b.UUID] || b.Mark < 0 || b.Mark > MaxBlockSize {
			return fmt.Errorf("%w: block %v is there twice, or its mark %d is not in 0..%d", ErrMalformed, b.UUID, b.Mark, MaxBlockSize)
		}
		seen[b.UUID] = true
	}
	return nil
}
