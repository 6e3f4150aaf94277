package adversary

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/protocol"
)

// Message is a request between nodes and the response to it, as they passed on the wire. If there was
// no response, its members are zero.
type Message struct {
	From string // kind and name of the node, such as client/carol
	To   string // likewise, such as hub/hank

	Method        string
	Path          string // below the node, such as [protocol.PathKeyShare]
	Query         string // raw
	RequestHeader http.Header
	RequestBody   []byte

	Status         int
	ResponseHeader http.Header
	ResponseBody   []byte
}

func (m Message) isPSRD() bool { return m.Method == http.MethodGet && m.Path == protocol.PathPSRD }

// sealedShare is a share on the wire, with what its signature covers.
type sealedShare struct {
	protocol.SealedShare
	hub   string // as in Message.To
	keyID uuid.UUID
	index int

	signature []string
	query     string
	body      []byte
}

// findShare returns the share that a message carries in one direction or the other. How the hub
// answered a POST doesn't matter, as the share has then passed already; and what isn't a share in the
// response to a GET doesn't read as one.
func findShare(m Message) (sealedShare, bool) {
	switch {
	case m.Path != protocol.PathKeyShare:
		return sealedShare{}, false
	case m.Method == http.MethodPost:
		return findPosted(m)
	case m.Method == http.MethodGet:
		return findFetched(m)
	}
	return sealedShare{}, false
}

func findPosted(m Message) (sealedShare, bool) {
	post, err := protocol.ParsePostShare(m.RequestBody)
	return sealedShare{
		SealedShare: post.SealedShare,
		hub:         m.To,
		keyID:       post.KeyID,
		index:       post.ShareIndex,
		signature:   slices.Clone(m.RequestHeader.Values(protocol.SignatureHeader)),
		query:       m.Query,
		body:        bytes.Clone(m.RequestBody),
	}, err == nil
}

func findFetched(m Message) (sealedShare, bool) {
	get, err := protocol.ParseGetShare(m.Query)
	if err != nil {
		return sealedShare{}, false
	}
	reply, err := protocol.ParseShareReply(m.ResponseBody)
	return sealedShare{
		SealedShare: reply.SealedShare,
		hub:         m.To,
		keyID:       get.KeyID,
		index:       reply.ShareIndex,
		signature:   slices.Clone(m.ResponseHeader.Values(protocol.SignatureHeader)),
		body:        bytes.Clone(m.ResponseBody),
	}, err == nil
}
