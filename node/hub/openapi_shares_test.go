package hub_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"dske/node/hub"
	"dske/protocol"
)

// terms returns terms for a share of 64 bytes.
func (d *described) terms() protocol.Terms {
	if d.suite == protocol.ITS {
		return itsTerms
	}
	return protocol.Terms{}
}

// postAll returns a signed request to deposit shares of 64 bytes, from master for sofia and sam.
func (d *described) postAll(channel *protocol.Channel, master string, status int, keys ...uuid.UUID) call {
	d.t.Helper()
	size := 64
	if d.suite == protocol.ITS {
		size += 48 // the second slave's part
	}
	out, err := channel.Reserve(size * len(keys))
	if err != nil {
		d.t.Fatal(err)
	}
	m := protocol.PostShares{ClientName: "carol", MasterSAE: master, SlaveSAEs: []string{sofia, "sam"}}
	share := protocol.Share{Index: 1, Terms: d.terms(), Value: protocol.NewSecret(make([]byte, size))}
	share.Terms.SecretTag = slices.Repeat(share.Terms.SecretTag, 2)
	var values protocol.Secret
	m.ShareBatch, values = protocol.NewShareBatch(keys, slices.Repeat([]protocol.Share{share}, len(keys)))
	if m.SealedShare, err = out.Seal(values); err != nil {
		d.t.Fatal(err)
	}
	body := marshal(d.t, m)
	return call{method: "POST", path: protocol.PathKeyShares, body: body, signature: d.sign(out, protocol.PathKeyShares, "", body), status: status}
}

// getAll returns a signed request of that client to fetch shares.
func (d *described) getAll(channel *protocol.Channel, client, slave string, status int, keys ...uuid.UUID) call {
	d.t.Helper()
	out, err := channel.Reserve(0)
	if err != nil {
		d.t.Fatal(err)
	}
	query := protocol.GetShares{ClientName: client, MasterSAE: "sam", SlaveSAE: slave, KeyIDs: keys}.Query()
	return call{method: "GET", path: protocol.PathKeyShares + "?" + query, signature: d.sign(out, protocol.PathKeyShares, query, nil), status: status}
}

// driveShares has the hub give every response to messages with several shares.
func (d *described) driveShares() {
	old := d.register(1000, 0)
	d.do(d.postAll(old, "sam", 503, keyID(1)))

	channel := d.register(2000, 1000)
	d.do(d.postAll(old, "sam", 404, keyID(1))) // names a block of the old registration
	d.do(d.getAll(old, "carol", sofia, 404, keyID(1)))
	posted := d.postAll(channel, "sam", 200, keyID(1), keyID(2))
	d.do(posted)
	d.do(call{method: "GET", path: "/mgmt/v1/status", status: 200})
	posted.status = d.again()
	d.do(posted)
	d.do(d.postAll(channel, "sam", 409, keyID(3), keyID(2)))
	d.do(d.postAll(channel, "nobody", 403, keyID(3)))
	d.spoil(d.postAll(channel, "sam", 0, keyID(3)))
	d.do(call{method: "POST", path: protocol.PathKeyShares, body: []byte(`{"master_client_name": ""}`), status: 400})
	d.do(call{method: "POST", path: protocol.PathKeyShares, body: make([]byte, 4<<20+1), status: 413})

	fetched := d.getAll(channel, "carol", sofia, 200, keyID(3), keyID(1))
	d.do(d.getAll(channel, "dave", sofia, 403, keyID(1)))
	d.spoil(d.getAll(channel, "carol", sofia, 0, keyID(1)))
	d.do(fetched)
	fetched.status = d.again()
	d.do(fetched)
	d.do(d.getAll(channel, "carol", "sam", 200, keyID(1), keyID(2)))
	d.do(d.getAll(channel, "carol", "nobody", 200, keyID(2), keyID(3))) // nothing but refusals

	poor := d.register(1000, 32) // just enough to acknowledge a share
	d.do(d.postAll(poor, "sam", 200, keyID(3)))
	d.do(d.getAll(poor, "carol", sofia, 503, keyID(3)))
}

// The responses of a hub of the other suite match the description, too.
func TestTermsAreDescribed(t *testing.T) {
	d := newDescribed(t, hub.Config{Suite: protocol.ITS})
	d.driveInBand()
	d.driveShares()
}
