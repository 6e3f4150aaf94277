package main

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/sim/certs"
)

// hubsOnly is a network whose clients run elsewhere, so that its process has only hubs.
const hubsOnly = `
threshold: 2
hubs: [{name: hank}, {name: helen}, {name: hugo}]
clients:
  - {name: carol, external: true, token: carol's, encryptors: [{name: sam}]}
  - {name: connie, external: true, token: connie's, encryptors: [{name: sofia}]}
`

// TestHubsKeepNothing searches the memory of a process of hubs, whose clients are in this process
// and learn all secrets between the two. After the delivery of a key, the hubs hold no copy of a
// share, of its pads, of a signing key or of the key: raw, in base64 or in hex.
func TestHubsKeepNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc/PID/mem")
	}
	dir := t.TempDir()
	topology, certificates := filepath.Join(dir, "hubs.yaml"), certs.Directory(filepath.Join(dir, "certs"))
	if err := os.WriteFile(topology, []byte(hubsOnly), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, status := dske(t, "certs", string(certificates), topology); status != 0 {
		t.Fatal(stderr)
	}
	secure, err := certificates.Client(certificates.Operator())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		tls  *tls.Config
	}{{"plain", nil, nil}, {"TLS", []string{"--tls", string(certificates)}, secure}} {
		t.Run(test.name, func(t *testing.T) {
			hubs := runUntil(t, 1, append(test.args, topology)...)
			e := newEavesdropper(t, test.tls)
			carol, connie := e.client(hubs.url, "carol", "sam"), e.client(hubs.url, "connie", "sofia")
			e.plant(hubs.url)
			var made []uuid.UUID
			for _, request := range []etsi.KeyRequest{{Number: 1, Size: 256}, {Number: 3, Size: 256}, {Number: 1, Size: 64 << 10}} {
				keys, err := carol.GetKey(t.Context(), "sam", "sofia", request)
				if err != nil {
					t.Fatal(err)
				}
				for _, k := range keys {
					e.learn("key", k.Key.Reveal())
					made = append(made, k.ID)
				}
			}
			kept := e.look(hubs.cmd.Process.Pid)
			for _, expected := range []string{"planted in raw", "planted in base64", "planted in hex", "share in raw"} {
				if kept[expected] == 0 {
					t.Errorf("before the delivery, memory shows no %s: %v", expected, kept)
				}
			}
			if _, err := connie.GetKeyWithKeyIDs(t.Context(), "sofia", "sam", made); err != nil {
				t.Fatal(err)
			}
			e.mustHaveGone(hubs.cmd.Process.Pid)
		})
	}
}

// plant sends the hubs a secret, in all the forms that are searched for, in a request that does not
// end.
func (e *eavesdropper) plant(url string) {
	e.Helper()
	planted := []byte("this is what is to be found, whatever the form")
	e.learn("planted", planted)
	body := string(planted) + base64.StdEncoding.EncodeToString(planted) + hex.EncodeToString(planted)
	address := url[strings.LastIndex(url, "/")+1:]
	connection, err := net.Dial("tcp", address)
	if e.tls != nil {
		connection, err = tls.Dial("tcp", address, e.tls)
	}
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { connection.Close() })
	fmt.Fprintf(connection, "PUT /hub/hank/dske/oob/v1/registration HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body)+1, body)
}

// mustHaveGone waits until the memory of a process shows only what was planted. Normally that is so
// at once; what a request that is still ending has on its stack may take longer.
func (e *eavesdropper) mustHaveGone(process int) {
	e.Helper()
	var kept map[string]int
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		kept = e.look(process)
		if len(kept) == 3 { // what was planted
			return
		}
	}
	e.Errorf("20 s after the delivery, memory shows %v", kept)
}
