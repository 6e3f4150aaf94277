package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/protocol"
)

// makeAtOnce makes a key of that many bits in each of the contexts, a millisecond after the one
// before, and returns those keys that were made, and the errors.
func makeAtOnce(c *Client, bits int, in ...context.Context) (keys []etsi.Key, errs []error) {
	keys, errs = make([]etsi.Key, len(in)), make([]error, len(in))
	var done sync.WaitGroup
	for i, ctx := range in {
		done.Go(func() {
			time.Sleep(time.Duration(i) * time.Millisecond)
			made, err := c.GetKey(ctx, "sam", "sofia", etsi.KeyRequest{Number: 1, Size: bits})
			if errs[i] = err; err == nil {
				keys[i] = made[0]
			}
		})
	}
	done.Wait()
	return keys, errs
}

// slowly delivers messages about shares after a while, and counts them.
func (c *counter) slowly(takes time.Duration) func(*http.Request, roundTrip) (*http.Response, error) {
	return func(r *http.Request, next roundTrip) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/key-share") {
			time.Sleep(takes)
		}
		return c.watch(r, next)
	}
}

func contexts(n int) []context.Context {
	all := make([]context.Context, n)
	for i := range all {
		all[i] = context.Background()
	}
	return all
}

// Keys that are asked for while others are being scattered are scattered together, unless that is
// switched off or they are large. Each of them can be fetched.
func TestKeysAreScatteredTogether(t *testing.T) {
	for _, test := range []struct {
		single                 bool
		bits, alone, togethers int
	}{
		{false, 256, 5, 5},
		{true, 256, 50, 0},
		{false, 8 * (maxLoad + 1), 50, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorldOf(t, protocol.ITS)
			config := w.config("carol", "sam")
			config.Single = test.single
			carol, connie := w.ready(config), w.ready(w.config("connie", "sofia"))
			getKeys(t, carol, connie, 1, 256)
			synctest.Wait()
			c := &counter{counts: map[string]int{}}
			w.onTheWire(c.slowly(12 * time.Millisecond))
			keys, errs := makeAtOnce(carol, test.bits, contexts(10)...)
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if alone, togethers := c.count("POST key-share"), c.count("POST key-shares"); alone != test.alone || togethers != test.togethers {
				t.Errorf("%+v: %d messages with one share, %d with several", test, alone, togethers)
			}
			w.onTheWire(nil)
			for i, k := range keys {
				if got, err := fetch(connie, "sofia", "sam", k.ID); err != nil || !bytes.Equal(got, k.Key.Reveal()) {
					t.Errorf("key %d: %v", i, err)
				}
			}
		})
	}
}

// A request that is given up takes only its own key with it, whether it leads the others or not.
func TestOneOfSeveralGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS)
		carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
		getKeys(t, carol, connie, 1, 256)
		synctest.Wait()
		w.onTheWire((&counter{counts: map[string]int{}}).slowly(20 * time.Millisecond))
		in := contexts(5)
		for _, i := range []int{1, 3} {
			ctx, cancel := context.WithTimeout(context.Background(), 25*time.Millisecond)
			defer cancel()
			in[i] = ctx
		}
		_, errs := makeAtOnce(carol, 256, in...)
		for i, err := range errs {
			// The leader has its keys when it could give up.
			if gaveUp := i == 3; errors.Is(err, context.DeadlineExceeded) != gaveUp || err != nil && !gaveUp {
				t.Errorf("request %d: %v", i, err)
			}
		}
	})
}

// If so many hubs refuse keys together that too few have taken them, each is scattered alone.
func TestKeysRefusedTogetherAreScatteredAlone(t *testing.T) {
	for _, test := range []struct {
		refuse *regexp.Regexp
		alone  int
	}{
		{regexp.MustCompile("/hub/.*/key-shares$"), 25},
		{regexp.MustCompile("/hub/(hank|helen|hilary)/.*/key-shares$"), 25},
		{regexp.MustCompile("/hub/(hank|helen)/.*/key-shares$"), 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			carol, connie := w.ready(w.config("carol", "sam")), w.ready(w.config("connie", "sofia"))
			getKeys(t, carol, connie, 1, 256)
			synctest.Wait()
			c := &counter{counts: map[string]int{}}
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				return c.slowly(12*time.Millisecond)(r, func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodPost && test.refuse.MatchString(r.URL.Path) {
						return stopped()
					}
					return next(r)
				})
			})
			keys, errs := makeAtOnce(carol, 256, contexts(5)...)
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if c.count("POST key-shares") != 5 || c.count("POST key-share") != test.alone {
				t.Errorf("%v: got %v", test.refuse, c.counts)
			}
			for i, k := range keys {
				if got, err := fetch(connie, "sofia", "sam", k.ID); err != nil || !bytes.Equal(got, k.Key.Reveal()) {
					t.Errorf("%v: key %d: %v", test.refuse, i, err)
				}
			}
		})
	}
}
