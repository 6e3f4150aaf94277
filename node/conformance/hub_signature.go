package conformance

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

var signed = wire("DSKE-Signature")

func encoded(tag []byte) string { return base64.StdEncoding.EncodeToString(tag) }

// lastBody returns the last answer.
func (s *hubSession) lastBody() string {
	all := s.record.all()
	return all[len(all)-1].AnswerBody
}

// Signatures of requests and answers.
var signatureChecks = []check[*hubSession]{
	{signed, "an answer of 200 is signed with 32 bytes of the hub's, different ones each time", nil, "", func(s *hubSession) error {
		for range 4 {
			m, value, err := s.give()
			if err == nil {
				err = s.fetches(m, value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{signed, "a message without a signature is 401, and costs nothing", nil, "hubs of dske-python answer with 500", func(s *hubSession) error {
		return s.costsNothing(http.StatusUnauthorized, func(r request) request { r.header = nil; return r })
	}},
	{signed, "a wrong tag is 401, and costs nothing", nil, "hubs of dske-python answer with 403, and spend what it names", func(s *hubSession) error {
		return s.costsNothing(http.StatusUnauthorized, func(r request) request {
			names, tag, _ := strings.Cut(r.header.Get(protocol.SignatureHeader), "%")
			raw, _ := base64.StdEncoding.DecodeString(tag)
			raw[len(raw)-1] ^= 1
			r.header = nil
			return r.with(protocol.SignatureHeader, names+"%"+encoded(raw))
		})
	}},
	{signed, "the tag covers the body", nil, "hubs of dske-python answer with 403, and spend what it names", func(s *hubSession) error {
		return s.costsNothing(http.StatusUnauthorized, func(r request) request {
			r.body = slices.Clone(r.body)
			at := strings.Index(string(r.body), `"user_key_id":"`) + len(`"user_key_id":"`)
			if r.body[at]++; r.body[at] > '8' { // another digit
				r.body[at] = '0'
			}
			return r
		})
	}},
	{signed, "the tag covers the query", nil, "hubs of dske-python answer with 403", func(s *hubSession) error {
		r, err := s.slave.sign(getting(s.wanted(uuid.New())))
		if err != nil {
			return err
		}
		r.query = s.wanted(uuid.New()).Query()
		_, err = s.slave.refused(r, http.StatusUnauthorized)
		return err
	}},
	{signed, "a signature that cannot be parsed is 400", nil, "hubs of dske-python answer with 500", malformedSignatures},
	{signed, "a signing key that does not have 32 bytes, or has a negative start or size, is 400", nil, "hubs of dske-python take keys of any size", otherKeySizes},
	{signed, "a signing key out of range is 400", nil, "", func(s *hubSession) error {
		f := s.master.slot()
		f.Start = blockSize
		return s.refusesKey(http.StatusBadRequest, f)
	}},
	{signed, "a signing key of an unknown block is 404", nil, pythonStatuses, func(s *hubSession) error {
		f := s.master.slot()
		f.Block = uuid.New()
		return s.refusesKey(http.StatusNotFound, f)
	}},
	{signed, "a signing key of the hub-owned pool is 404", nil, pythonStatuses, func(s *hubSession) error {
		return s.refusesKey(http.StatusNotFound, s.master.take(protocol.OwnerHub, psrd.ForKeys, protocol.SigningKeySize))
	}},
	{signed, "a used signing key is 409", nil, pythonStatuses, func(s *hubSession) error {
		f := s.master.slot()
		r := s.master.signWith(getting(s.ownWanted(uuid.New())), f)
		if _, err := s.master.refused(r, http.StatusNotFound, http.StatusBadRequest); err != nil {
			return err
		}
		return s.refusesKey(http.StatusConflict, f)
	}},
	{signed, "a signing key in pieces is valid, in their order", protocol.Python, "", func(s *hubSession) error {
		m, value := s.newShare()
		second, first := s.master.take(protocol.OwnerClient, psrd.ForAll, 20), s.master.take(protocol.OwnerClient, psrd.ForAll, 12)
		var err error
		if m.SealedShare, err = s.master.seal(value); err != nil {
			return err
		}
		_, _, err = s.master.accepted(s.master.signWith(posting(protocol.PathKeyShare, m), second, first))
		return err
	}},
	{signed, "a signing key whose parts overlap is 400", protocol.Python, "hubs of dske-python answer so only as the bytes are used", func(s *hubSession) error {
		f := s.master.take(protocol.OwnerClient, psrd.ForAll, 32)
		half := psrd.Fragment{Block: f.Block, Start: f.Start, Size: 16}
		return s.refusesKey(http.StatusBadRequest, half, half)
	}},
	{signed, "refusals are not signed", protocol.Python, "", func(s *hubSession) error {
		r, err := s.slave.sign(getting(s.wanted(uuid.New())))
		if err != nil {
			return err
		}
		a, err := s.slave.refused(r, http.StatusNotFound, http.StatusBadRequest)
		if err == nil && a.header.Values(protocol.SignatureHeader) != nil {
			err = errors.New("it is signed")
		}
		return err
	}},
}

// refusesKey succeeds if a message that is signed with these bytes is refused with a status.
func (s *hubSession) refusesKey(status int, key ...psrd.Fragment) error {
	_, err := s.master.refused(s.master.signWith(getting(s.ownWanted(uuid.New())), key...), status)
	if err != nil {
		return fmt.Errorf("a signing key %v: %w", key, err)
	}
	return nil
}

// costsNothing succeeds if a spoiled message is refused with a status, and the original is accepted
// after that.
func (s *hubSession) costsNothing(status int, spoil func(request) request) error {
	m, value := s.newShare()
	r, err := s.master.post(m, value)
	if err == nil {
		_, err = s.master.refused(spoil(r), status)
	}
	if err != nil {
		return err
	}
	if _, _, err := s.master.accepted(r); err != nil {
		return fmt.Errorf("the message as it was: %w", err)
	}
	return s.fetches(m, value)
}

// spelled returns the request with these signature headers and no others.
func (r request) spelled(signatures ...string) request {
	r.header = nil
	for _, text := range signatures {
		r = r.with(protocol.SignatureHeader, text)
	}
	return r
}

func malformedSignatures(s *hubSession) error {
	r := getting(s.ownWanted(uuid.New()))
	f := s.master.slot()
	good := s.master.signWith(r, f).header.Get(protocol.SignatureHeader)
	names, tag, _ := strings.Cut(good, "%")
	block := f.Block.String()
	for _, bad := range [][]string{
		{"nonsense"}, {names}, {"%" + tag}, {names + ";" + tag}, {names + ",%" + tag}, {block + "%" + tag}, {block + ":0%" + tag}, {block + ":a:32%" + tag},
		{block + ":0:32:1%" + tag}, {"17:0:32%" + tag}, {names + "%" + strings.Repeat("*", len(tag))}, {good, good},
	} {
		if _, err := s.master.refused(r.spelled(bad...), http.StatusBadRequest); err != nil {
			return fmt.Errorf("%q: %w", bad, err)
		}
	}
	return nil
}

func otherKeySizes(s *hubSession) error {
	f := s.master.take(protocol.OwnerClient, psrd.ForKeys, 64)
	part := func(start, size int) psrd.Fragment {
		return psrd.Fragment{Block: f.Block, Start: f.Start + start, Size: size}
	}
	before := psrd.Fragment{Block: f.Block, Start: -32, Size: 32}
	for _, key := range [][]psrd.Fragment{{part(0, 0)}, {part(0, 16)}, {part(0, 64)}, {part(32, -32)}, {part(0, 32), part(32, 0)}, {part(0, 64), part(32, -32)}, {before}} {
		if err := s.refusesKey(http.StatusBadRequest, key...); err != nil {
			return err
		}
	}
	return nil
}
