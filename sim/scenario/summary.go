package scenario

import (
	"encoding/json"
	"fmt"
	"strings"

	"dske/node/client"
	"dske/node/hub"
)

// summary returns the essentials in the status of a node, such as hub/hank, in a few words each.
func summary(name string, status []byte) []string {
	if strings.HasPrefix(name, "hub/") {
		var s hub.Inspection
		json.Unmarshal(status, &s)
		return []string{fmt.Sprintf("%d clients", len(s.PeerClients)), fmt.Sprintf("%d shares waiting", len(s.Shares))}
	}
	var s client.Inspection
	json.Unmarshal(status, &s)
	registered, least := 0, -1
	for _, h := range s.PeerHubs {
		if !h.Registered {
			continue
		}
		registered++
		if free := min(h.LocalPool.Unused(), h.PeerPool.Unused()); least < 0 || free < least {
			least = free
		}
	}
	return []string{
		fmt.Sprintf("%d of %d hubs", registered, len(s.PeerHubs)),
		fmt.Sprintf("at least %d bytes of PSRD per pool", max(least, 0)),
		"encryptors " + strings.Join(s.EncryptorNames, ", "),
	}
}
