package association

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// A hub of the Python implementation (https://github.com/brunorijsman/dske-python, at 9994a41) says
// what is wrong in words and with statuses of its own, and does not take a message back that it
// could not answer: what that spent is spent. It knows messages with one share only, no questions
// out of band, and no tokens.

// errAnswerless says that a hub has spent what a message brought, and could not answer it, and that
// the message can be made again.
var errAnswerless = errors.New("the hub was out of PSRD for its answer")

// pythonErrors is what errors of a Python hub mean: those of common/exceptions.py that matter here.
var pythonErrors = []struct {
	status  int
	message string
	means   error
}{
	{http.StatusBadRequest, "Client is not registered.", protocol.ErrClientNotRegistered},
	{http.StatusBadRequest, "Encryptor is not registered for client.", protocol.ErrEncryptorNotRegistered},
	{http.StatusBadRequest, "Unknown key ID", protocol.ErrUnknownKey},
	{http.StatusBadRequest, "Invalid PSRD block UUID.", psrd.ErrUnknownBlock},
	{http.StatusBadRequest, "Invalid byte index into PSRD block.", psrd.ErrOutOfRange},
	{http.StatusBadRequest, "Attempt to use PSRD data more than once.", psrd.ErrUsed},
	{http.StatusForbidden, "Invalid signature.", protocol.ErrSignature},
	{http.StatusServiceUnavailable, " out of Pre-Shared Random Data (PSRD).", psrd.ErrExhausted}, // after the name of a pool
}

// pythonError is an error of a Python hub, with what it means.
type pythonError struct {
	said  *node.Error
	means error
}

func (e *pythonError) Error() string { return e.said.Error() }

func (e *pythonError) Unwrap() []error { return []error{e.said, e.means} }

// fromPython returns what a hub says, with what that means if it is of the Python implementation.
func fromPython(said *node.Error) error {
	for _, e := range pythonErrors {
		if said.Status == e.status && strings.HasSuffix(said.Message, e.message) {
			return &pythonError{said, e.means}
		}
	}
	return said
}

// settlePython settles an exchange that failed with an error of a Python hub. If the hub does not
// know the blocks, or has other bytes in them than the client, both ends start over.
func (e *exchange) settlePython(ctx context.Context, err *pythonError) (again bool, why error) {
	for _, apart := range []error{psrd.ErrUnknownBlock, psrd.ErrOutOfRange, psrd.ErrUsed, protocol.ErrSignature, protocol.ErrClientNotRegistered} {
		if errors.Is(err, apart) {
			e.forget(e.session)
			return false, fmt.Errorf("%w: %w", errEnded, err)
		}
	}
	if !errors.Is(err, psrd.ErrExhausted) {
		return false, err
	}
	if err := e.fetchForHub(ctx, e.session, missingAtPython(err), e.supplied); err != nil {
		return false, err
	}
	return false, fmt.Errorf("%w: %w", errAnswerless, err)
}

// missingAtPython returns how many bytes a Python hub lacks for an answer, in which a signature
// comes after the pad. It says of which purpose it lacks some; hubs choose from no pool but their
// own.
func missingAtPython(err *pythonError) int {
	size, _ := err.said.Details["allocation_size"].(float64)
	available, _ := err.said.Details["pool_available_bytes"].(float64)
	size, available = max(size, 0), max(available, 0)
	return max(1, int(min(size+protocol.SigningKeySize-available, protocol.MaxBlockSize)))
}
