package conformance

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// Faulty pads.
var padChecks = []check[*hubSession]{
	{inBand, "a pad of the hub-owned pool is 404", nil, pythonStatuses, func(s *hubSession) error {
		return s.refusesPad(http.StatusNotFound, func(value []byte) protocol.SealedShare {
			return s.master.sealWith(value, s.master.take(protocol.OwnerHub, psrd.ForPads, len(value)))
		})
	}},
	{inBand, "a pad of an unknown block is 404", nil, pythonStatuses, func(s *hubSession) error {
		return s.refusesPad(http.StatusNotFound, func(value []byte) protocol.SealedShare {
			sealed := s.master.sealWith(value, s.master.take(protocol.OwnerClient, psrd.ForPads, len(value)))
			sealed.Pad.Fragments[0].Block = uuid.New()
			return sealed
		})
	}},
	{inBand, "a used pad is 409", nil, pythonStatuses, func(s *hubSession) error {
		m, value := s.newShare()
		pad := s.master.take(protocol.OwnerClient, psrd.ForPads, len(value))
		m.SealedShare = s.master.sealWith(value, pad)
		r, err := s.master.sign(posting(protocol.PathKeyShare, m))
		if err == nil {
			_, _, err = s.master.accepted(r)
		}
		if err != nil {
			return err
		}
		return s.refusesPad(http.StatusConflict, func(value []byte) protocol.SealedShare { return s.master.sealWith(value, pad) })
	}},
	{wire("DSKE-Signature"), "a pad that is not exactly as long as the value is 400", nil, pythonStatuses, func(s *hubSession) error {
		return s.refusesPads(func(f psrd.Fragment) [][]psrd.Fragment {
			shorter, longer := f, f
			shorter.Size--
			longer.Start--
			longer.Size++
			return [][]psrd.Fragment{{}, {shorter}, {longer}}
		})
	}},
	{wire("DSKE-Signature"), "a pad with parts that are negative, empty, out of range or overlap is 400", nil, "hubs of dske-python check little of that", func(s *hubSession) error {
		return s.refusesPads(func(f psrd.Fragment) [][]psrd.Fragment {
			part := func(start, size int) psrd.Fragment { return psrd.Fragment{Block: f.Block, Start: start, Size: size} }
			half := f.Size / 2
			return [][]psrd.Fragment{
				{part(-1, f.Size)}, {part(blockSize-1, f.Size)}, {part(f.Start, f.Size), part(0, 0)},
				{part(f.Start, f.Size+8), part(f.Start, -8)}, {part(f.Start, half), part(f.Start+half-1, f.Size-half)},
			}
		})
	}},
}

// refusesPad succeeds if a share with the pad that seal uses is refused with a status, and not
// kept.
func (s *hubSession) refusesPad(status int, seal func(value []byte) protocol.SealedShare) error {
	m, value := s.newShare()
	m.SealedShare = seal(value)
	r, err := s.master.sign(posting(protocol.PathKeyShare, m))
	if err == nil {
		_, err = s.master.refused(r, status)
	}
	if err != nil {
		return err
	}
	return s.hasNo(m)
}

// refusesPads succeeds if pads derived from a good one are refused with 400, and the good one can
// be used after that.
func (s *hubSession) refusesPads(bad func(psrd.Fragment) [][]psrd.Fragment) error {
	m, value := s.newShare()
	s.master.take(protocol.OwnerClient, psrd.ForPads, 64) // so that pads that are too long are in range
	good := s.master.take(protocol.OwnerClient, psrd.ForPads, len(value))
	for _, pad := range bad(good) {
		err := s.refusesPad(http.StatusBadRequest, func(value []byte) protocol.SealedShare {
			sealed := s.master.sealWith(value, good)
			sealed.Pad.Fragments = pad
			return sealed
		})
		if err != nil {
			return fmt.Errorf("a pad %v for %d bytes: %w", pad, len(value), err)
		}
	}
	m.SealedShare = s.master.sealWith(value, good)
	r, err := s.master.sign(posting(protocol.PathKeyShare, m))
	if err == nil {
		_, _, err = s.master.accepted(r)
	}
	return err
}
