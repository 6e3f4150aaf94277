package etsi

import (
	"context"

	"github.com/google/uuid"
)

// KME is what the server side needs from a key management entity. The calling SAE is always one of
// its encryptors, and never the SAE at the other end.
//
// A method that fails returns an [*Error], possibly wrapped, for whatever the caller should know.
// An error that wraps [context.DeadlineExceeded] is answered with 504, [context.Canceled] with 503,
// and any other error with a plain 500; its text is logged instead of sent. No error contains key
// material.
//
// Keys belong to the caller, which clears them when they have been sent.
type KME interface {
	// Encryptors returns the IDs of the SAEs that this KME serves. The slice remains the KME's own.
	Encryptors() []string

	// Status returns the status of keys between master, the caller, and slave. It fills in the two
	// KME IDs and StoredKeyCount; the server side sets the other members.
	Status(ctx context.Context, master, slave string) (Status, error)

	// GetKey makes new keys for master, the caller, to share with slave and the additional slaves
	// of the request. The defaults of the request have been applied and its limits checked: master,
	// slave and the additional slaves are all different.
	GetKey(ctx context.Context, master, slave string, request KeyRequest) ([]Key, error)

	// GetKeyWithKeyIDs returns to slave, the caller, the keys that its KME or another one made for
	// it when master asked for them. There is at least one ID, and all are different. It delivers
	// all keys, in the order of ids, or none. A key that is unknown, or that slave has fetched
	// before, is an [ErrKeyNotFound]. A key whose Get key did not name slave is an
	// [ErrUnauthorized].
	GetKeyWithKeyIDs(ctx context.Context, slave, master string, ids []uuid.UUID) ([]Key, error)
}
