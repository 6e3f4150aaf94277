package client

import (
	"testing"
	"testing/synctest"
	"time"
)

// A master stops waiting for hubs that are usually late as soon as it knows that they are. It goes
// on waiting for a hub that was late once, and for one that has become prompt. All hubs get their
// shares.
func TestMasterWaitsForPromptHubsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		carol, _ := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		made := 0
		// times makes a number of keys while holly and hugo are delayed, and returns how long the
		// first and the last of them took.
		times := func(number int, takes time.Duration) (first, last time.Duration) {
			w.onTheWire(slowly(map[string]time.Duration{"holly": takes, "hugo": takes}))
			for i := range number {
				began := time.Now()
				w.getKey(carol, "sam", "sofia")
				if last = time.Since(began); i == 0 {
					first = last
				}
				time.Sleep(time.Second)
			}
			made += number
			return first, last
		}
		for _, test := range []struct {
			number      int
			takes       time.Duration
			first, last time.Duration
		}{
			{20, 2 * time.Millisecond, 2 * time.Millisecond, 2 * time.Millisecond},
			{1, 30 * time.Millisecond, 30 * time.Millisecond, 30 * time.Millisecond},
			{20, 100 * time.Millisecond, stragglerGrace, 0},
			{40, 0, 0, 0},
			{1, 30 * time.Millisecond, 30 * time.Millisecond, 30 * time.Millisecond},
		} {
			if first, last := times(test.number, test.takes); first != test.first || last != test.last {
				t.Errorf("at %v, %d keys took %v to %v, not %v to %v", test.takes, test.number, first, last, test.first, test.last)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for name, hub := range w.hubs {
			if n := hub.SharesWaiting(); n != made {
				t.Errorf("%s has %d shares of %d", name, n, made)
			}
		}
	})
}
