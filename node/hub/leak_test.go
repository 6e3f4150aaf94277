package hub

import (
	"reflect"
	"testing"

	"github.com/google/uuid"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

func TestLeak(t *testing.T) {
	h, err := New(Config{Name: "hank", Directory: Everybody, Suite: protocol.Python})
	if err != nil {
		t.Fatal(err)
	}
	if leak := h.Leak(); len(leak.Blocks) != 0 || len(leak.Shares) != 0 {
		t.Errorf("a new hub leaks %d blocks and %d shares", len(leak.Blocks), len(leak.Shares))
	}
	var handedOut []psrd.LeakedBlock
	for _, client := range []string{"carol", "connie"} {
		if err := h.register(t.Context(), protocol.Registration{ClientName: client}, node.Proof{}); err != nil {
			t.Fatal(err)
		}
		for _, owner := range []protocol.PoolOwner{protocol.OwnerHub, protocol.OwnerClient} {
			body, err := h.addBlock(h.clients[client], protocol.GetBlock{ClientName: client, Owner: owner, Size: 100})
			if err != nil {
				t.Fatal(err)
			}
			var block protocol.BlockData
			if err := protocol.Unmarshal(body, &block); err != nil {
				t.Fatal(err)
			}
			handedOut = append(handedOut, psrd.LeakedBlock{UUID: block.UUID, Data: block.Data})
		}
	}
	for i := range 2 {
		if err := h.shares.put([]keyShare{{uuid.UUID{byte(2 - i)}, &share{Share: protocol.Share{Index: i, Value: protocol.NewSecret([]byte{byte(i)})}}}}); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(h.LeakBlocks("carol"), handedOut[:2]) || h.LeakBlocks("nobody") != nil {
		t.Error("the leak of one client is not that of its pools")
	}
	leak := h.Leak()
	if !reflect.DeepEqual(leak.Blocks, handedOut) {
		t.Errorf("leaked %v, want %v", leak.Blocks, handedOut)
	}
	if len(leak.Shares) != 2 {
		t.Fatalf("leaked %d shares, want 2", len(leak.Shares))
	}
	for i, s := range leak.Shares {
		if s.KeyID != (uuid.UUID{byte(1 + i)}) || s.Index != 1-i || s.Value.Reveal()[0] != byte(1-i) {
			t.Errorf("share %d is %v", i, s)
		}
	}
	leak.Shares[0].Value.Reveal()[0] = 99 // it is a copy
	if got := h.Leak().Shares[0].Value.Reveal()[0]; got == 99 {
		t.Error("a change of the leak changed the hub")
	}
}
