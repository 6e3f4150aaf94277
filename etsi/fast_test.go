package etsi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

const plainID = "bc490419-7d60-487f-adc1-4ddcc177c139"

// FuzzPlainKeys reads arbitrary texts. What is read as a container in plain form is what package json
// reads.
func FuzzPlainKeys(f *testing.F) {
	one := `{"key_ID":"` + plainID + `","key":"AAEC"}`
	for _, text := range []string{"", `{"keys":[]}`, `{"keys":[` + one + `]}`, `{"keys":[` + one + `,` + one + "]}\n", `{"keys":[` + one + `,]}`, `{"keys":[` + one + `]} x`,
		`{"keys":[` + strings.Replace(one, "AAEC", `AA\/C`, 1) + `]}`, `{"keys":[` + strings.Replace(one, "AAEC", "AA\nEC", 1) + `]}`, `{"keys":[` + strings.Replace(one, "AAEC", "AB==", 1) + `]}`,
		`{"keys":[` + strings.Replace(one, "AAEC", "", 1) + `]}`, `{"keys":[` + strings.Replace(one, plainID, "{"+plainID+"}", 1) + `]}`, `{"keys": [` + one + `]}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var plain KeyContainer
		var general deliveredContainer
		if !plain.readPlain([]byte(text)) {
			return
		}
		if err := json.Unmarshal([]byte(text), &general); err != nil {
			t.Fatal(err)
		}
		same := func(k Key, d deliveredKey) bool { return k.Equal(Key{d.ID, NewSecret(d.Key)}) }
		if !slices.EqualFunc(plain.Keys, general.Keys, same) {
			t.Errorf("%q is read differently", text)
		}
	})
}

// What a container is written as is its plain form.
func TestWrittenIsPlain(t *testing.T) {
	var keys []Key
	for range 3 {
		keys = append(keys, Key{uuid.New(), NewSecret([]byte("a key, with a length of no triple"))})
		text, err := KeyContainer{keys}.MarshalJSON()
		var read KeyContainer
		if err != nil || !read.readPlain(append(text, '\n')) || !slices.EqualFunc(read.Keys, keys, Key.Equal) {
			t.Errorf("%d keys: %v, %v", len(keys), read.Keys, err)
		}
	}
}
