package protocol

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A hub stores the IDs of encryptors, so their size is bounded everywhere in a message.
func TestSAEsInShares(t *testing.T) {
	const share = `"user_key_id":"5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b11","share_index":0,` +
		`"encryption_key_allocation":{"fragments":[{"block_uuid":"5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b12","start":0,"size":1}]},"encrypted_share_value":"AA=="`
	post := func(master, slave string) error {
		_, err := ParsePostShare(fmt.Appendf(nil, `{"master_client_name":"carol","master_sae_id":%q,"slave_sae_id":%q,%s}`, master, slave, share))
		return err
	}
	several := func(master, slave string) error {
		text := fmt.Sprintf(`{"master_client_name":"carol","master_sae_id":%q,"slave_sae_ids":["susan",%q],%s}`, master, slave, share)
		_, err := ParsePostShares([]byte(strings.Replace(text, "user_key_id", "key_ids", 1)))
		return err
	}
	for name, parse := range map[string]func(master, slave string) error{"one": post, "several": several} {
		fits, tooLong := strings.Repeat("é", MaxSAE/2)+"e", strings.Repeat("e", MaxSAE+1)
		if err := parse(fits, fits); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, names := range [][2]string{{fits, tooLong}, {tooLong, fits}, {"", fits}, {fits, ""}} {
			if err := parse(names[0], names[1]); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "use 1 to 255") {
				t.Errorf("%s, %d and %d bytes: %v", name, len(names[0]), len(names[1]), err)
			}
		}
	}
}
