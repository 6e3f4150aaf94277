package association

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// deposit gives the hub a share of a key of size bytes.
func (w *world) deposit(size int) (uuid.UUID, error) {
	id := uuid.New()
	share := protocol.Share{Value: protocol.NewSecret(make([]byte, w.suite.ShareSize(size, 1)))}
	share.Terms = protocol.Terms{Suite: w.suite.Name(), Version: w.suite.Version(), KeySize: size, Threshold: 2, SecretTag: make([]byte, 16)}
	batch := Batch{Master: "sam", Slaves: []string{"sam"}, Keys: protocol.KeyIDs{id}, Shares: []protocol.Share{share}}
	_, err := w.Post(w.Context(), batch, nil)
	return id, err
}

// The network has held back so many answers that the pool is full at the client and too empty at
// the hub.
func TestHeldBackAnswersLockNobodyOut(t *testing.T) {
	w := newWorldOf(t, protocol.ITS, PSRD{}, time.Minute)
	id, err := w.deposit(32 << 10) // more than the hub has to seal with
	if err != nil {
		t.Fatal(err)
	}
	for range protocol.MaxPoolSize / protocol.MaxBlockSize {
		w.current().channel.Peer.Add(psrd.NewBlock(uuid.New(), make([]byte, protocol.MaxBlockSize)))
	}
	if err := w.get(id); err != nil {
		t.Errorf("the share: %v", err)
	}
}
