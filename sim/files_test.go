package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"dske/etsi"
	"dske/node"
	"dske/sim/topology"
	"dske/sim/wire"
)

// outOfBand is the prefix of out-of-band paths under a node.
const outOfBand = "/dske/oob/"

// byHand is a network whose PSRD comes in files.
type byHand struct {
	*testNetwork
	mu     sync.Mutex
	unfair []string // out-of-band messages, which are not allowed
}

// filesTopology returns two clients and three hubs, any two of which suffice for a key.
func filesTopology(t testing.TB) *topology.Topology {
	t.Helper()
	top, err := topology.Read([]byte(`{threshold: 2, hubs: [{name: hank}, {name: helen}, {name: hilary}], psrd: {files: 4},
  clients: [{name: carol, encryptors: [{name: sam}]}, {name: connie, encryptors: [{name: sofia}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func startByHand(t testing.TB, config Config) *byHand {
	t.Helper()
	n := &byHand{}
	if config.Topology == nil {
		config.Topology = filesTopology(t)
	}
	config.Data, config.Audit = MemoryData, true
	n.testNetwork = start(t, config, func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
		if strings.HasPrefix(r.Path, outOfBand) {
			n.mu.Lock()
			n.unfair = append(n.unfair, r.From+" "+r.Method+" "+r.Path)
			n.mu.Unlock()
		}
		return next(ctx, r)
	})
	t.Cleanup(func() {
		for _, v := range append(n.Violations(), n.unfair...) {
			t.Error(v)
		}
	})
	return n
}

// issue returns a sealed file.
func (n *byHand) issue(hub, client string, size int) []byte {
	n.Helper()
	status, body := n.do(http.MethodPost, "/hub/"+hub+node.PathFiles, nil, fmt.Sprintf(`{"client_name": %q, "size": %d}`, client, size))
	if status != http.StatusOK {
		n.Fatalf("issuing: %d %s", status, body)
	}
	return []byte(body)
}

// ingest has a client take in a file.
func (n *byHand) ingest(client string, file []byte) (status int, body string) {
	n.Helper()
	return n.do(http.MethodPost, "/client/"+client+node.PathFiles, nil, string(file))
}

func (n *byHand) mustIngest(client string, file []byte) {
	n.Helper()
	if status, body := n.ingest(client, file); status != http.StatusOK {
		n.Fatalf("taking a file in: %d %s", status, body)
	}
}

// supply brings a file from each hub to each client.
func (n *byHand) supply(size int) {
	n.Helper()
	for _, hub := range n.hubNames() {
		for _, client := range []string{"carol", "connie"} {
			n.mustIngest(client, n.issue(hub, client, size))
		}
	}
	n.settle()
}

// refuse fails the test unless a client refuses a file with the given status and text.
func (n *byHand) refuse(client string, file []byte, status int, says string) {
	n.Helper()
	got, body := n.ingest(client, file)
	if got != status || !strings.Contains(body, says) {
		n.Errorf("%s: %d %s, want %d and %q", client, got, body, status, says)
	}
}

// With PSRD in files keys can be made, and nothing goes out of band: nobody asks for it, and nobody
// would answer.
func TestKeysFromFiles(t *testing.T) {
	n := startByHand(t, Config{})
	_, err := n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{Size: 256})
	if err == nil || !strings.Contains(fmt.Sprint(err), "503") || !strings.Contains(fmt.Sprint(err), "bring a file with PSRD of hub hank") {
		t.Errorf("a key without files: %v", err)
	}
	n.supply(16 << 10)
	for range 50 {
		n.keyPair("sam", "sofia", 256)
		n.keyPair("sofia", "sam", 256)
	}
	for _, path := range []string{"/hub/hank/dske/oob/v1/registration?client_name=carol", "/hub/hank/dske/oob/v1/psrd?client_name=carol&pool_owner=hub&size=64&purpose=pad",
		"/hub/hank/dske/oob/v1/encryptors/sam"} {
		if status, body := n.do(http.MethodGet, path, nil, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for path, body := range map[string]string{"/hub/hank/dske/oob/v1/registration": `{"client_name": "carol"}`, "/hub/hank/dske/oob/v1/marks": `{}`} {
		if status, _ := n.do(http.MethodPut, path, nil, body); status != http.StatusNotFound {
			t.Errorf("PUT %s: %d", path, status)
		}
	}
	if status, _ := n.do(http.MethodPost, "/client/carol/dske/oob/v1/hub-started", nil, `{"hub_name": "hank"}`); status != http.StatusNotFound {
		t.Errorf("a hub that started: %d", status)
	}
}

// When the files are used up, the errors name the hubs that have to send one, and another file
// helps.
func TestFilesRunOut(t *testing.T) {
	n := startByHand(t, Config{})
	n.supply(1 << 10)
	made := 0
	var err error
	for ; err == nil; made++ {
		_, err = n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{Size: 256})
	}
	if made < 8 || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "bring a file with PSRD of hub helen") {
		t.Errorf("%d keys, then %v", made, err)
	}
	n.supply(4 << 10)
	n.keyPair("sam", "sofia", 256)
}

// A file is taken in once, unaltered, by the client that it is for.
func TestFilesRefused(t *testing.T) {
	n := startByHand(t, Config{})
	other := startByHand(t, Config{})
	file := n.issue("hank", "carol", 1<<10)
	n.refuse("connie", file, http.StatusForbidden, "sealed for another client")
	other.refuse("carol", file, http.StatusForbidden, "sealed for another client")
	n.refuse("carol", file[:len(file)-1], http.StatusBadRequest, "damaged, or was altered or cut")
	n.refuse("carol", nil, http.StatusBadRequest, "not a file with PSRD")
	altered := bytes.Clone(file)
	altered[len(file)/2] ^= 1
	n.refuse("carol", altered, http.StatusBadRequest, "damaged, or was altered")
	n.mustIngest("carol", file)
	n.refuse("carol", file, http.StatusConflict, "has been taken in before")
	n.crash("client/carol")
	n.startNodes("client/carol")
	n.refuse("carol", file, http.StatusConflict, "has been taken in before")

	// Hank forgets all its state, and issues another file.
	old := n.issue("hank", "carol", 1<<10)
	n.crash("hub/hank")
	n.at("hub/hank").kept = n.newDisk("hub", "hank")
	n.startNodes("hub/hank")
	n.mustIngest("carol", n.issue("hank", "carol", 1<<10))
	n.refuse("carol", old, http.StatusConflict, "has forgotten the file")
}

// startNodes starts nodes that were stopped or have crashed.
func (n *byHand) startNodes(names ...string) {
	n.Helper()
	n.all(func(name string) error { return n.Start(context.Background(), name) }, names...)
}

// What files have brought survives crashes of any node, and no byte is used twice.
func TestFilesSurviveCrashes(t *testing.T) {
	all := []string{"client/carol", "client/connie", "hub/hank", "hub/helen", "hub/hilary"}
	for _, down := range [][]string{all[:1], all[2:], all} {
		t.Run(strings.Join(down, " "), func(t *testing.T) {
			n := startByHand(t, Config{})
			n.supply(64 << 10)
			n.keyPair("sam", "sofia", 256)
			made := n.getKey("sam", "sofia", 256)
			n.crash(down...)
			n.startNodes(down...)
			if fetched, err := n.fetch("sam", "sofia", made.ID); err != nil || !bytes.Equal(fetched.Key.Reveal(), made.Key.Reveal()) {
				t.Errorf("the key from before: %v", err)
			}
			n.keyPair("sam", "sofia", 256)
			n.keyPair("sofia", "sam", 256)
		})
	}
}

// A hub makes a number of files ahead, which can be taken in in any order. A lost one can be
// revoked.
func TestFilesOut(t *testing.T) {
	n := startByHand(t, Config{})
	var files [][]byte
	for range 4 {
		files = append(files, n.issue("hank", "carol", 8<<10))
	}
	order := `{"client_name": "carol", "size": 8192}`
	if status, body := n.do(http.MethodPost, "/hub/hank"+node.PathFiles, nil, order); status != http.StatusConflict || !strings.Contains(body, `"limit":4`) {
		t.Errorf("one more: %d %s", status, body)
	}
	n.mustIngest("carol", files[2])
	n.mustIngest("carol", files[0])
	n.settle()
	n.wantStates("hank", "taken", "out", "taken", "out")
	if status, body := n.do(http.MethodDelete, "/hub/hank"+node.PathFiles+"/carol/2", nil, ""); status != http.StatusOK {
		t.Errorf("revoking: %d %s", status, body)
	}
	for _, number := range []string{"2", "1", "9"} { // revoked, taken, never made
		if status, _ := n.do(http.MethodDelete, "/hub/hank"+node.PathFiles+"/carol/"+number, nil, ""); status != http.StatusNotFound {
			t.Errorf("revoking %s: %d", number, status)
		}
	}
	n.mustIngest("carol", files[1]) // it was revoked, which nobody can know here
	n.mustIngest("carol", files[3])
	for _, client := range []string{"carol", "connie"} {
		n.mustIngest(client, n.issue("helen", client, 16<<10))
	}
	n.mustIngest("connie", n.issue("hank", "connie", 16<<10))
	n.keyPair("sam", "sofia", 256) // this waits for both hubs
	n.wantStates("hank", "taken", "revoked", "taken", "taken", "taken")
	for range 110 { // more keys than one of the files has pads for
		n.keyPair("sam", "sofia", 256)
	}
}

// settle waits until the clients are idle.
func (n *byHand) settle() {
	n.Helper()
	if err := n.WaitIdle(context.Background()); err != nil {
		n.Fatal(err)
	}
}

// wantStates fails the test unless the files of a hub have these states.
func (n *byHand) wantStates(hub string, want ...string) {
	n.Helper()
	_, body := n.do(http.MethodGet, "/hub/"+hub+node.PathFiles, nil, "")
	var list struct{ Files []struct{ State string } }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		n.Fatal(err)
	}
	var got []string
	for _, f := range list.Files {
		got = append(got, f.State)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		n.Errorf("files are %v, want %v", got, want)
	}
}

// bring supplies the two clients of a small network, whatever crashes meanwhile.
func (m *mortal) bring() {
	for _, hub := range []string{"hub1", "hub2"} {
		for _, client := range []string{"client1", "client2"} {
			for taken := false; !taken; m.revive() {
				status, file := m.do(http.MethodPost, "/hub/"+hub+node.PathFiles, nil, fmt.Sprintf(`{"client_name": %q, "size": 65536}`, client))
				if status == http.StatusOK {
					status, file = m.do(http.MethodPost, "/client/"+client+node.PathFiles, nil, file)
				}
				taken = status == http.StatusOK
				if !taken && !m.hasCrashed() {
					m.Fatalf("%d %s", status, file)
				}
			}
		}
	}
	m.idle()
}

// runFiles runs a node in virtual time, in a small network with files.
func runFiles(t *testing.T, m *mortal, node string, run func(*mortal)) int {
	top := small(t)
	top.PSRD.Files = 8
	return runOn(t, m, top, node, run)
}

// At whatever operation of its disk a node crashes, while it issues a file, takes one in or uses
// it: no byte is used twice, and another file helps.
func TestCrashPointsWithFiles(t *testing.T) {
	live := func(m *mortal) {
		m.revive()
		m.bring()
		m.run()
	}
	for _, node := range []string{"hub/hub1", "client/client1", "client/client2"} {
		n := runFiles(t, &mortal{keep: keepNone}, node, live)
		t.Logf("%s: %d operations", node, n)
		step := 1
		if !*everyPoint {
			step = n/3 + 1
		}
		for at := operationsToOpen(t) + 4; at <= n; at += step { // after the client has stored its identity
			for name, keep := range map[string]func() bool{"none": keepNone, "all": keepAll, "some": keepSome(at)} {
				t.Run(fmt.Sprintf("%s %d %s", node, at, name), func(t *testing.T) {
					runFiles(t, &mortal{at: at, keep: keep}, node, live)
				})
			}
		}
	}
}

// An old copy of one end's disk, made at any operation after files came, is restored, and the
// network has held back every message since: no byte is used twice, and nothing is accepted twice.
func TestOldCopiesWithFiles(t *testing.T) {
	for _, node := range []string{"hub/hub1", "client/client1", "client/client2"} {
		for _, answers := range []bool{false, true} {
			run := func(t *testing.T, at int) int {
				w := &withheld{answers: answers}
				before := 0
				all := runFiles(t, &mortal{}, node, func(m *mortal) {
					m.bring()
					m.mu.Lock()
					if before = m.count; at > 0 {
						m.at = before + at
					}
					m.mu.Unlock()
					m.rollBack(w)
				})
				return all - before
			}
			n := run(t, 0)
			step := 1
			if !*everyPoint {
				step = n/2 + 1
			}
			for at := 1; at <= n; at += step {
				t.Run(fmt.Sprintf("%s %v %d", node, answers, at), func(t *testing.T) { run(t, at) })
			}
		}
	}
}
