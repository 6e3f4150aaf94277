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

// A hub of the Python implementation (https://github.com/brunorijsman/dske-python, at 9994a41) has
// its own error texts and statuses. If it cannot answer a message, the PSRD that the message used
// stays spent. It knows only messages with one share, no out-of-band questions, and no tokens.

// errAnswerless says that a hub has spent the PSRD of a message and could not answer it. The
// message can be made again.
var errAnswerless = errors.New("the hub was out of PSRD for its answer")

// pythonErrors maps the errors of a Python hub to sentinels: those of common/exceptions.py that
// matter here.
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
	{http.StatusServiceUnavailable, " out of Pre-Shared Random Data (PSRD).", psrd.ErrExhausted}, // follows the name of a pool
}

// pythonError is an error of a Python hub, with the sentinel that it means.
type pythonError struct {
	said  *node.Error
	means error
}

func (e *pythonError) Error() string { return e.said.Error() }

func (e *pythonError) Unwrap() []error { return []error{e.said, e.means} }

// fromPython returns an error of a hub, with the sentinel that it means if the hub is of the Python
// implementation.
func fromPython(said *node.Error) error {
	for _, e := range pythonErrors {
		if said.Status == e.status && strings.HasSuffix(said.Message, e.message) {
			return &pythonError{said, e.means}
		}
	}
	return said
}

// settlePython settles an exchange that failed with an error of a Python hub. If the hub does not
// know the blocks, or has other bytes in them than the client, both ends start again.
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

// missingAtPython returns how many bytes a Python hub lacks for an answer; in an answer the
// signature comes after the pad. The error says which purpose lacks bytes. Hubs choose only from
// their own pools.
func missingAtPython(err *pythonError) int {
	size, _ := err.said.Details["allocation_size"].(float64)
	available, _ := err.said.Details["pool_available_bytes"].(float64)
	size, available = max(size, 0), max(available, 0)
	return max(1, int(min(size+protocol.SigningKeySize-available, protocol.MaxBlockSize)))
}
