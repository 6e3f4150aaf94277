package hub_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/node/hub"
	"dske/protocol"
)

// run runs the hub in a bubble for the rest of the test, and checks that it stops when told to.
func run(t *testing.T, h *hub.Hub) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// sleep lets time pass in a bubble, and waits for what is due then.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// pairFor returns a hub with carol and connie, for the bubble of a test.
func pairFor(t *testing.T, config hub.Config) (h *hub.Hub, carol, connie *conversation) {
	t.Helper()
	h = newHub(t, config)
	return h, connect(t, h, "carol", "sam"), connect(t, h, "connie", "sofia", "susan")
}

func TestSharesExpire(t *testing.T) {
	for ttl, sweep := range map[time.Duration]time.Duration{ // how long a share lives, and how much longer it may still be seen
		0:                   0,
		time.Hour:           0,
		time.Second:         0,
		10*time.Minute + 1:  5*time.Second - 1,
		10*time.Minute - 10: 10,
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			h, carol, connie := pairFor(t, hub.Config{ShareTTL: ttl, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if ttl == 0 {
				ttl = time.Hour // the default
			}
			run(t, h)
			for n := range 3 {
				carol.accept(carol.send(carol.post(shareOf(keyID(n+1)), []byte("share"))))
			}
			sleep(ttl - 1)
			connie.open(connie.send(connie.get(askFor(keyID(1)))), []byte("share"))
			sleep(1)
			wantRefused(t, connie.send(connie.get(askFor(keyID(2)))), 404, protocol.ErrUnknownKey)
			sleep(sweep)
			if shares := h.Inspect().Shares; len(shares) != 0 {
				t.Errorf("after %v there are still %+v", ttl, shares)
			}
			if text := log.String(); !strings.Contains(text, `msg="shares expired" count=2`) {
				t.Errorf("the log is %s", text)
			}
		})
	}
}

// An expired share cannot be fetched even before it is forgotten, and its key ID is free.
func TestExpiredShareIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, carol, connie := pairFor(t, hub.Config{ShareTTL: time.Minute}) // not run: nothing is forgotten
		carol.accept(carol.send(carol.post(shareOf(keyID(1)), []byte("old"))))
		sleep(time.Minute - 1)
		wantRefused(t, carol.send(carol.post(shareOf(keyID(1)), []byte("new"))), 409, protocol.ErrDuplicateKey)
		sleep(1)
		if shares := h.Inspect().Shares; len(shares) != 1 {
			t.Errorf("the shares are %+v", shares)
		}
		wantRefused(t, connie.send(connie.get(askFor(keyID(1)))), 404, protocol.ErrUnknownKey)
		carol.accept(carol.send(carol.post(shareOf(keyID(1)), []byte("new"))))
		sleep(time.Minute - 1)
		connie.open(connie.send(connie.get(askFor(keyID(1)))), []byte("new"))
	})
}

// TestOvertakenBlocks loses the two messages that a client's first block was used for. Some time
// after the second block came into use, the hub gives up the first block and counts its bytes as
// used.
func TestOvertakenBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := newHub(t, hub.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		run(t, h)
		connie := meet(t, h, "connie")
		connie.register("sofia")
		connie.fetch(protocol.OwnerClient, 64)
		connie.fetch(protocol.OwnerClient, blockSize)
		connie.fetch(protocol.OwnerHub, blockSize)
		first, second := connie.get(askFor(keyID(1))), connie.get(askFor(keyID(2)))
		sleep(10 * time.Minute)
		wantUnused := func(want int) {
			t.Helper()
			if clientOwned, hubOwned := connie.unused(); clientOwned != want || hubOwned != blockSize {
				t.Errorf("%d bytes client-owned are left, and %d hub-owned, want %d and %d", clientOwned, hubOwned, want, blockSize)
			}
		}
		wantUnused(64 + blockSize) // unused for long, but not overtaken

		wantRefused(t, connie.send(first), 404, protocol.ErrUnknownKey) // late, but the block is there
		wantRefused(t, connie.send(connie.get(askFor(keyID(3)))), 404, protocol.ErrUnknownKey)
		sleep(15*time.Second - 1)
		wantUnused(32 + blockSize - 32)
		sleep(5*time.Second + 1) // until the hub looks for it, at the latest
		wantUnused(blockSize - 32)
		wantReplay(t, h, second)
		if text := log.String(); !strings.Contains(text, `msg="blocks given up" client=connie count=1`) {
			t.Errorf("the log is %s", text)
		}
	})
}
