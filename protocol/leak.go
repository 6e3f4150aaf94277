package protocol

import "github.com/google/uuid"

// LeakedShare is a share in the clear, as somebody finds it who breaks into the hub that keeps it.
// It is for experiments in which a hub is compromised; nothing else may use it.
type LeakedShare struct {
	KeyID uuid.UUID
	Share
}
