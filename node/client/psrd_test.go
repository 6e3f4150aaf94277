package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/node"
	"dske/protocol"
)

// smallPools hold just the PSRD for one key.
var smallPools = PSRD{BlockSize: 96, LowWater: 1, HighWater: 96}

func isPSRD(r *http.Request, owner protocol.PoolOwner) bool {
	return strings.HasSuffix(r.URL.Path, protocol.PathPSRD) && r.URL.Query().Get("pool_owner") == string(owner)
}

func TestRegistrationIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var attempts atomic.Int32
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if hubOf(r) == "hank" {
				attempts.Add(1)
				return nil, errors.New("connection refused")
			}
			return next(r)
		})
		carol := w.run(w.config("carol", "sam"))
		time.Sleep(20 * time.Second)
		select {
		case <-carol.Ready():
			t.Fatal("ready without hank")
		default:
		}
		if n := attempts.Load(); n != 9 { // after 50 ms, 100 ms, 200 ms, ...
			t.Errorf("%d attempts in 20 s", n)
		}
		time.Sleep(24 * time.Hour)
		if n := attempts.Load(); n < 288 || n > 288+15 { // every five minutes, in the end
			t.Errorf("%d attempts in a day", n)
		}
		w.onTheWire(nil)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		<-carol.Ready()
	})
}

func TestWrongHubName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		config := w.config("carol", "sam")
		config.Hubs[0].Name = "henry"
		w.run(config)
		time.Sleep(time.Second)
		if !strings.Contains(w.logged(), `is hub \"hank\" and not \"henry\"`) {
			t.Errorf("the log says %s", w.logged())
		}
	})
}

func TestTopUpInBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		config := w.config("carol", "sam")
		config.PSRD = PSRD{BlockSize: 1000, LowWater: 900, HighWater: 1000}
		carol := w.ready(config)
		w.ready(w.config("connie", "sofia"))
		for range 2 {
			w.getKey(carol, "sam", "sofia") // 64 bytes each
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for _, h := range carol.Inspect().PeerHubs {
			if own, peer := h.LocalPool.Unused(), h.PeerPool.Unused(); own != 1000-128+1000 || peer != 1000-64 {
				t.Errorf("%s: %d and %d bytes", h.HubName, own, peer)
			}
		}
	})
}

func TestPSRDOnDemandIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		config := w.config("carol", "sam")
		config.PSRD, config.Single = smallPools, true // otherwise messages that meet a slow one would share the next
		carol := w.ready(config)
		config = w.config("connie", "sofia")
		config.PSRD, config.Single = smallPools, true
		connie := w.ready(config)
		for range 5 {
			made := w.getKey(carol, "sam", "sofia")
			if got, err := fetch(connie, "sofia", "sam", made.ID); err != nil || !bytes.Equal(got, made.Key.Reveal()) {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second) // a request that has waited in line continues a nanosecond later
		synctest.Wait()
		// Every key costs 32+32 and 32 bytes, even where the hub first needed more PSRD.
		for _, h := range append(carol.Inspect().PeerHubs, connie.Inspect().PeerHubs...) {
			own, peer := used(h.LocalPool), used(h.PeerPool)
			if (own+peer)%96 != 5*96%96 {
				t.Errorf("%s: %d and %d bytes used", h.HubName, own, peer)
			}
		}
	})
}

func used(pool node.PoolStatus) int {
	sum := 0
	for _, b := range pool.Blocks {
		sum += b.Used
	}
	return sum
}

// A hub may use a block that is still on its way to the client, for a signature or for a pad.
func TestLateBlock(t *testing.T) {
	for _, suite := range []protocol.Suite{protocol.Python, protocol.ITS} {
		synctest.Test(t, func(t *testing.T) { testLateBlock(t, newWorldOf(t, suite)) })
	}
}

func testLateBlock(t *testing.T, w *world) {
	carol := w.ready(w.config("carol", "sam"))
	config := w.config("connie", "sofia")
	config.PSRD, config.Single = smallPools, true
	connie := w.ready(config)
	keys := []etsi.Key{w.getKey(carol, "sam", "sofia"), w.getKey(carol, "sam", "sofia"), w.getKey(carol, "sam", "sofia")}
	if _, err := fetch(connie, "sofia", "sam", keys[0].ID); err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // what is left is too little for a share with its signature
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		response, err := next(r)
		if isPSRD(r, protocol.OwnerHub) {
			time.Sleep(time.Second) // the hub has the block, the client not yet
		}
		return response, err
	})
	done := make(chan error)
	for _, key := range keys[1:] {
		go func() {
			_, err := fetch(connie, "sofia", "sam", key.ID)
			done <- err
		}()
		time.Sleep(time.Millisecond)
	}
	for range keys[1:] {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(w.logged(), "registering again") {
		t.Errorf("the client lost patience: %s", w.logged())
	}
}

// If the response with a hub-owned block is lost, the hub would seal shares with bytes that the
// client does not have.
func TestLostBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		carol := w.ready(w.config("carol", "sam"))
		config := w.config("connie", "sofia")
		config.PSRD, config.Single = smallPools, true
		connie := w.ready(config)
		first, second := w.getKey(carol, "sam", "sofia"), w.getKey(carol, "sam", "sofia")
		if _, err := fetch(connie, "sofia", "sam", first.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			response, err := next(r)
			if isPSRD(r, protocol.OwnerHub) {
				return nil, errors.New("connection reset")
			}
			return response, err
		})
		if _, err := fetch(connie, "sofia", "sam", second.ID); err == nil {
			t.Fatal("no error although every block was lost")
		}
		w.onTheWire(nil)
		got, err := fetch(connie, "sofia", "sam", second.ID)
		if err != nil || !bytes.Equal(got, second.Key.Reveal()) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// A request that ends before its hubs have answered names each of them as a cause.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		config := w.config("carol", "sam")
		config.RequestTimeout = 2 * time.Second
		carol := w.ready(config)
		w.ready(w.config("connie", "sofia"))
		w.getKey(carol, "sam", "sofia")
		w.onTheWire(hang)
		for slave, cause := range map[string]string{
			"sofia": "no answer in 2s",
			"simon": "not asked: the time for the request is over", // looking for its client took all the time
		} {
			before := time.Now()
			_, err := carol.GetKey(context.Background(), "sam", slave, etsi.KeyRequest{Number: 1, Size: 256})
			if text, ok := is503(err, "scatter"); !ok || strings.Count(text, cause) != 5 || time.Since(before) > 2*time.Second {
				t.Errorf("after %v: %v", time.Since(before), err)
			}
		}
	})
}

func TestNotRunning(t *testing.T) {
	w := newWorld(t)
	c, err := New(w.config("carol", "sam"))
	if err != nil {
		t.Fatal(err)
	}
	var refused *etsi.Error
	if _, err := fetch(c, "sam", "sofia", uuid.New()); !errors.As(err, &refused) || refused.Status != 503 {
		t.Errorf("got %v", err)
	}
}

func TestRandomSourceFails(t *testing.T) {
	w := newWorld(t)
	config := w.config("carol", "sam")
	broken := errors.New("no entropy")
	config.Random = func(string) io.Reader { return iotest.ErrReader(broken) }
	carol := w.ready(config)
	w.ready(w.config("connie", "sofia"))
	if _, err := carol.GetKey(context.Background(), "sam", "sofia", etsi.KeyRequest{Number: 1, Size: 256}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestBadConfig(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*Config){
		"name":         func(c *Config) { c.Name = "Carol" },
		"encryptor":    func(c *Config) { c.Encryptors = []string{""} },
		"threshold 1":  func(c *Config) { c.Threshold = 1 },
		"threshold 6":  func(c *Config) { c.Threshold = 6 },
		"no hubs":      func(c *Config) { c.Hubs = nil },
		"255 hubs":     func(c *Config) { c.Hubs = make([]Hub, 255) },
		"block size":   func(c *Config) { c.PSRD.BlockSize = protocol.MaxBlockSize + 1 },
		"water marks":  func(c *Config) { c.PSRD = PSRD{LowWater: 2, HighWater: 1} },
		"high water":   func(c *Config) { c.PSRD.HighWater = protocol.MaxPoolSize - protocol.DefaultBlockSize + 2 },
		"no transport": func(c *Config) { c.Transport = nil },
	} {
		config := w.config("carol", "sam")
		change(&config)
		if _, err := New(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Parts of the hub's blocks that lost responses leave behind are given up without a request that
// looks for them.
func TestLostResponsesLeaveNoBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		config := w.config("carol", "sam", "serena")
		config.PSRD = PSRD{BlockSize: 128, LowWater: 1, HighWater: 128}
		carol := w.ready(config)
		blocks := func() int {
			synctest.Wait()
			return len(carol.Inspect().PeerHubs[0].PeerPool.Blocks)
		}
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			response, err := next(r)
			if hubOf(r) == "hank" && isShare(r, "POST") && response.StatusCode == http.StatusOK {
				return nil, errors.New("connection reset")
			}
			return response, err
		})
		for range 20 {
			w.getKey(carol, "sam", "serena")
		}
		w.onTheWire(nil)
		for range 8 {
			w.getKey(carol, "sam", "serena")
		}
		if n := blocks(); n < 5 {
			t.Errorf("%d blocks: there is nothing to give up", n)
		}
		time.Sleep(time.Minute)
		if n := blocks(); n > 2 {
			t.Errorf("%d blocks after a minute", n)
		}
	})
}
