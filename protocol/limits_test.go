package protocol_test

import (
	"strings"
	"testing"

	"dske/protocol"
)

func TestCheckName(t *testing.T) {
	for name, want := range map[string]bool{
		"hank":                  true,
		"0":                     true,
		"a.b_c-9":               true,
		"a-":                    true,
		strings.Repeat("a", 63): true,
		"":                      false,
		"Hank":                  false,
		"-hank":                 false,
		".":                     false,
		"_hank":                 false,
		"ha nk":                 false,
		"ha/nk":                 false,
		"hank\n":                false,
		"\nhank":                false,
		"hänk":                  false,
		strings.Repeat("a", 64): false,
	} {
		if err := protocol.CheckName(name); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCheckSAE(t *testing.T) {
	for id, want := range map[string]bool{
		"s":                      true,
		"Café / 2":               true,
		strings.Repeat("s", 255): true,
		"":                       false,
		strings.Repeat("s", 256): false,
		strings.Repeat("é", 128): false,
	} {
		if err := protocol.CheckSAE(id); (err == nil) != want {
			t.Errorf("%q: %v", id, err)
		}
	}
}
