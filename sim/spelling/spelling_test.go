package spelling

import "testing"

func TestNearest(t *testing.T) {
	candidates := []string{"get-key", "get-key-pair", "run", "status", "start", "stop"}
	for word, want := range map[string]string{
		"get-kye":    "get-key",
		"get-keypar": "get-key-pair",
		"rn":         "run",
		"statsu":     "status",
		"STATUS":     "",
		"nonsense":   "",
		"":           "",
	} {
		if got := Nearest(word, candidates); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("got %q", got)
	}
}
