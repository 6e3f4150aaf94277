package conformance

import (
	"fmt"
	"net/http"
	"slices"

	"dske/protocol"
)

// verify checks the signature of the answer to a request, and spends its key.
func (p *peer) verify(r request, a answer) (*protocol.Incoming, error) {
	incoming, err := p.channel.VerifyResponse(a.header.Values(protocol.SignatureHeader),
		protocol.Response{To: r.header.Get(protocol.SignatureHeader), Status: a.status, Body: a.body})
	if err == nil {
		err = incoming.Accept()
	}
	if err != nil {
		return nil, fmt.Errorf("the signature of the answer, %d: %w", a.status, err)
	}
	return incoming, nil
}

// accepted sends a request that must be answered with 200 and a valid signature.
func (p *peer) accepted(r request) (answer, *protocol.Incoming, error) {
	a, err := p.as(p.Party, r)
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err != nil {
		return a, nil, err
	}
	incoming, err := p.verify(r, a)
	return a, incoming, err
}

// refused sends a request that must be answered with one of the statuses, signed or not.
func (p *peer) refused(r request, statuses ...int) (answer, error) {
	a, err := p.as(p.Party, r)
	if err == nil {
		err = a.want(statuses...)
	}
	return a, err
}

// give gives the hub a share of a new key.
func (s *hubSession) give() (protocol.PostShare, []byte, error) {
	m, value := s.newShare()
	return m, value, s.giveThis(m, value)
}

func (s *hubSession) giveThis(m protocol.PostShare, value []byte) error {
	r, err := s.master.post(m, value)
	if err == nil {
		_, _, err = s.master.accepted(r)
	}
	return err
}

// fetches returns an error unless the slave gets that share.
func (s *hubSession) fetches(m protocol.PostShare, value []byte) error {
	r, err := s.slave.sign(getting(s.wanted(m.KeyID)))
	if err != nil {
		return err
	}
	return s.slave.opens(r, m, value)
}

// asksFor asks for a share as the slave, and returns the answer, which is not opened.
func (s *hubSession) asksFor(m protocol.PostShare) (protocol.ShareReply, error) {
	r, err := s.slave.sign(getting(s.wanted(m.KeyID)))
	if err != nil {
		return protocol.ShareReply{}, err
	}
	a, _, err := s.slave.accepted(r)
	if err != nil {
		return protocol.ShareReply{}, err
	}
	return protocol.ParseShareReply(a.body)
}

// opens returns an error unless the answer to a request has that share.
func (p *peer) opens(r request, m protocol.PostShare, value []byte) error {
	a, incoming, err := p.accepted(r)
	if err != nil {
		return err
	}
	reply, err := protocol.ParseShareReply(a.body)
	if err != nil {
		return err
	}
	got, err := incoming.Open(reply.SealedShare)
	if err != nil {
		return fmt.Errorf("the pad of the answer: %w", err)
	}
	if !slices.Equal(got.Reveal(), value) || reply.ShareIndex != m.ShareIndex {
		return fmt.Errorf("another share than was given: index %d and %d bytes", reply.ShareIndex, got.Size())
	}
	return nil
}
