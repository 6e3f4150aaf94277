package sim

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
)

func TestMulticast(t *testing.T) {
	for _, number := range []int{1, 5} {
		n := start(t, Config{})
		ctx := context.Background()
		made, err := n.sae("sam").GetKey(ctx, "sofia", etsi.KeyRequest{Number: number, AdditionalSlaves: []string{"susan", "serena"}})
		if err != nil {
			t.Fatal(err)
		}
		var ids []uuid.UUID
		for _, k := range made {
			ids = append(ids, k.ID)
		}
		for _, other := range []string{"sunny", "cindy"} {
			if _, err := n.sae(other).GetKeyWithKeyIDs(ctx, "sam", ids...); !errors.Is(err, etsi.ErrUnauthorized) {
				t.Errorf("%s gets %v", other, err)
			}
		}
		for _, slave := range []string{"sofia", "susan", "serena"} {
			fetched, err := n.sae(slave).GetKeyWithKeyIDs(ctx, "sam", ids...)
			if err != nil || len(fetched) != number {
				t.Fatalf("%s gets %v", slave, err)
			}
			for i := range made {
				if !bytes.Equal(made[i].Key.Reveal(), fetched[i].Key.Reveal()) {
					t.Errorf("%s gets another key", slave)
				}
			}
			if _, err := n.sae(slave).GetKeyWithKeyIDs(ctx, "sam", ids...); !errors.Is(err, etsi.ErrKeyNotFound) {
				t.Errorf("%s gets %v the second time", slave, err)
			}
		}
	}
}

func TestMulticastToAnUnknownSlave(t *testing.T) {
	n := start(t, Config{})
	_, err := n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{AdditionalSlaves: []string{"nobody"}})
	var refused *etsi.Error
	if !errors.As(err, &refused) || refused.Status != 400 {
		t.Errorf("got %v", err)
	}
}
