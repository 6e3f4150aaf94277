package node

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := NewLine()
		if err := line.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		var served []int
		for i := range 5 {
			go func() {
				line.Enter(t.Context())
				served = append(served, i)
				line.Leave()
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := line.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		line.Leave()
		time.Sleep(time.Second)
		synctest.Wait()
		if !slices.Equal(served, []int{0, 1, 2, 3, 4}) {
			t.Errorf("served in the order %v", served)
		}
	})
}
