package hub_test

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/node/hub"
	"dske/protocol"
)

// slaves are the encryptors that carol makes keys for in tests of multicast. Don is not a slave.
var slaves = []string{"dan", "sofia", "susan"}

// newCast returns a hub with carol and the clients of the slaves, by slave. Each of these clients
// also has an encryptor that is not a slave.
func newCast(t testing.TB, config hub.Config) (h *hub.Hub, carol *conversation, clientOf map[string]*conversation) {
	t.Helper()
	h = newHub(t, config)
	connie := connect(t, h, "connie", "sofia", "susan", "stella")
	dave := connect(t, h, "dave", "dan", "don")
	clientOf = map[string]*conversation{"sofia": connie, "susan": connie, "stella": connie, "dan": dave, "don": dave}
	return h, connect(t, h, "carol", "sam"), clientOf
}

// cast returns a request to deposit shares of these keys for the slaves.
func (c *conversation) cast(sizes map[int]int) request {
	c.t.Helper()
	m, values := batchOf(sizes)
	m.SlaveSAEs = slaves
	return c.postAll(m, values)
}

// askOne returns a signed request of the client for one share, and askAll one for several.
func (c *conversation) askOne(slave string, key int) request {
	c.t.Helper()
	return c.get(protocol.GetShare{ClientName: c.name, MasterSAE: "sam", SlaveSAE: slave, KeyID: keyID(key)})
}

func (c *conversation) askAll(slave string, keys ...int) request {
	c.t.Helper()
	m := protocol.GetShares{ClientName: c.name, MasterSAE: "sam", SlaveSAE: slave}
	for _, n := range keys {
		m.KeyIDs = append(m.KeyIDs, keyID(n))
	}
	return c.sign(request{method: "GET", path: protocol.PathKeyShares, query: m.Query()})
}

// TestMulticast gives each of three slaves the shares of two keys once, on either route and for the
// same cost, and a fourth encryptor none at any time.
func TestMulticast(t *testing.T) {
	h, carol, clientOf := newCast(t, hub.Config{})
	carol.wantSpent(70+32, 32, func() { carol.accept(carol.send(carol.cast(map[int]int{1: 35, 2: 35}))) })
	wantWaiting := func(slaves ...string) {
		t.Helper()
		var got []string
		for _, s := range h.Inspect().Shares {
			got = append(got, s.SlaveSAE)
		}
		if want := slices.Concat(slaves, slaves); !slices.Equal(got, want) {
			t.Errorf("there are shares for %q, want %q", got, want)
		}
	}
	wantStrangersRefused := func() {
		t.Helper()
		for _, stranger := range []string{"stella", "don"} {
			c := clientOf[stranger]
			c.wantSpent(32, 0, func() { wantRefused(t, c.send(c.askOne(stranger, 1)), 403, protocol.ErrNotMeantForCaller) })
			c.wantSpent(32, 32, func() { c.openAll(c.send(c.askAll(stranger, 1, 2)), nil, map[int]int{1: 403, 2: 403}) })
		}
	}
	for i, slave := range slaves {
		wantWaiting(slaves[i:]...)
		wantStrangersRefused()
		c := clientOf[slave]
		c.wantSpent(32, 35+32, func() { c.open(c.send(c.askOne(slave, 1)), valueOf(1, 35)) })
		if i < len(slaves)-1 {
			wantStrangersRefused() // even for a share that is partly delivered
			c.wantSpent(32, 0, func() { wantRefused(t, c.send(c.askOne(slave, 1)), 404, protocol.ErrUnknownKey) })
		}
		c.wantSpent(32, 35+32, func() {
			c.openAll(c.send(c.askAll(slave, 2, 1)), map[int]int{2: 35}, map[int]int{1: 404})
		})
		c.wantSpent(32, 32, func() { c.openAll(c.send(c.askAll(slave, 1, 2)), nil, map[int]int{1: 404, 2: 404}) })
	}
	wantWaiting()
	don := clientOf["don"]
	wantRefused(t, don.send(don.askOne("don", 1)), 404, protocol.ErrUnknownKey) // forgotten
	carol.accept(carol.send(carol.cast(map[int]int{1: 10})))
}

// A share that some of its slaves have fetched still occupies its key ID, and expires for the
// others.
func TestMulticastExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		h, carol, clientOf := newCast(t, hub.Config{ShareTTL: time.Minute, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		run(t, h)
		connie, dave := clientOf["sofia"], clientOf["dan"]
		carol.accept(carol.send(carol.cast(map[int]int{1: 20, 2: 20})))
		sleep(time.Minute - 1)
		connie.openAll(connie.send(connie.askAll("sofia", 1, 2)), map[int]int{1: 20, 2: 20}, nil)
		dave.open(dave.send(dave.askOne("dan", 1)), valueOf(1, 20))
		wantRefused(t, carol.send(carol.cast(map[int]int{3: 10, 2: 10})), 409, protocol.ErrDuplicateKey)
		carol.accept(carol.send(carol.cast(map[int]int{3: 10})))
		sleep(1)
		dave.openAll(dave.send(dave.askAll("dan", 1, 2, 3)), map[int]int{3: 10}, map[int]int{1: 404, 2: 404})
		wantRefused(t, connie.send(connie.askOne("susan", 2)), 404, protocol.ErrUnknownKey)
		if shares := h.Inspect().Shares; len(shares) != 2 || !strings.Contains(log.String(), `msg="shares expired" count=2`) {
			t.Errorf("the shares are %+v and the log %s", shares, &log)
		}
	})
}

// Shares that have expired but are not forgotten yet do not keep a batch out; a live share does.
func TestExpiredSharesAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, carol, connie := pairFor(t, hub.Config{ShareTTL: time.Minute}) // not run: nothing is forgotten
		carol.accept(carol.send(carol.postAll(batchOf(map[int]int{1: 10, 2: 10}))))
		sleep(time.Second)
		carol.accept(carol.send(carol.postAll(batchOf(map[int]int{3: 10}))))
		sleep(59 * time.Second)
		wantRefused(t, carol.send(carol.postAll(batchOf(map[int]int{1: 20, 2: 20, 3: 20}))), 409, protocol.ErrDuplicateKey)
		asked := connie.askAll("sofia", 1, 2, 3)
		connie.openAll(connie.send(asked), map[int]int{3: 10}, map[int]int{1: 404, 2: 404})
		carol.accept(carol.send(carol.postAll(batchOf(map[int]int{1: 20, 2: 20, 4: 20}))))
		connie.openAll(connie.send(connie.askAll("sofia", 1, 2, 4)), map[int]int{1: 20, 2: 20, 4: 20}, nil)
	})
}

// TestMulticastAtOnce has the slaves fetch at the same time and repeatedly, one by one and
// together. In any order, each slave gets each share once, and no byte is wasted.
func TestMulticastAtOnce(t *testing.T) {
	const rounds, size = 20, 25
	h, carol, clientOf := newCast(t, hub.Config{})
	clients := []*conversation{carol, clientOf["dan"], clientOf["sofia"]}
	for _, c := range clients {
		c.fetch(protocol.OwnerClient, rounds*1000)
		c.fetch(protocol.OwnerHub, rounds*1000)
	}
	for range rounds {
		carol.accept(carol.send(carol.cast(map[int]int{1: size, 2: size})))
		var asked []request
		var from []*conversation
		before := map[*conversation][2]int{}
		for _, slave := range slaves {
			c := clientOf[slave]
			asked = append(asked, c.askOne(slave, 1), c.askAll(slave, 1, 2), c.askAll(slave, 2, 1), c.askAll(slave, 2))
			from = append(from, c, c, c, c)
			clientOwned, hubOwned := c.unused()
			before[c] = [2]int{clientOwned, hubOwned}
		}
		shares, answers := map[string]int{}, map[*conversation]int{}
		for i, w := range answersAtOnce(t, h, asked...) {
			if w.Code == 404 {
				continue
			}
			answers[from[i]]++
			for _, value := range from[i].values(w) {
				shares[slaves[i/4]+string(value)]++
			}
		}
		for _, slave := range slaves { // concurrent batches can fail and leave shares behind
			c := clientOf[slave]
			for _, value := range c.values(c.send(c.askAll(slave, 1, 2))) {
				shares[slave+string(value)]++
			}
			answers[c]++
		}
		for share, times := range shares {
			if times != 1 {
				t.Errorf("%q was delivered %d times", share, times)
			}
		}
		if left := h.Inspect().Shares; len(shares) != 6 || len(left) != 0 {
			t.Errorf("the shares %q were delivered, %+v are left", slices.Collect(maps.Keys(shares)), left)
		}
		for slave, number := range map[string]int{"dan": 1, "sofia": 2} { // connie serves two slaves
			c := clientOf[slave]
			clientOwned, hubOwned := c.unused()
			spent, spentByHub := before[c][0]-clientOwned, before[c][1]-hubOwned
			if spent != 32*5*number || spentByHub != 32*answers[c]+2*size*number {
				t.Errorf("%s spent %d bytes, and the hub %d on %d answers", c.name, spent, spentByHub, answers[c])
			}
		}
	}
}
