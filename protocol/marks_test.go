package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func someMarks() Marks {
	return Marks{ClientName: "carol", Boot: uuid.UUID{1}, Session: uuid.UUID{2}, Serial: 3, Resume: true,
		Blocks:    []BlockMark{{uuid.UUID{4}, 64}, {uuid.UUID{5}, 0}},
		Delivered: []DeliveredKeys{{"sam", "sofia", []uuid.UUID{{6}, {7}}}}}
}

func TestParseMarks(t *testing.T) {
	want := someMarks()
	body, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseMarks(body); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for name, spoil := range map[string]func(*Marks){
		"no name":         func(m *Marks) { m.ClientName = "" },
		"no boot":         func(m *Marks) { m.Boot = uuid.Nil },
		"no session":      func(m *Marks) { m.Session = uuid.Nil },
		"no serial":       func(m *Marks) { m.Serial = 0 },
		"a block twice":   func(m *Marks) { m.Blocks[1] = m.Blocks[0] },
		"a mark below 0":  func(m *Marks) { m.Blocks[0].Mark = -1 },
		"a mark too high": func(m *Marks) { m.Blocks[0].Mark = MaxBlockSize + 1 },
		"too many blocks": func(m *Marks) { m.Blocks = make([]BlockMark, MaxBlocks+1) },
		"too many keys":   func(m *Marks) { m.Delivered[0].KeyIDs = make([]uuid.UUID, MaxDelivered+1) },
		"no SAE":          func(m *Marks) { m.Delivered[0].SlaveSAE = "" },
	} {
		m := someMarks()
		spoil(&m)
		body, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseMarks(body); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseMarks(f *testing.F) {
	body, err := json.Marshal(someMarks())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(body))
	f.Add(strings.Replace(string(body), "64", "1e99", 1))
	f.Add(fmt.Sprintf(`{"client_name": "carol", "blocks": [%s]}`, strings.Repeat("{},", 99)))
	f.Fuzz(func(t *testing.T, body string) {
		m, err := ParseMarks([]byte(body))
		if (err == nil) == errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", body, err)
		}
		if err == nil && (m.Serial <= 0 || len(m.Blocks) > MaxBlocks) {
			t.Errorf("%q: %+v", body, m)
		}
	})
}
