package psrd

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
)

const someID = "0f8fad5b-d9cb-469f-a165-70867728950e"

var some = Fragment{Block: uuid.MustParse(someID), Start: 64, Size: 32}

func TestFragmentString(t *testing.T) {
	if got, want := some.String(), someID+":64:32"; got != want {
		t.Errorf("fragment is %s, want %s", got, want)
	}
}

func TestFragmentJSON(t *testing.T) {
	want := `{"block_uuid":"` + someID + `","start":64,"size":32}`
	got, err := json.Marshal(some)
	if err != nil || string(got) != want {
		t.Errorf("fragment is %s, %v; want %s", got, err, want)
	}
	var back Fragment
	if err := json.Unmarshal([]byte(want), &back); err != nil || back != some {
		t.Errorf("fragment is %v, %v; want %v", back, err, some)
	}
}

func TestErrorMessages(t *testing.T) {
	for want, err := range map[string]error{
		"fragment " + someID + ":64:32: already used":                 &FragmentError{some, ErrUsed},
		"out of pre-shared random data: 32 bytes needed, 7 available": &ExhaustedError{Needed: 32, Available: 7},
	} {
		if got := err.Error(); got != want {
			t.Errorf("message is %q, want %q", got, want)
		}
	}
}
