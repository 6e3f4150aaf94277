package node

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rung := make(chan struct{})
		a := NewAlarm(time.Hour, func() { rung <- struct{}{} })
		began := time.Now()
		rings := func(want time.Duration) {
			t.Helper()
			<-rung
			if after := time.Since(began); after != want {
				t.Errorf("it rings after %v, not after %v", after, want)
			}
		}
		if a.By(time.Time{}); a.timer != nil {
			t.Error("there is a timer although nothing expires")
		}
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
		time.Sleep(2 * time.Hour)
		select {
		case <-rung:
			t.Error("it rings although it was stopped")
		default:
		}
	})
}

// An alarm for data that lives shorter than nodes usually wait rings more often.
func TestAlarmOfShortLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rung := make(chan struct{})
		a := NewAlarm(time.Second, func() { rung <- struct{}{} })
		began := time.Now()
		for range 3 {
			a.By(began)
			<-rung
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
