package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

func TestRefusals(t *testing.T) {
	var r Refusals
	if list := r.List(); list == nil || len(list) != 0 {
		t.Errorf("before there is any: %v", list)
	}
	r.Add(errors.New("the disk is full"), 2)
	r.Add(context.DeadlineExceeded, 1)
	r.Add(fmt.Errorf("hank: %w", NewError(&psrd.ExhaustedError{Needed: 2, Available: 1})), 3)
	r.Add(Reported(404, "Unknown key ID."), 1)
	r.Add(protocol.ErrUnknownKey, 4)
	want := []Refusal{{"unknown_key", 5}, {"out_of_psrd", 3}, {"deadline_passed", 1}, {"other", 2}}
	if got := r.List(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEveryErrorHasAReasonOfItsOwn(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"other": true}
	for _, row := range statuses {
		if seen[row.reason] || !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(row.reason) {
			t.Errorf("%v: reason %q", row.err, row.reason)
		}
		seen[row.reason] = true
		if !strings.Contains(string(readme), "`"+row.reason+"`") {
			t.Errorf("README.md lacks %s", row.reason)
		}
	}
}

func pool(t *testing.T, owned bool, size int) *psrd.Pool {
	t.Helper()
	p := psrd.NewPeerPool(psrd.ForAll)
	if owned {
		p = psrd.NewOwnPool(psrd.ForAll)
	}
	if err := p.Add(psrd.NewBlock(uuid.New(), make([]byte, size))); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStock(t *testing.T) {
	var counters Counters
	if got := counters.Stock(); got != (Stock{}) {
		t.Errorf("nothing is %+v", got)
	}
	own, peer := pool(t, true, 100), pool(t, false, 90)
	counters.Watch([]*psrd.Pool{own}, []*psrd.Pool{peer})
	for _, consume := range []bool{true, false} {
		allocation, err := own.Allocate(7)
		if err != nil {
			t.Fatal(err)
		}
		if consume {
			allocation.Consume()
		}
	}
	if _, err := peer.Take([]psrd.Fragment{{Block: peer.Status()[0].UUID, Start: 50, Size: 20}}); err != nil {
		t.Fatal(err)
	}
	stock := counters.Stock()
	stock.Add([]*psrd.Pool{own}, []*psrd.Pool{peer})
	stock.Add([]*psrd.Pool{pool(t, true, 1000)}, []*psrd.Pool{pool(t, false, 2000)})
	want := Stock{Associations: 2, Least: 70, ClientOwned: Levels{1086, 7, 7}, HubOwned: Levels{2070, 0, 20}}
	if stock != want {
		t.Errorf("got %+v, want %+v", stock, want)
	}
	if stock.Add([]*psrd.Pool{pool(t, true, 50), pool(t, true, 5)}, []*psrd.Pool{pool(t, false, 3)}); stock.Least != 3 {
		t.Errorf("the least is %d", stock.Least)
	}
}
