package protocol_test

import (
	"regexp"
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
	form := regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	for c := range 256 {
		for _, name := range []string{string([]byte{byte(c)}), string([]byte{'a', byte(c)}), string([]byte{byte(c), 'a'})} {
			if err := protocol.CheckName(name); (err == nil) != form.MatchString(name) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
}

func TestCheckSAE(t *testing.T) {
	for id, want := range map[string]bool{
		"s":                      true,
		"Café / 2":               true,
		"https://kms:1/a?b#c":    true,
		`"it's" \ %41 $HOME`:     true,
		"🔑":                      true,
		"...":                    true,
		".a":                     true,
		"skip:c2":                true, // the ID that a SKIP system registers with hubs
		strings.Repeat("s", 255): true,
		"":                       false,
		strings.Repeat("s", 256): false,
		strings.Repeat("é", 128): false,
		" s":                     false,
		"s ":                     false,
		"\u00a0s":                false,
		"s\u3000":                false,
		"a\tb":                   false,
		"a\u0085b":               false,
		"a\xffb":                 false,
		".":                      false,
		"..":                     false,
	} {
		if err := protocol.CheckSAE(id); (err == nil) != want {
			t.Errorf("%q: %v", id, err)
		}
	}
	const want = `encryptor ID " s" has white space at an end, which HTTP headers lose: remove it`
	if err := protocol.CheckSAE(" s"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
