package conformance

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/google/uuid"

	"dske/etsi/report"
	"dske/etsi/stream"
)

// usualQoS is the QoS with which streams are requested.
var usualQoS = stream.QoS{ChunkSize: 32, MaxBps: 40_000, MinBps: 5_000, Jitter: 10, Timeout: 5_000, TTL: 3600, MIME: stream.JSON}

// streamChecks are for the calls of ETSI GS QKD 004, by name.
var streamChecks = []check{
	{"OPEN_CONNECT", "a KSID of zeros opens a stream with a new KSID", func(s *session) error {
		return s.withStream(func(*ends) error { return nil })
	}},
	{"OPEN_CONNECT", "the peer opens the stream with the KSID", func(s *session) error {
		return s.withStream((*ends).join)
	}},
	{"OPEN_CONNECT", "a KSID that the caller already has is status 5", func(s *session) error {
		return s.withStream(func(e *ends) error {
			return expectStatus(e.master.open(s.Slave, usualQoS, e.ksid), stream.InUse)
		})
	}},
	{"OPEN_CONNECT", "an unavailable chunk size is status 7, and the stream is open with the size in the answer", counterProposal},
	{"OPEN_CONNECT", "an unknown peer is refused", func(s *session) error {
		return s.withEnds(func(e *ends) error {
			return refusedCall(e.master.open(Party{SAE: nobody}, usualQoS, uuid.Nil))
		})
	}},
	{"GET_KEY", "both ends get the same chunks, of Key_chunk_size bytes and all different", sameChunks},
	{"GET_KEY", "an unknown KSID is refused", func(s *session) error {
		return s.withEnds(func(e *ends) error {
			_, _, err := e.master.get(uuid.New(), 0, 1024)
			return refusedCall(err)
		})
	}},
	{"GET_KEY", "too little room for metadata is status 8, and the chunk is still there", tooLittleRoom},
	{"GET_KEY", "an SAE that does not belong to the stream gets nothing", func(s *session) error {
		return s.withStream(thirdParty)
	}},
	{"CLOSE", "a closed stream has no more chunks", func(s *session) error {
		return s.withStream(func(e *ends) error {
			if err := e.master.close(e.ksid); err != nil {
				return err
			}
			_, _, err := e.master.get(e.ksid, 0, 1024)
			return refusedCall(err)
		})
	}},
	{"CLOSE", "the other end still has its chunks", func(s *session) error {
		return s.withStream(func(e *ends) error {
			if err := e.join(); err != nil {
				return err
			}
			if err := e.master.close(e.ksid); err != nil {
				return err
			}
			_, _, err := e.slave.get(e.ksid, 0, 1024)
			return err
		})
	}},
	{"framing", "a payload of 4 GiB costs the connection, and nothing else", longPayload},
}

// end is one SAE's connection, whose calls are recorded.
type end struct {
	*session
	party  Party
	client *stream.Client
}

// ends are the connections of master and slave, and their stream.
type ends struct {
	*session
	master, slave *end
	ksid          uuid.UUID
}

func (s *session) dial(p Party) (*end, error) {
	client, err := stream.Dial(s.ctx, p.Stream, p.TLS)
	if err != nil {
		return nil, fmt.Errorf("connecting as %s: %w", p.SAE, err)
	}
	return &end{s, p, client}, nil
}

// withEnds connects both SAEs for the duration of a check.
func (s *session) withEnds(do func(*ends) error) error {
	master, err := s.dial(s.Master)
	if err != nil {
		return err
	}
	defer master.client.Close()
	slave, err := s.dial(s.Slave)
	if err != nil {
		return err
	}
	defer slave.client.Close()
	return do(&ends{session: s, master: master, slave: slave})
}

// withStream opens a stream at the master for the duration of a check.
func (s *session) withStream(do func(*ends) error) error {
	return s.withEnds(func(e *ends) error {
		_, ksid, err := e.master.openAs(s.Slave, usualQoS, uuid.Nil)
		if err != nil && !errors.Is(err, stream.QoSNotMet) {
			return err
		}
		if ksid == uuid.Nil {
			return errors.New("the KSID in the answer is zero")
		}
		e.ksid = ksid
		defer func() {
			_ = e.master.close(ksid)
			_ = e.slave.close(ksid)
		}()
		return do(e)
	})
}

// join opens the stream at the slave.
func (e *ends) join() error {
	_, _, err := e.slave.openAs(e.Master, usualQoS, e.ksid)
	if errors.Is(err, stream.QoSNotMet) {
		err = nil
	}
	return err
}

func (e *end) openAs(peer Party, qos stream.QoS, ksid uuid.UUID) (stream.QoS, uuid.UUID, error) {
	source, destination := "sae://"+url.PathEscape(e.party.SAE), "sae://"+url.PathEscape(peer.SAE)
	got, id, err := e.client.Open(e.ctx, source, destination, qos, ksid)
	e.note(fmt.Sprintf("OPEN_CONNECT %s %s %v, chunks of %d bytes", source, destination, ksid, qos.ChunkSize),
		fmt.Sprintf("%v, chunks of %d bytes", id, got.ChunkSize), err)
	return got, id, err
}

func (e *end) open(peer Party, qos stream.QoS, ksid uuid.UUID) error {
	_, _, err := e.openAs(peer, qos, ksid)
	return err
}

func (e *end) get(ksid uuid.UUID, index, room uint32) (chunk, metadata []byte, err error) {
	chunk, metadata, err = e.client.GetKey(e.ctx, ksid, index, room)
	e.note(fmt.Sprintf("GET_KEY %v, index %d, room for %d bytes of metadata", ksid, index, room),
		fmt.Sprintf("a chunk of %d bytes, metadata %q", len(chunk), metadata), err)
	return chunk, metadata, err
}

func (e *end) close(ksid uuid.UUID) error {
	err := e.client.CloseStream(e.ctx, ksid)
	e.note(fmt.Sprintf("CLOSE %v", ksid), "status 0", err)
	return err
}

// note records a call of this end.
func (e *end) note(request, answer string, err error) {
	if err != nil {
		answer = err.Error()
	}
	e.record.exchanges = append(e.record.exchanges, report.Exchange{Request: e.party.SAE + " at " + e.party.Stream + ": " + request, Answer: answer})
}

// expectStatus returns an error unless a call ended with a status.
func expectStatus(err error, want stream.Status) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("%v, not %w", err, want)
	}
	return nil
}

// refusedCall returns an error unless a call ended with a status other than 0.
func refusedCall(err error) error {
	if _, refused := errors.AsType[stream.Status](err); !refused {
		return fmt.Errorf("not refused (%v)", err)
	}
	return nil
}

func sameChunks(s *session) error {
	return s.withStream(func(e *ends) error {
		if err := e.join(); err != nil {
			return err
		}
		seen := map[string]bool{}
		for index := range uint32(20) {
			ours, _, err := e.master.get(e.ksid, index, 1024)
			if err != nil {
				return err
			}
			theirs, _, err := e.slave.get(e.ksid, index, 1024)
			if err != nil {
				return err
			}
			if !bytes.Equal(ours, theirs) || len(ours) != int(usualQoS.ChunkSize) || seen[string(ours)] {
				return fmt.Errorf("chunk %d has %d and %d bytes, is not the same at both ends, or is an earlier one", index, len(ours), len(theirs))
			}
			seen[string(ours)] = true
		}
		return nil
	})
}

func counterProposal(s *session) error {
	return s.withEnds(func(e *ends) error {
		large := usualQoS
		large.ChunkSize = 1 << 30
		got, ksid, err := e.master.openAs(s.Slave, large, uuid.Nil)
		if err := expectStatus(err, stream.QoSNotMet); err != nil {
			return err
		}
		chunk, _, err := e.master.get(ksid, 0, 1024)
		if err == nil && len(chunk) != int(got.ChunkSize) {
			err = fmt.Errorf("a chunk of %d bytes, not %d", len(chunk), got.ChunkSize)
		}
		return errors.Join(err, e.master.close(ksid))
	})
}

func tooLittleRoom(s *session) error {
	return s.withStream(func(e *ends) error {
		_, _, err := e.master.get(e.ksid, 0, 1)
		if err := expectStatus(err, stream.MetadataTooLarge); err != nil {
			return err
		}
		_, _, err = e.master.get(e.ksid, 0, 1024)
		return err
	})
}

// thirdParty succeeds if another SAE can neither open the stream nor get its chunks.
func thirdParty(e *ends) error {
	for _, other := range e.Others {
		if other.Stream == "" {
			continue
		}
		third, err := e.dial(other)
		if err != nil {
			return err
		}
		defer third.client.Close()
		if err := refusedCall(third.open(e.Master, usualQoS, e.ksid)); err != nil {
			return err
		}
		_, _, err = third.get(e.ksid, 0, 1024)
		return refusedCall(err)
	}
	return skip("takes a third SAE with streams")
}

// longPayload succeeds if a KME closes the connection of a caller that announces an excessive
// payload, and continues to serve.
func longPayload(s *session) error {
	conn, err := (&tls.Dialer{Config: s.Master.TLS}).DialContext(s.ctx, "tcp", s.Master.Stream)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := s.ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	if _, err := conn.Write([]byte{1, 0, 1, 2, 0xff, 0xff, 0xff, 0xff}); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, conn); s.ctx.Err() != nil {
		return fmt.Errorf("the connection stays open (%v)", err)
	}
	return s.withStream(func(*ends) error { return nil })
}
