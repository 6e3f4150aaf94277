package node

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/psrd"
)

func TestPrefix(t *testing.T) {
	if got := Prefix(KindHub, "hank") + Prefix(KindClient, "carol"); got != "/hub/hank/client/carol" {
		t.Error(got)
	}
}

func TestRandom(t *testing.T) {
	if Random(nil).For("psrd") != (inPieces{}) {
		t.Error("the default is not crypto/rand")
	}
	echo := Random(func(purpose string) io.Reader { return strings.NewReader(purpose) })
	for _, words := range [][]string{{"keys"}, {"psrd", "carol", "hub"}, {"psrd", "carol", "hub", ""}} {
		want := strings.Join(words[:min(3, len(words))], " ")
		if got, err := io.ReadAll(echo.For(words...)); err != nil || string(got) != want {
			t.Errorf("source is %q, %v, want that for %q", got, err, want)
		}
	}
}

func TestPoolStatus(t *testing.T) {
	for owned, owner := range map[bool]string{true: "local", false: "peer"} {
		pool := psrd.NewPeerPool(psrd.ForAll)
		if owned {
			pool = psrd.NewOwnPool(psrd.ForAll)
		}
		if s := StatusOf(pool); s.Owner != owner || s.Blocks == nil || s.Unused() != 0 {
			t.Errorf("an empty pool: %+v", s)
		}
		for n, size := range []int{10, 20} {
			if err := pool.Add(psrd.NewBlock(uuid.UUID{15: byte(n + 1)}, bytes.Repeat([]byte{0xee}, size))); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if owned {
			_, err = pool.Allocate(12)
		} else {
			_, err = pool.Take([]psrd.Fragment{{Block: uuid.UUID{15: 2}, Start: 4, Size: 12}})
		}
		if err != nil {
			t.Fatal(err)
		}
		s := StatusOf(pool)
		if s.Unused() != 18 {
			t.Errorf("%d bytes unused, want 18", s.Unused())
		}
		used := map[bool][2]string{
			true:  {`"nr_used_bytes":10,"nr_unused_bytes":0`, `"nr_used_bytes":2,"nr_unused_bytes":18`},
			false: {`"nr_used_bytes":0,"nr_unused_bytes":10`, `"nr_used_bytes":12,"nr_unused_bytes":8`},
		}[owned]
		want := `{"owner":"` + owner + `","blocks":[` +
			`{"uuid":"00000000-0000-0000-0000-000000000001","size":10,` + used[0] + `},` +
			`{"uuid":"00000000-0000-0000-0000-000000000002","size":20,` + used[1] + `}]}`
		if got, err := json.Marshal(s); err != nil || string(got) != want {
			t.Errorf("\n got %s, %v\nwant %s", got, err, want)
		}
	}
}
