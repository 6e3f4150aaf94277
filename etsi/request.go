package etsi

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"
)

// KeyRequest says which keys a master SAE wants (ETSI GS QKD 014 V1.1.1, clause 6.2).
type KeyRequest struct {
	Number int // number of keys, 1 to MaxKeyPerRequest; a Client may leave it 0 for the KME's default
	Size   int // bits of each key, MinKeySize to MaxKeySize in steps of 8; a Client may leave it 0

	// AdditionalSlaves are SAE IDs, at most MaxSAEIDCount. Each of these SAEs can fetch the same
	// keys as the slave, once.
	AdditionalSlaves []string

	// IDs, unless it is nil, are the IDs to make the keys under, one for each of the Number keys.
	// They must be random and known only to the ends that the keys are for. Do not request a second
	// key under one of them, even if the first could not be made. Requests over HTTP have none. A
	// [Client] ignores them, and so may a KME; the IDs of its keys show whether it did.
	IDs []uuid.UUID
}

// keyRequest is the JSON form of a KeyRequest that a Client sends.
type keyRequest struct {
	Number           int      `json:"number,omitempty"`
	Size             int      `json:"size,omitempty"`
	AdditionalSlaves []string `json:"additional_slave_SAE_IDs,omitempty"`
}

// query is the form of a request without additional slaves in a GET.
func (r KeyRequest) query() url.Values {
	query := url.Values{}
	if r.Number != 0 {
		query.Set("number", strconv.Itoa(r.Number))
	}
	if r.Size != 0 {
		query.Set("size", strconv.Itoa(r.Size))
	}
	return query
}

// parseKeyQuery reads the number and the size of a Get key, both optional; a GET can ask for
// nothing else.
func parseKeyQuery(query url.Values) (KeyRequest, error) {
	n, err := number().fromQuery(query)
	if err != nil {
		return KeyRequest{}, err
	}
	bits, err := size().fromQuery(query)
	return KeyRequest{Number: n, Size: bits}, err
}

// parseKeyBody reads the Key request of a POST. It ignores optional extensions.
func parseKeyBody(body members) (KeyRequest, error) {
	if err := body.refuseMandatory(); err != nil {
		return KeyRequest{}, err
	}
	n, err := number().fromBody(body)
	if err != nil {
		return KeyRequest{}, err
	}
	bits, err := size().fromBody(body)
	if err != nil {
		return KeyRequest{}, err
	}
	additional, err := array[string](body, "additional_slave_SAE_IDs", "strings")
	return KeyRequest{Number: n, Size: bits, AdditionalSlaves: additional}, err
}

// check returns the [*Error] for a request beyond the limits.
func (r KeyRequest) check(master, slave string) error {
	if err := number().check(r.Number); err != nil {
		return err
	}
	if r.Size%8 != 0 {
		return ErrSizeNotMultiple.with("size", r.Size)
	}
	if err := size().check(r.Size); err != nil {
		return err
	}
	if r.Number*r.Size > MaxRequestSize {
		return badRequest(fmt.Sprintf("number x size is out of bounds, at most %d bits", MaxRequestSize)).
			with("max_request_size", MaxRequestSize)
	}
	return r.checkSlaves(master, slave)
}

// checkSlaves refuses additional slave SAEs that are too many or not distinct.
func (r KeyRequest) checkSlaves(master, slave string) error {
	const name = "additional_slave_SAE_IDs"
	if len(r.AdditionalSlaves) > MaxSAEIDCount {
		return badRequest("too many "+name).with("max_SAE_ID_count", MaxSAEIDCount)
	}
	for i, id := range r.AdditionalSlaves {
		switch {
		case id == "":
			return badRequest("an SAE ID in " + name + " is empty")
		case id == master:
			return badRequest("an SAE ID in "+name+" is the caller itself").with(name, id)
		case id == slave || slices.Contains(r.AdditionalSlaves[:i], id):
			return badRequest("an SAE ID in "+name+" is repeated").with(name, id)
		}
	}
	return nil
}
