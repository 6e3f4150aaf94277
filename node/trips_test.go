package node

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/protocol"
)

const ms = time.Millisecond

// passenger is a load of a trip to Bern. One that gives up does so as soon as Take returns.
type passenger struct {
	name    string
	comes   time.Duration
	keys    int // 0: one
	givesUp bool

	err error // of the trip, which sets it
}

var errLate = errors.New("late")

// travel lets passengers come, whose trips take a while. The trip of the one called late fails. It
// returns when each trip left, and with whom, and when each passenger was through with it.
func travel(takes time.Duration, all ...*passenger) (left, ended []string) {
	var trips Trips[string, *passenger]
	var mu sync.Mutex
	var done sync.WaitGroup
	began := time.Now()
	note := func(list *[]string, what string) {
		mu.Lock()
		defer mu.Unlock()
		*list = append(*list, fmt.Sprint(time.Since(began), " ", what))
	}
	for _, p := range all {
		done.Go(func() {
			time.Sleep(p.comes)
			over := trips.Take("Bern", p, max(1, p.keys), func(loads []*passenger) {
				var names []string
				for _, p := range loads {
					names = append(names, p.name)
				}
				note(&left, strings.Join(names, " "))
				time.Sleep(takes)
				for _, p := range loads {
					if slices.Contains(names, "late") {
						p.err = errLate
					}
				}
			})
			if p.givesUp {
				note(&ended, p.name+" gave up")
				return
			}
			<-over
			note(&ended, fmt.Sprint(p.name, " ", p.err))
		})
	}
	done.Wait()
	if len(trips.last) > 0 {
		left = append(left, fmt.Sprint(trips.last, " are left behind"))
	}
	slices.Sort(ended)
	return left, ended
}

// A load that comes alone leaves at once, and those that come meanwhile leave together after it. A
// trip has a limited number of keys, and one that lasts is waited for only so long. Who gives up
// leaves the others alone, and the outcome of a trip is that of all its loads, and of no others.
func TestTrips(t *testing.T) {
	const most = protocol.MaxBatch
	for name, test := range map[string]struct {
		takes       time.Duration
		all         []*passenger
		left, ended []string
	}{
		"alone": {
			5 * ms, []*passenger{{name: "a"}, {name: "b", comes: 6 * ms}},
			[]string{"0s a", "6ms b"}, []string{"11ms b <nil>", "5ms a <nil>"},
		},
		"together": {
			5 * ms, []*passenger{{name: "a"}, {name: "b", comes: 1 * ms}, {name: "c", comes: 2 * ms}, {name: "d", comes: 6 * ms}},
			[]string{"0s a", "5ms b c", "10ms d"}, []string{"10ms b <nil>", "10ms c <nil>", "15ms d <nil>", "5ms a <nil>"},
		},
		"full": {
			5 * ms, []*passenger{{name: "a", keys: most}, {name: "b", comes: 1 * ms, keys: most - 1}, {name: "c", comes: 2 * ms}, {name: "d", comes: 3 * ms}},
			[]string{"0s a", "5ms b c", "10ms d"}, []string{"10ms b <nil>", "10ms c <nil>", "15ms d <nil>", "5ms a <nil>"},
		},
		"lasting": {
			time.Hour, []*passenger{{name: "a"}, {name: "b", comes: 1 * ms}, {name: "c", comes: 2 * ms}, {name: "d", comes: 30 * ms}},
			[]string{"0s a", "21ms b c", "50ms d"}, []string{"1h0m0.021s b <nil>", "1h0m0.021s c <nil>", "1h0m0.05s d <nil>", "1h0m0s a <nil>"},
		},
		"given up": {
			5 * ms, []*passenger{{name: "a", givesUp: true}, {name: "b", comes: 1 * ms, givesUp: true}, {name: "c", comes: 2 * ms, givesUp: true}, {name: "d", comes: 3 * ms}},
			// Who makes a trip stays until its end.
			[]string{"0s a", "5ms b c d"}, []string{"10ms b gave up", "10ms d <nil>", "2ms c gave up", "5ms a gave up"},
		},
		"failed": {
			5 * ms, []*passenger{{name: "a"}, {name: "b", comes: 1 * ms}, {name: "late", comes: 2 * ms}, {name: "d", comes: 6 * ms}},
			[]string{"0s a", "5ms b late", "10ms d"}, []string{"10ms b late", "10ms late late", "15ms d <nil>", "5ms a <nil>"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left, ended := travel(test.takes, test.all...)
				if !slices.Equal(left, test.left) || !slices.Equal(ended, test.ended) {
					t.Errorf("%q and %q, not %q and %q", left, ended, test.left, test.ended)
				}
			})
		})
	}
}

// Loads that have nothing in common do not wait for each other.
func TestTripsElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var trips Trips[string, string]
		began := time.Now()
		first := make(chan struct{})
		go func() {
			trips.Take("Bern", "", 1, func([]string) { <-first })
		}()
		synctest.Wait()
		trips.Take("Basel", "", 1, func([]string) {})
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it waited for %v", waited)
		}
		close(first)
	})
}
