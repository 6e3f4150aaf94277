package node

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAlarm(time.Hour)
		began := time.Now()
		rings := func(want time.Duration) {
			t.Helper()
			if err := a.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if rung := time.Since(began); rung != want {
				t.Errorf("it rings after %v, not after %v", rung, want)
			}
		}
		silent := func() {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
			defer cancel()
			if a.Wait(ctx) == nil {
				t.Error("it rings although nothing expires")
			}
		}
		a.By(time.Time{})
		silent()
		began = began.Add(2 * time.Hour)
		a.By(began.Add(3 * time.Minute))
		a.By(began.Add(time.Minute))
		a.By(began.Add(2 * time.Minute))
		rings(time.Minute)
		a.By(began.Add(2 * time.Minute))
		rings(2 * time.Minute)
		a.By(began) // in the past, but the alarm has just rung
		rings(2*time.Minute + sweepEvery)
		a.By(began.Add(time.Hour))
		a.Stop()
		silent()
	})
}

// An alarm for data that lives shorter than nodes usually wait rings more often.
func TestAlarmOfShortLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAlarm(time.Second)
		began := time.Now()
		for range 3 {
			a.By(began)
			_ = a.Wait(t.Context())
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("three rings take %v", took)
		}
	})
}

func TestEarlier(t *testing.T) {
	never, early, late := time.Time{}, time.Unix(1, 0), time.Unix(2, 0)
	for _, c := range [][3]time.Time{{never, never, never}, {never, early, early}, {early, never, early}, {early, late, early}, {late, early, early}} {
		if got := Earlier(c[0], c[1]); got != c[2] {
			t.Errorf("of %v and %v it is %v", c[0], c[1], got)
		}
	}
}
