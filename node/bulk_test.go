package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Large work waits for its turn while its context lasts; small work does not wait.
func TestBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBulk()
		var leaving []func()
		for {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			leave, err := b.Enter(ctx, SmallBatch+1)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				break
			}
			leaving = append(leaving, leave)
		}
		if len(leaving) == 0 {
			t.Fatal("no work can start")
		}
		for _, small := range []struct {
			bulk *Bulk
			size int
		}{{b, SmallBatch}, {nil, 1 << 30}} {
			leave, err := small.bulk.Enter(t.Context(), small.size)
			if err != nil {
				t.Error(err)
			}
			leave()
		}
		leaving[0]()
		if _, err := b.Enter(t.Context(), SmallBatch+1); err != nil {
			t.Error(err)
		}
	})
}
