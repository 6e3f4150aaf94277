package sim

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

func TestState(t *testing.T) {
	n := start(t, Config{})
	n.idle()
	n.getKey("sam", "sofia", 256)
	n.idle()
	state := n.State()
	// A key of 256 bits costs a pad and a signature, of 32 bytes each, at each hub.
	const full, posted = 16384, 16384 - 64
	want := State{Hubs: []bool{true, true, true, true, true}, Clients: []bool{true, true, true, true, true}}
	for range want.Clients {
		want.Levels = append(want.Levels, []int{full, full, full, full, full})
	}
	want.Levels[0] = []int{posted, posted, posted, posted, posted}
	if !reflect.DeepEqual(state, want) {
		t.Errorf("got %+v, want %+v", state, want)
	}
	n.stop("hub/helen", "client/cindy")
	state = n.State()
	if state.Hubs[1] || !state.Hubs[0] || state.Clients[2] || len(state.Levels[2]) != 0 || len(state.Levels[1]) != 5 {
		t.Errorf("with helen and cindy stopped: %+v", state)
	}
	n.start("hub/helen", "client/cindy")
	if err := n.WaitReady(context.Background()); err != nil {
		t.Fatal(err)
	}
	if state := n.State(); !state.Hubs[1] || !state.Clients[2] || state.Levels[2][1] < full {
		t.Errorf("with helen and cindy back: %+v", state)
	}
}

// A client that the hubs do not hear has no level at them.
func TestLevelOfUnregisteredHub(t *testing.T) {
	n := start(t, Config{})
	n.stop("client/carol")
	n.fault("drop from=carol to=hank")
	n.start("client/carol")
	n.idle()
	n.getKey("sam", "sofia", 256)
	if levels := n.State().Levels[0]; levels[0] != -1 || levels[1] < 1 {
		t.Errorf("carol's levels are %v", levels)
	}
}

func TestWaitIdleOfSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, Config{})
		n.idle()
		n.fault("delay=1s from=carol")
		n.getKey("sam", "sofia", 256) // carol's messages take their time
		n.fault("hang from=curtis to=hank")
		n.getKey("sunny", "sam", 256)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := n.WaitIdle(ctx, "connie", "carol"); err != nil {
			t.Error(err)
		}
		if err := n.WaitIdle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("curtis waits for a hub, and WaitIdle says %v", err)
		}
		n.ClearFaults()
	})
}
