package node

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// Small and large work is filled, and fails if there is too little.
func TestBulkFill(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789"), SmallBatch/2)
	for _, b := range []*Bulk{nil, NewBulk()} {
		for _, size := range []int{1, SmallBatch, SmallBatch + 1, len(text)} {
			data := make([]byte, size)
			if err := b.Fill(data, iotest.HalfReader(bytes.NewReader(text))); err != nil || !bytes.Equal(data, text[:size]) {
				t.Errorf("%d bytes are not filled: %v", size, err)
			}
		}
		if err := b.Fill(make([]byte, len(text)+1), bytes.NewReader(text)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("one byte too many: %v", err)
		}
	}
}

// A reader of large work reads everything, and a nil Bulk does not wrap it.
func TestBulkReader(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789"), SmallBatch/2)
	for _, b := range []*Bulk{nil, NewBulk()} {
		if all, err := io.ReadAll(b.Reader(iotest.HalfReader(bytes.NewReader(text)))); err != nil || !bytes.Equal(all, text) {
			t.Errorf("read %d of %d bytes: %v", len(all), len(text), err)
		}
	}
	reader := strings.NewReader("")
	if (*Bulk)(nil).Reader(reader) != io.Reader(reader) {
		t.Error("a nil Bulk gives way")
	}
}

// Large work goes on although there are always goroutines that wait for a processor.
func TestGiveWayEnds(t *testing.T) {
	var isOver atomic.Bool
	var busy sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		busy.Go(func() {
			for !isOver.Load() {
				runtime.Gosched()
			}
		})
	}
	giveWay()
	isOver.Store(true)
	busy.Wait()
}

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
