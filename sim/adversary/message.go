package adversary

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/sim/wire"
)

func isPSRD(m wire.Message) bool { return m.Method == http.MethodGet && m.Path == protocol.PathPSRD }

// sealedShare is a share on the wire, with what its signature covers.
type sealedShare struct {
	batch protocol.ShareBatch // the shares of its message, itself included
	at    int                 // its position among them
	hub   string              // as in a message

	signature []string
	request   protocol.Request   // if it was in a request
	response  *protocol.Response // if it was in a response
}

// body returns the body of the message.
func (s sealedShare) body() []byte {
	if s.response != nil {
		return s.response.Body
	}
	return s.request.Body
}

func (s sealedShare) keyID() uuid.UUID { return s.batch.KeyIDs[s.at] }

// findShares returns the shares that a message carries in either direction. The hub's answer to a
// POST does not matter, since the shares have passed by then. A response to a GET without shares
// does not parse as one.
func findShares(m wire.Message) []sealedShare {
	common := sealedShare{hub: m.To}
	header := m.Header
	switch m.Method {
	case http.MethodPost:
		common.batch = findPosted(m)
		common.request = protocol.Request{Method: m.Method, Path: m.Path, Query: m.Query, Body: bytes.Clone(m.Body)}
	case http.MethodGet:
		header = m.Response.Header
		common.batch = findFetched(m)
		to := m.Header.Get(protocol.SignatureHeader)
		common.response = &protocol.Response{To: to, Status: m.Response.Status, Body: bytes.Clone(m.Response.Body)}
	}
	common.signature = slices.Clone(header.Values(protocol.SignatureHeader))
	var shares []sealedShare
	for at := range common.batch.KeyIDs {
		s := common
		s.at = at
		shares = append(shares, s)
	}
	return shares
}

// findPosted returns the shares in a request, or none if it cannot be read.
func findPosted(m wire.Message) protocol.ShareBatch {
	switch m.Path {
	case protocol.PathKeyShare:
		if post, err := protocol.ParsePostShare(m.Body); err == nil {
			return post.Batch().ShareBatch
		}
	case protocol.PathKeyShares:
		if post, err := protocol.ParsePostShares(m.Body); err == nil {
			return post.ShareBatch
		}
	}
	return protocol.ShareBatch{}
}

// findFetched returns the shares in a response, or none if it cannot be read.
func findFetched(m wire.Message) protocol.ShareBatch {
	switch m.Path {
	case protocol.PathKeyShare:
		get, err := protocol.ParseGetShare(m.Query)
		if err != nil {
			return protocol.ShareBatch{}
		}
		if reply, err := protocol.ParseShareReply(m.Response.Body); err == nil {
			return reply.Batch(get.KeyID)
		}
	case protocol.PathKeyShares:
		if reply, err := protocol.ParseSharesReply(m.Response.Body); err == nil {
			return reply.ShareBatch
		}
	}
	return protocol.ShareBatch{}
}
