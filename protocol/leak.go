package protocol

import "github.com/google/uuid"

// LeakedShare is a share in the clear, as an attacker finds it who breaks into the hub that keeps
// it. It is for experiments with a compromised hub; nothing else may use it.
type LeakedShare struct {
	KeyID uuid.UUID
	Share
}
