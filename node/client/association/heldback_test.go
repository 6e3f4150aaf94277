//go:build !race

package association

import (
	"testing"
	"time"

	"dske/protocol"
)

// The network has held back so many requests that the pool is full at the hub and empty at the
// client. That is 64 MiB from a hub, which take too long under the race detector.
func TestHeldBackRequestsLockNobodyOut(t *testing.T) {
	w := newWorldOf(t, protocol.ITS, PSRD{}, time.Minute)
	for range protocol.MaxPoolSize / protocol.MaxBlockSize {
		if _, err := w.Reserve(t.Context(), protocol.MaxBlockSize); err != nil {
			t.Fatal(err)
		}
	}
	_, first := w.deposit(32)
	if _, err := w.deposit(32); err != nil {
		t.Errorf("first %v, then %v", first, err)
	}
}
