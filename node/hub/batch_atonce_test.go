package hub_test

import (
	"net/http/httptest"
	"sync"
	"testing"

	"dske/node/hub"
	"dske/protocol"
)

// answersAtOnce sends requests at the same time and returns the answers in the order of the
// requests.
func answersAtOnce(t *testing.T, h *hub.Hub, requests ...request) []*httptest.ResponseRecorder {
	t.Helper()
	answers := make([]*httptest.ResponseRecorder, len(requests))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, r := range requests {
		wg.Go(func() {
			<-start
			answers[i] = r.to(t, h)
		})
	}
	close(start)
	wg.Wait()
	return answers
}

// values returns the shares in the answer to a request for one or several shares.
func (c *conversation) values(w *httptest.ResponseRecorder) (values [][]byte) {
	c.t.Helper()
	incoming := c.verify(w)
	if incoming == nil {
		return nil
	}
	reply, err := protocol.ParseSharesReply(w.Body.Bytes())
	if single, failed := protocol.ParseShareReply(w.Body.Bytes()); failed == nil && err != nil {
		reply.ShareBatch, err = single.Batch(keyID(0)), nil
	}
	if err != nil {
		c.t.Error(err)
		return nil
	}
	if len(reply.KeyIDs) == 0 {
		if err := incoming.Accept(); err != nil {
			c.t.Error(err)
		}
		return nil
	}
	opened, err := incoming.Open(reply.SealedShare)
	if err != nil {
		c.t.Error(err)
		return nil
	}
	for _, share := range reply.Shares(opened) {
		values = append(values, share.Value.Reveal())
	}
	return values
}

// Of concurrent batches that have keys in common, one is taken whole and the others not at all.
func TestBatchesAtOnce(t *testing.T) {
	h, carol, connie := newPair(t)
	carol.fetch(protocol.OwnerClient, 10_000)
	carol.fetch(protocol.OwnerHub, 10_000)
	connie.fetch(protocol.OwnerHub, 10_000)
	for range 15 {
		batches := []map[int]int{{1: 10, 2: 10, 3: 10}, {3: 20, 4: 20, 5: 20}, {5: 30, 1: 30}}
		var posted []request
		for _, sizes := range batches {
			posted = append(posted, carol.postAll(batchOf(sizes)))
		}
		clientOwned, hubOwned := carol.unused()
		taken := -1
		for i, w := range answersAtOnce(t, h, posted...) {
			switch {
			case w.Code == 409:
			case taken >= 0:
				t.Errorf("batches %d and %d were taken", taken, i)
			default:
				carol.accept(w)
				taken = i
			}
		}
		if taken < 0 {
			t.Fatal("no batch was taken")
		}
		if c, h := carol.unused(); clientOwned-c != 3*32+30+60+60 || hubOwned-h != 32 {
			t.Errorf("spent %d bytes client-owned and %d hub-owned", clientOwned-c, hubOwned-h)
		}
		missing := map[int]int{}
		for n := range 6 {
			if batches[taken][n] == 0 {
				missing[n] = 404
			}
		}
		for _, slave := range []string{"sofia", "susan"} {
			connie.openAll(connie.send(connie.getAll(slave, 0, 1, 2, 3, 4, 5)), batches[taken], missing)
		}
	}
}

// A batch that arrives several times at once is taken once, and costs as much as one.
func TestBatchReplaysAtOnce(t *testing.T) {
	h, carol, connie := newPair(t)
	wantOne := func(c *conversation, r request, clientOwned, hubOwned int) {
		t.Helper()
		clientBefore, hubBefore := c.unused()
		if statuses := atOnce(t, h, r, r, r, r); statuses[200] != 1 || statuses[409] != 3 {
			t.Errorf("%s: the answers are %v", r.method, statuses)
		}
		clientAfter, hubAfter := c.unused()
		if clientBefore-clientAfter != clientOwned || hubBefore-hubAfter != hubOwned {
			t.Errorf("%s: spent %d bytes client-owned and %d hub-owned, want %d and %d",
				r.method, clientBefore-clientAfter, hubBefore-hubAfter, clientOwned, hubOwned)
		}
	}
	for range 9 {
		wantOne(carol, carol.postAll(batchOf(map[int]int{1: 10, 2: 10})), 52, 32)
		wantOne(connie, connie.getAll("sofia", 1, 2), 32, 52)
		wantOne(connie, connie.getAll("susan", 1, 2), 32, 52)
	}
}
