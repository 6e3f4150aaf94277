package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// PSRD out of band.
var psrdChecks = []check[*hubSession]{
	{outOfBand, "GET psrd brings a block of that size, with a UUID of 36 lower-case characters", nil, "", func(s *hubSession) error {
		var seen [][]byte
		for _, size := range []int{32, 32, 4096} {
			a, err := s.as(s.Master, s.master.psrdRequest(protocol.OwnerHub, protocol.PurposesOf(s.Suite)[0], size))
			if err != nil {
				return err
			}
			var block struct {
				UUID string `json:"block_uuid"`
				Data []byte `json:"data"`
			}
			if err := errors.Join(a.want(http.StatusOK), a.read(&block)); err != nil {
				return err
			}
			if id, err := uuid.Parse(block.UUID); err != nil || id.String() != block.UUID || len(block.Data) != size {
				return fmt.Errorf("a block %q of %d bytes, not %d", block.UUID, len(block.Data), size)
			}
			again := func(other []byte) bool { return bytes.Equal(other[:32], block.Data[:32]) }
			if slices.ContainsFunc(seen, again) {
				return errors.New("two blocks have the same bytes")
			}
			seen = append(seen, block.Data)
		}
		return nil
	}},
	{outOfBand, "an invalid request for PSRD is 400", nil, "hubs of dske-python answer with 422 or 500", func(s *hubSession) error {
		for _, more := range [][]string{{"size", "0"}, {"size", "-32"}, {"size", "many"}, {"size", ""}, {"pool_owner", "nobody"}, {"pool_owner", ""}, {"client_name", ""}} {
			a, err := s.as(s.Master, s.master.psrdRequest(protocol.OwnerClient, protocol.PurposesOf(s.Suite)[0], 32, more...))
			if err == nil {
				err = a.want(http.StatusBadRequest)
			}
			if err != nil {
				return fmt.Errorf("%s=%s: %w", more[0], more[1], err)
			}
		}
		return nil
	}},
	{outOfBand, "more than 4 MiB at once is 413", nil, "hubs of dske-python have no limits", func(s *hubSession) error {
		a, err := s.as(s.Master, s.master.psrdRequest(protocol.OwnerClient, protocol.PurposesOf(s.Suite)[0], protocol.MaxBlockSize+32))
		if err != nil {
			return err
		}
		return a.want(http.StatusRequestEntityTooLarge)
	}},
	{outOfBand, "a pool holds 64 MiB unused; more is 413", nil, "hubs of dske-python have no limits", fullPool},
	{outOfBand, "PSRD for a client that is not registered is 403", nil, pythonStatuses, func(s *hubSession) error {
		p := *s.master
		if a, err := s.as(s.Master, unregistering(s.Master.Name)); err != nil || a.status != http.StatusOK {
			p.Party = s.other // not registered
		}
		a, err := s.as(p.Party, p.psrdRequest(protocol.OwnerClient, protocol.PurposesOf(s.Suite)[0], 32))
		if err != nil {
			return err
		}
		return a.want(http.StatusForbidden)
	}},
}

func fullPool(s *hubSession) error {
	if !s.Large {
		return skip("moves 64 MiB; only if asked for")
	}
	purpose := protocol.PurposesOf(s.Suite)[0]
	for left := protocol.MaxPoolSize; left > 0; left -= protocol.MaxBlockSize {
		size := protocol.MaxBlockSize
		if left == size {
			size -= blockSize // these bytes are there already
		}
		a, err := s.as(s.Master, s.master.psrdRequest(protocol.OwnerClient, purpose, size))
		if err == nil {
			err = a.want(http.StatusOK)
		}
		if err != nil {
			return err
		}
	}
	a, err := s.as(s.Master, s.master.psrdRequest(protocol.OwnerClient, purpose, 32))
	if err != nil {
		return err
	}
	return a.want(http.StatusRequestEntityTooLarge)
}

// purposeChecks are for the two kinds of PSRD in suite its.
var purposeChecks = []check[*hubSession]{
	{rule: its("Two kinds of PSRD"), name: "PSRD without a purpose, or for an unknown one, is 400", run: func(s *hubSession) error {
		for _, purpose := range []string{"", "all"} {
			a, err := s.as(s.Master, s.master.psrdRequest(protocol.OwnerClient, psrd.ForPads, 64, "purpose", purpose))
			if err == nil {
				err = a.want(http.StatusBadRequest)
			}
			if err != nil {
				return fmt.Errorf("purpose %q: %w", purpose, err)
			}
		}
		return nil
	}},
	{rule: its("Two kinds of PSRD"), name: "bytes for pads cannot sign", run: func(s *hubSession) error {
		r := s.master.signWith(getting(s.ownWanted(uuid.New())), s.master.take(protocol.OwnerClient, psrd.ForPads, 32))
		_, err := s.master.refused(r, http.StatusNotFound)
		return err
	}},
	{rule: its("Two kinds of PSRD"), name: "bytes for signing keys cannot be a pad", run: func(s *hubSession) error {
		m, value := s.newShare()
		pad := s.master.take(protocol.OwnerClient, psrd.ForKeys, 96) // whole slots
		pad.Size = len(value)
		m.SealedShare = s.master.sealWith(value, pad)
		r, err := s.master.sign(posting(protocol.PathKeyShare, m))
		if err == nil {
			_, err = s.master.refused(r, http.StatusNotFound)
		}
		if err != nil {
			return err
		}
		return s.hasNo(m)
	}},
}
