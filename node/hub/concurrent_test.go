package hub_test

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/node/hub"
	"dske/protocol"
)

// atOnce sends requests at the same time and returns how often each status came back.
func atOnce(t *testing.T, h *hub.Hub, requests ...request) (statuses map[int]int) {
	t.Helper()
	statuses = map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for _, r := range requests {
		wg.Go(func() {
			<-start
			w := r.to(t, h)
			mu.Lock()
			defer mu.Unlock()
			statuses[w.Code]++
		})
	}
	close(start)
	wg.Wait()
	return statuses
}

// TestManyClients has many clients register, fetch blocks, give each other shares and collect them,
// while somebody watches.
func TestManyClients(t *testing.T) {
	const clients, keys, size = 8, 12, 40
	h := newHub(t, hub.Config{})
	share := func(from, n int) []byte { return bytes.Repeat([]byte{byte(from), byte(n)}, size/2) }
	key := func(from, n int) uuid.UUID { return uuid.UUID{0: 0xab, 14: byte(from), 15: byte(n)} }
	name := func(i int) string { return fmt.Sprint("client-", i%clients) }

	var registered, posted, done sync.WaitGroup
	registered.Add(clients)
	posted.Add(clients)
	for i := range clients {
		done.Go(func() {
			c := connect(t, h, name(i))
			c.fetch(protocol.OwnerClient, 4*blockSize)
			c.fetch(protocol.OwnerHub, 4*blockSize)
			registered.Done()
			registered.Wait()
			clientOwned, hubOwned := c.unused()
			var senders sync.WaitGroup
			for n := range keys {
				senders.Go(func() {
					c.accept(c.send(c.post(protocol.PostShare{
						ClientName: name(i), MasterSAE: name(i), SlaveSAE: name(i + 1), KeyID: key(i, n), ShareIndex: 3,
					}, share(i, n))))
				})
			}
			senders.Wait()
			posted.Done()
			posted.Wait()
			from := (i + clients - 1) % clients
			for n := range keys {
				senders.Go(func() {
					c.open(c.send(c.get(protocol.GetShare{
						ClientName: name(i), MasterSAE: name(from), SlaveSAE: name(i), KeyID: key(from, n),
					})), share(from, n))
				})
			}
			for range keys {
				h.Inspect()
			}
			senders.Wait()
			const spent = keys * (size + 32 + 32)
			if left, leftAtHub := c.unused(); clientOwned-left != spent || hubOwned-leftAtHub != spent {
				t.Errorf("spent %d bytes client-owned and %d hub-owned, want %d of both", clientOwned-left, hubOwned-leftAtHub, spent)
			}
		})
	}
	done.Wait()
	if shares := h.Inspect().Shares; len(shares) != 0 {
		t.Errorf("%d shares were not delivered", len(shares))
	}
}

// Of several genuine requests for one share at once, one gets it, and only that one costs the hub
// anything. The other slave's part of the share stays.
func TestGetsAtOnce(t *testing.T) {
	const keys, gets, size = 15, 10, 2000
	h, carol, connie := newPair(t)
	carol.fetch(protocol.OwnerHub, keys*32)
	carol.fetch(protocol.OwnerClient, keys*(32+size))
	connie.fetch(protocol.OwnerHub, 4*keys*(32+size))
	connie.fetch(protocol.OwnerClient, 2*keys*gets*32)
	for n := range keys {
		carol.accept(carol.send(carol.postAll(batchOf(map[int]int{n: size}))))
		for _, slave := range []string{"susan", "sofia"} {
			ask := askFor(keyID(n))
			ask.SlaveSAE = slave
			var asked []request
			for range gets {
				asked = append(asked, connie.get(ask))
			}
			clientOwned, hubOwned := connie.unused()
			statuses := atOnce(t, h, asked...)
			if statuses[http.StatusOK] != 1 || statuses[http.StatusNotFound] != gets-1 {
				t.Errorf("the answers are %v", statuses)
			}
			if c, h := connie.unused(); clientOwned-c != gets*32 || hubOwned-h != 32+size {
				t.Errorf("spent %d bytes client-owned and %d hub-owned, want %d and %d", clientOwned-c, hubOwned-h, gets*32, 32+size)
			}
		}
	}
}

// One request several times at once is granted once, and costs as much as one request.
func TestReplaysAtOnce(t *testing.T) {
	h, carol, connie := newPair(t)
	share := []byte("a share of a key")
	wantOne := func(c *conversation, r request, clientOwned, hubOwned int) {
		t.Helper()
		clientBefore, hubBefore := c.unused()
		if statuses := atOnce(t, h, r, r, r, r); statuses[http.StatusOK] != 1 {
			t.Errorf("%s: the answers are %v", r.method, statuses)
		}
		clientAfter, hubAfter := c.unused()
		if clientBefore-clientAfter != clientOwned || hubBefore-hubAfter != hubOwned {
			t.Errorf("%s: spent %d bytes client-owned and %d hub-owned, want %d and %d",
				r.method, clientBefore-clientAfter, hubBefore-hubAfter, clientOwned, hubOwned)
		}
	}
	for n := range 15 {
		wantOne(carol, carol.post(shareOf(keyID(n)), share), 48, 32)
		wantOne(connie, connie.get(askFor(keyID(n))), 32, 48)
	}
}

// Of several clients that register the same encryptor at once, one gets it.
func TestClaimsAtOnce(t *testing.T) {
	h := newHub(t, hub.Config{})
	var claims []request
	for n := range 8 {
		c := meet(t, h, fmt.Sprint("client-", n))
		claims = append(claims, c.put(fmt.Sprintf(`{"client_name": %q, "encryptor_names": ["sam"]}`, c.name)))
	}
	statuses := atOnce(t, h, claims...)
	if statuses[http.StatusOK] != 1 || statuses[http.StatusForbidden] != 7 || len(encryptors(h)) != 1 {
		t.Errorf("the answers are %v, the clients %q", statuses, encryptors(h))
	}
}
