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
	out, err := channel.Reserve(64 * len(keys))
	if err != nil {
		d.t.Fatal(err)
	}
	m := protocol.PostShares{ClientName: "carol", MasterSAE: master, SlaveSAEs: []string{sofia, "sam"}}
	share := protocol.Share{Index: 1, Terms: d.terms(), Value: protocol.NewSecret(make([]byte, 64))}
	var values protocol.Secret
	m.ShareBatch, values = protocol.NewShareBatch(keys, slices.Repeat([]protocol.Share{share}, len(keys)))
	if m.SealedShare, err = out.Seal(values); err != nil {
		d.t.Fatal(err)
	}
	body := marshal(d.t, m)
	return call{method: "POST", path: protocol.PathKeyShares, body: body, signature: d.sign(out, "", body), status: status}
}

// getAll returns a signed request of that client to fetch shares.
func (d *described) getAll(channel *protocol.Channel, client, slave string, status int, keys ...uuid.UUID) call {
	d.t.Helper()
	out, err := channel.Reserve(0)
	if err != nil {
		d.t.Fatal(err)
	}
	query := protocol.GetShares{ClientName: client, MasterSAE: "sam", SlaveSAE: slave, KeyIDs: keys}.Query()
	return call{method: "GET", path: protocol.PathKeyShares + "?" + query, signature: d.sign(out, query, nil), status: status}
}

// driveShares has the hub give every response to messages with several shares but 429.
func (d *described) driveShares() {
	old := d.register(1000, 0)
	d.do(d.postAll(old, "sam", 503, keyID(1)))

	channel := d.register(2000, 1000)
	d.do(d.postAll(old, "sam", 404, keyID(1))) // names a block of before
	d.do(d.getAll(old, "carol", sofia, 404, keyID(1)))
	posted := d.postAll(channel, "sam", 200, keyID(1), keyID(2))
	d.do(posted)
	d.do(call{method: "GET", path: "/mgmt/v1/status", status: 200})
	posted.status = 409
	d.do(posted)
	d.do(d.postAll(channel, "sam", 409, keyID(3), keyID(2)))
	d.do(d.postAll(channel, "nobody", 403, keyID(3)))
	d.spoil(d.postAll(channel, "sam", 0, keyID(3)))
	d.do(call{method: "POST", path: protocol.PathKeyShares, body: []byte(`{"master_client_name": "carol"}`), status: 400})
	d.do(call{method: "POST", path: protocol.PathKeyShares, body: make([]byte, 8<<20+1), status: 413})

	fetched := d.getAll(channel, "carol", sofia, 200, keyID(3), keyID(1))
	d.do(d.getAll(channel, "dave", sofia, 403, keyID(1)))
	d.spoil(d.getAll(channel, "carol", sofia, 0, keyID(1)))
	d.do(fetched)
	fetched.status = 409
	d.do(fetched)
	d.do(d.getAll(channel, "carol", "sam", 200, keyID(1), keyID(2)))
	d.do(d.getAll(channel, "carol", "nobody", 200, keyID(2), keyID(3))) // nothing but refusals

	poor := d.register(1000, 32) // enough to acknowledge a share, and no more
	d.do(d.postAll(poor, "sam", 200, keyID(3)))
	d.do(d.getAll(poor, "carol", sofia, 503, keyID(3)))
}

// driveFailures sends wrong signatures until the hub has had enough of them.
func (d *described) driveFailures() {
	channel := d.register(1000, 1000)
	calls := []call{
		d.post(channel, keyID(1), "sam", sofia, 429), d.get(channel, keyID(1), "sam", sofia, 429),
		d.postAll(channel, "sam", 429, keyID(1)), d.getAll(channel, "carol", sofia, 429, keyID(1)),
	}
	for _, c := range calls {
		c.status, c.signature = 401, ""
		d.do(c)
	}
	for _, c := range calls {
		d.do(c)
	}
}

// The responses of a hub of the other suite have the form that is described, too.
func TestTermsAreDescribed(t *testing.T) {
	d := newDescribed(t, hub.Config{Suite: protocol.ITS})
	d.driveInBand()
	d.driveShares()
	d.suite = protocol.Python
	channel := d.register(1000, 1000)
	for _, c := range []call{
		d.post(channel, keyID(9), "sam", sofia, 400), d.get(channel, keyID(9), "sam", sofia, 400),
		d.postAll(channel, "sam", 400, keyID(9)), d.getAll(channel, "carol", sofia, 400, keyID(9)),
	} {
		d.do(c)
	}
}
