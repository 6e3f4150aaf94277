package etsi

import (
	"encoding/json"
	"testing"
)

// A client of the Python implementation delivers one key as an object.
func TestKeysAsAnObject(t *testing.T) {
	var c KeyContainer
	err := json.Unmarshal([]byte(`{"keys": {"key_ID": "bc490419-7d60-487f-adc1-4ddcc177c139", "key": "AAEC"}}`), &c)
	if err != nil || len(c.Keys) != 1 || len(c.Keys[0].Key.Reveal()) != 3 || c.Keys[0].ID.String() != "bc490419-7d60-487f-adc1-4ddcc177c139" {
		t.Errorf("%v, %v", c.Keys, err)
	}
	for _, bad := range []string{`{"keys": "x"}`, `{"keys": {"key": 1}}`, `{"keys": 3}`} {
		if err := json.Unmarshal([]byte(bad), &c); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}
