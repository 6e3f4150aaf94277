package sim

import (
	"strings"
	"testing"

	"dske/etsi"
	"dske/sim/certs"
	"dske/sim/topology"
)

// IDs of encryptors are opaque: every valid ID works over TLS too, as a master and as a slave.
func TestSAEsOfAllKindsOverTLS(t *testing.T) {
	names := []string{"sam", "with spaces  inside", "a/b", "//", "urn:dske:sae:1", `"quoted"`, "it's", "a,b=c+d\\e", "ключ-🔑", "%41", "?a=b&c#d", "..a", "*",
		strings.Repeat("é", 127) + "e"}
	top := topology.Reference()
	top.Clients = top.Clients[:2]
	top.Clients[0].Encryptors, top.Clients[1].Encryptors = nil, nil
	for i, name := range names {
		c := &top.Clients[i%2]
		c.Encryptors = append(c.Encryptors, topology.Encryptor{Name: name})
	}
	dir := certs.Directory(t.TempDir())
	if err := dir.Write(certs.Names{KMEs: []string{top.Clients[0].Name, top.Clients[1].Name}, SAEs: names}); err != nil {
		t.Fatal(err)
	}
	n := start(t, Config{Topology: top, Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir})
	at := func(i int) *etsi.Client { return n.shows(dir, dir.SAE(names[i]), n.kme(top.Clients[i%2].Name)) }
	for i, master := range names {
		next := (i + 1) % len(names)
		made, err := at(i).GetKey(t.Context(), names[next], etsi.KeyRequest{})
		if err != nil {
			t.Errorf("%q makes a key for %q: %v", master, names[next], err)
			continue
		}
		fetched, err := at(next).GetKeyWithKeyIDs(t.Context(), master, made[0].ID)
		if err != nil || !fetched[0].Equal(made[0]) {
			t.Errorf("%q fetches a key of %q: %v", names[next], master, err)
		}
		if status, err := at(i).Status(t.Context(), names[next]); err != nil || status.MasterSAEID != master || status.SlaveSAEID != names[next] {
			t.Errorf("status of %q and %q: %+v, %v", master, names[next], status, err)
		}
	}
}
