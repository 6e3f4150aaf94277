package client

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// dishonestHub follows the rules of the channel, so that its signatures hold, and answers requests
// for shares as it likes.
type dishonestHub struct {
	testing.TB
	channel *protocol.Channel
	answer  func(m protocol.GetShares) protocol.SharesReply // dishonestHub seals the values
}

func (h *dishonestHub) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.Error(err)
	}
	w := httptest.NewRecorder()
	switch {
	case r.Method == http.MethodPut:
		h.channel = protocol.NewChannel(protocol.Python)
		json.NewEncoder(w).Encode(protocol.Registered{HubName: "hank"})
	case strings.HasSuffix(r.URL.Path, protocol.PathPSRD):
		json.NewEncoder(w).Encode(h.block(r))
	case strings.Contains(r.URL.Path, protocol.PathEncryptors):
		w.WriteHeader(http.StatusNotFound)
	default:
		h.inBand(w, r, body)
	}
	return w.Result(), nil
}

type roundTripper roundTrip

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (h *dishonestHub) block(r *http.Request) protocol.BlockData {
	size, _ := strconv.Atoi(r.URL.Query().Get("size"))
	b := protocol.BlockData{UUID: uuid.New(), Data: make([]byte, size)}
	rand.Read(b.Data)
	pool := h.channel.Own
	if r.URL.Query().Get("pool_owner") == string(protocol.OwnerClient) {
		pool = h.channel.Peer
	}
	if err := pool.Add(psrd.NewBlock(b.UUID, bytes.Clone(b.Data))); err != nil {
		h.Error(err)
	}
	return b
}

func (h *dishonestHub) inBand(w http.ResponseWriter, r *http.Request, body []byte) {
	incoming, err := h.channel.VerifyRequest(r.Header.Values(protocol.SignatureHeader), protocol.Request{Query: r.URL.RawQuery, Body: body})
	if err == nil {
		err = incoming.Accept()
	}
	var reply any = struct{}{}
	size := 0
	var odd protocol.SharesReply
	if r.Method == http.MethodGet {
		m, err := protocol.ParseGetShares(r.URL.RawQuery)
		if one, failed := protocol.ParseGetShare(r.URL.RawQuery); err != nil && failed == nil {
			m.KeyIDs = protocol.KeyIDs{one.KeyID}
		}
		odd = h.answer(m)
		size = len(odd.Value)
	}
	out, failed := h.channel.Reserve(size)
	if err != nil || failed != nil {
		h.Error(err, failed)
		return
	}
	if size > 0 {
		odd.SealedShare, _ = out.Seal(protocol.NewSecret(odd.Value))
	}
	if r.Method == http.MethodGet {
		reply = odd
	}
	text, _ := json.Marshal(reply)
	signature, _ := out.SignResponse(protocol.Response{Body: text})
	w.Header().Set(protocol.SignatureHeader, signature)
	w.Write(text)
}

// A hub that answers what was not asked costs its own share and nothing else.
func TestOddReplies(t *testing.T) {
	values := func(n int) protocol.SealedShare { return protocol.SealedShare{Value: make([]byte, 32*n)} }
	refused := func(id uuid.UUID) protocol.Refusal {
		return protocol.Refusal{KeyID: id, Status: 404, Message: "Unknown key ID."}
	}
	for name, answer := range map[string]func(m protocol.GetShares) protocol.SharesReply{
		"nothing": func(protocol.GetShares) protocol.SharesReply { return protocol.SharesReply{} },
		"one key at a time": func(m protocol.GetShares) protocol.SharesReply {
			return protocol.SharesReply{ShareBatch: protocol.ShareBatch{KeyIDs: m.KeyIDs[:1], SealedShare: values(1)}}
		},
		"other keys": func(protocol.GetShares) protocol.SharesReply {
			return protocol.SharesReply{ShareBatch: protocol.ShareBatch{KeyIDs: protocol.KeyIDs{uuid.New()}, SealedShare: values(1)}}
		},
		"keys given and refused": func(m protocol.GetShares) protocol.SharesReply {
			var all []protocol.Refusal
			for _, id := range append(m.KeyIDs, uuid.New()) {
				all = append(all, refused(id), refused(id))
			}
			return protocol.SharesReply{ShareBatch: protocol.ShareBatch{KeyIDs: m.KeyIDs, SealedShare: values(len(m.KeyIDs))}, Refused: all}
		},
		"terms of the other suite": func(m protocol.GetShares) protocol.SharesReply {
			terms := protocol.Terms{Suite: "its", KeySize: 32, Threshold: 3}
			return protocol.SharesReply{ShareBatch: protocol.ShareBatch{KeyIDs: m.KeyIDs, Terms: terms, SealedShare: values(len(m.KeyIDs))}}
		},
		"sizes that do not fit": func(m protocol.GetShares) protocol.SharesReply {
			return protocol.SharesReply{ShareBatch: protocol.ShareBatch{KeyIDs: m.KeyIDs, SealedShare: protocol.SealedShare{Value: make([]byte, 31)}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				carol := w.ready(w.config("carol", "sam"))
				hank := &dishonestHub{TB: t, answer: answer} // for connie only; carol has the honest one
				config := w.config("connie", "sofia")
				config.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
					if hubOf(r) == "hank" {
						return hank.RoundTrip(r)
					}
					return w.RoundTrip(r)
				})
				connie := w.ready(config)
				getKeys(t, carol, connie, 3, 256)
				synctest.Wait()
				if n := kept(connie); n != 0 {
					t.Errorf("%d gathers are kept", n)
				}
			})
		})
	}
}

// A false answer, whatever it says, does not lose the share that the hub has given: repeating the
// request brings it.
func TestFalseAnswersCostNoShares(t *testing.T) {
	for _, status := range []int{200, 302, 400, 404, 409, 500, 503} {
		w := newWorldOf(t, protocol.ITS)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		made := w.getKey(carol, "sam", "sofia")
		if err := carol.WaitIdle(t.Context()); err != nil {
			t.Fatal(err)
		}
		var seen sync.Map
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			response, err := next(r)
			if _, again := seen.LoadOrStore(hubOf(r), true); !again && isShare(r, "GET") {
				recorder := httptest.NewRecorder()
				recorder.WriteHeader(status)
				recorder.WriteString(`{"message":"Whatever.","details":{}}`)
				return recorder.Result(), nil
			}
			return response, err
		})
		if key, err := fetch(connie, "sofia", "sam", made.ID); err != nil || !bytes.Equal(key, made.Key.Reveal()) {
			t.Errorf("one false %d of each hub: %x, %v", status, key, err)
		}
	}
}
