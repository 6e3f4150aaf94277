package hub_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"dske/node"
	"dske/node/hub"
	"dske/protocol"
	"dske/psrd"
)

func TestBlocks(t *testing.T) {
	h := newHub(t, hub.Config{})
	carol := meet(t, h, "carol")
	carol.register("sam")
	var blocks []protocol.BlockData
	for _, size := range []int{1, 100, 1000} {
		blocks = append(blocks, carol.fetch(protocol.OwnerClient, size), carol.fetch(protocol.OwnerHub, size))
	}
	pools := h.Inspect().PeerClients[0]
	for i, pool := range []node.PoolStatus{pools.PeerPool, pools.LocalPool} {
		if want := []string{"peer", "local"}[i]; pool.Owner != want || len(pool.Blocks) != 3 {
			t.Fatalf("pool of %s has %d blocks, want %s and 3", pool.Owner, len(pool.Blocks), want)
		}
		for j, size := range []int{1, 100, 1000} {
			want := psrd.BlockStatus{UUID: blocks[2*j+i].UUID, Size: size, Unused: size}
			if pool.Blocks[j] != want {
				t.Errorf("block is %+v, want %+v", pool.Blocks[j], want)
			}
		}
	}
	if bytes.Equal(blocks[4].Data, blocks[5].Data) || bytes.Equal(blocks[4].Data[:100], blocks[2].Data) {
		t.Error("two blocks are the same")
	}
}

func TestBlockForm(t *testing.T) {
	_, carol, _ := newPair(t)
	w := carol.send(carol.psrd(protocol.OwnerHub, 30))
	var form map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &form); err != nil || len(form) != 2 || len(form["block_uuid"]) != 36 || len(form["data"]) != 40 {
		t.Errorf("%s, %v", w.Body, err)
	}
}

func TestBlockRefused(t *testing.T) {
	h, carol, _ := newPair(t)
	for _, test := range []struct {
		query  string
		status int
		reason error
	}{
		{"", 400, protocol.ErrMalformed},
		{"pool_owner=hub&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub", 400, protocol.ErrMalformed},
		{"client_name=&pool_owner=hub&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=local&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=Hub&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=0", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=-1", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=many", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=1.5", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=0x10", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=99999999999999999999", 400, protocol.ErrMalformed},
		{"client_name=carol&client_name=carol&pool_owner=hub&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&pool_owner=client&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=100&size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=100&size=%zz", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub;size=100", 400, protocol.ErrMalformed},
		{"client_name=carol&pool_owner=hub&size=52428800", 413, protocol.ErrTooLarge},
		{"client_name=carol&pool_owner=hub&size=4194305", 413, protocol.ErrTooLarge},
		{"client_name=carol&pool_owner=hub&size=9223372036854775807", 413, protocol.ErrTooLarge},
		{"client_name=dave&pool_owner=hub&size=100", 403, protocol.ErrClientNotRegistered},
	} {
		r := carol.psrd(protocol.OwnerHub, 100)
		r.query = test.query
		wantFreeRefusal(t, h, r, test.status, test.reason)
	}
	w := carol.send(carol.psrd(protocol.OwnerHub, protocol.MaxBlockSize+1))
	wantDetails(t, w, `{"limit":4194304,"size":4194305}`)
	wantOK(t, carol.send(carol.psrd(protocol.OwnerHub, protocol.MaxBlockSize)))
}

// yielding lets other goroutines run at every read.
type yielding struct{ io.Reader }

func (y yielding) Read(p []byte) (int, error) {
	runtime.Gosched()
	return y.Reader.Read(p)
}

func TestPoolIsFull(t *testing.T) {
	h := newHub(t, hub.Config{Random: func(string) io.Reader { return yielding{rand.Reader} }})
	carol := connect(t, h, "carol", "sam")
	const room = 100
	if err := h.AddZeros("carol", protocol.MaxPoolSize-blockSize-room); err != nil {
		t.Fatal(err)
	}
	w := carol.send(carol.psrd(protocol.OwnerClient, room+1))
	wantRefused(t, w, 413, protocol.ErrTooLarge)
	wantDetails(t, w, fmt.Sprintf(`{"limit":%d,"size":%d,"unused":%d}`, protocol.MaxPoolSize, room+1, protocol.MaxPoolSize-room))

	var granted atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if w := carol.send(carol.psrd(protocol.OwnerClient, room)); w.Code == http.StatusOK {
				granted.Add(1)
			} else {
				wantRefused(t, w, 413, protocol.ErrTooLarge)
			}
		})
	}
	wg.Wait()
	if clientOwned, _ := carol.unused(); granted.Load() != 1 || clientOwned != protocol.MaxPoolSize {
		t.Errorf("%d requests at once found room for one, %d bytes are unused", granted.Load(), clientOwned)
	}

	wantOK(t, carol.send(carol.psrd(protocol.OwnerHub, room))) // the other pool
	wantRefused(t, carol.send(carol.get(protocol.GetShare{ClientName: "carol", MasterSAE: "sam", SlaveSAE: "sam", KeyID: keyID(1)})), 404, protocol.ErrUnknownKey)
	wantOK(t, carol.send(carol.psrd(protocol.OwnerClient, protocol.SigningKeySize))) // replaces that signing key
	wantRefused(t, carol.send(carol.psrd(protocol.OwnerClient, 1)), 413, protocol.ErrTooLarge)
}

// unread is the connection of a caller that does not read the answer.
type unread struct {
	http.ResponseWriter
	end chan struct{}
}

func (u unread) Write(p []byte) (int, error) {
	<-u.end
	return len(p), nil
}

// Clients share lines to their registrations. A client that does not read its block leaves the line
// all the same.
func TestUnreadBlockHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, carol, connie := newPair(t)
		end := make(chan struct{})
		defer close(end)
		r := carol.psrd(protocol.OwnerHub, 1000)
		raw := httptest.NewRequest(r.method, prefix+r.path+"?"+r.query, nil)
		raw.Header.Set(protocol.TokenHeader, carol.tokens[0])
		go h.Handler().ServeHTTP(unread{httptest.NewRecorder(), end}, raw)
		synctest.Wait()
		served := false
		go func() {
			connie.send(connie.psrd(protocol.OwnerHub, 1000))
			carol.send(carol.psrd(protocol.OwnerHub, 1000))
			served = true
		}()
		if synctest.Wait(); !served {
			t.Error("others have to wait")
		}
	})
}
