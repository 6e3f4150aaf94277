package exchange

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/sim"
	"dske/sim/certs"
	"dske/sim/ladder"
	"dske/sim/simtest"
	"dske/sim/wire"
)

func run(t testing.TB, n *sim.Network, master, slave string) *Exchange {
	t.Helper()
	x, err := Run(context.Background(), n, master, slave)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func stop(t testing.TB, n *sim.Network, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := n.Stop(context.Background(), name); err != nil {
			t.Fatal(err)
		}
	}
}

// labels returns the messages of a ladder, with their outcomes, sorted.
func labels(x *Exchange) string {
	var all []string
	for _, m := range x.Ladder.Messages {
		all = append(all, m.Method+" "+path.Base(m.Path)+" "+m.Outcome())
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// whole has the labels of a complete ladder.
var whole = "GET dec_keys 200, GET enc_keys 200" + strings.Repeat(", GET key-share 200", 5) + strings.Repeat(", POST key-share 200", 5)

func TestExchange(t *testing.T) {
	dir := certs.Directory(t.TempDir())
	if err := dir.Write(certs.Names{KMEs: []string{"carol", "celia", "cindy", "connie", "curtis"}, SAEs: []string{"sam"}}); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]sim.Config{
		"memory":   {},
		"loopback": {Transport: sim.Loopback, Listen: "127.0.0.1:0"},
		"TLS":      {Transport: sim.Loopback, Listen: "127.0.0.1:0", TLS: dir, TLSAll: true},
	} {
		t.Run(name, func(t *testing.T) {
			x := run(t, simtest.Start(t, config), "sam", "sofia")
			if got := labels(x); got != whole {
				t.Errorf("the messages are %s", got)
			}
			if !x.Match || x.Error != "" || x.Master.KeyID == "" || x.Master.KeyID != x.Slave.KeyID || x.Master.Fingerprint != x.Slave.Fingerprint {
				t.Errorf("%+v", x)
			}
			if want := "sae/sam client/carol hub/hank hub/helen hub/hilary hub/holly hub/hugo client/connie sae/sofia"; strings.Join(x.Ladder.Participants, " ") != want {
				t.Errorf("the participants are %v", x.Ladder.Participants)
			}
			if !slices.IsSortedFunc(x.Ladder.Messages, func(a, b ladder.Message) int { return a.Start.Compare(b.Start) }) || path.Base(x.Ladder.Messages[0].Path) != "enc_keys" {
				t.Errorf("the order is %v", x.Ladder.Messages)
			}
		})
	}
}

func TestFingerprint(t *testing.T) {
	x := run(t, simtest.Start(t, sim.Config{}), "sam", "sofia")
	var again End
	again.take(etsi.Key{Key: etsi.NewSecret(slices.Clone(x.Master.Value.Reveal()))})
	if again.Fingerprint != x.Slave.Fingerprint || len(x.Master.Value.Reveal()) != 32 {
		t.Errorf("%s is not %s", again.Fingerprint, x.Slave.Fingerprint)
	}
	again.take(etsi.Key{Key: etsi.NewSecret([]byte("abc"))}) // FIPS 180-2, appendix B.1
	if again.Fingerprint != "ba7816bf8f01cfea" {
		t.Errorf("the fingerprint of abc is %s", again.Fingerprint)
	}
}

// Both encryptors are at one client, which asks the hubs like any other.
func TestOneClient(t *testing.T) {
	x := run(t, simtest.Start(t, sim.Config{}), "sunny", "susan")
	if got := labels(x); got != whole || !x.Match || len(x.Ladder.Participants) != 8 {
		t.Errorf("%s among %v", got, x.Ladder.Participants)
	}
}

func TestFailures(t *testing.T) {
	n := simtest.Start(t, sim.Config{})
	stop(t, n, "hub/hank")
	if err := n.Wire().AddFault("drop to=helen method=POST"); err != nil {
		t.Fatal(err)
	}
	x := run(t, n, "sam", "sofia")
	const unknown = "404 Unknown key ID"
	twice := func(text string) string { return strings.Repeat(", "+text, 2) } // lost messages, and those with an unsigned refusal, are sent again
	lostTwice := twice("POST key-share no answer (drop)")
	want := "GET dec_keys 200, GET enc_keys 200" + strings.Repeat(", GET key-share 200", 3) + ", GET key-share " + unknown + twice("GET key-share 503 hank is stopped") +
		strings.Repeat(", POST key-share 200", 3) + twice("POST key-share 503 hank is stopped") + lostTwice
	if got := labels(x); got != want || !x.Match {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	stop(t, n, "hub/hugo")
	x = run(t, n, "sam", "sofia")
	want = "GET enc_keys 503 3 shares needed, there are 2, POST key-share 200, POST key-share 200" +
		twice("POST key-share 503 hank is stopped") + twice("POST key-share 503 hugo is stopped") + lostTwice
	if got := labels(x); got != want || x.Match {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if x.Error != "503 Service Unavailable: Could not scatter enough shares for key." || x.Ladder.Error != x.Error ||
		!slices.Equal(x.Causes, []string{"hank: Node is stopped.", "helen: message lost", "hugo: Node is stopped."}) {
		t.Errorf("%q, %q", x.Error, x.Causes)
	}
	stop(t, n, "client/carol")
	if x = run(t, n, "sam", "sofia"); labels(x) != "GET enc_keys 503 carol is stopped" || !strings.Contains(x.Error, "Node is stopped") {
		t.Errorf("without carol: %s, %q", labels(x), x.Error)
	}
}

// The key is made but cannot be fetched.
func TestNotFetched(t *testing.T) {
	n := simtest.Start(t, sim.Config{})
	if err := n.Wire().AddFault("status=503 method=GET path=key-share"); err != nil {
		t.Fatal(err)
	}
	x := run(t, n, "sam", "sofia")
	if x.Match || x.Master.Fingerprint == "" || x.Slave.Fingerprint != "" || len(x.Ladder.Messages) != 17 || x.Ladder.Failures() != 11 { // each hub is asked twice
		t.Errorf("%+v", x)
	}
}

func TestNoSuchExchange(t *testing.T) {
	n := simtest.Start(t, sim.Config{})
	if _, err := Run(t.Context(), n, "sam", "sam"); !errors.Is(err, ErrSameEncryptor) {
		t.Error(err)
	}
	for _, pair := range [][2]string{{"sam", "nobody"}, {"nobody", "sam"}, {"sam", ""}} {
		if _, err := Run(t.Context(), n, pair[0], pair[1]); err == nil || !strings.Contains(err.Error(), "no client has encryptor") {
			t.Errorf("%q: %v", pair, err)
		}
	}
}

// Messages of others at the same time are not in the ladder, even between the same encryptors.
// Shared messages are in the ladders of all.
func TestOthersAreLeftOut(t *testing.T) {
	n := simtest.Start(t, sim.Config{})
	results := make(chan *Exchange)
	const pairs = 8
	for range pairs {
		go func() {
			x, _ := Run(context.Background(), n, "sam", "sofia")
			results <- x
		}()
	}
	for range pairs {
		x := <-results
		if x == nil {
			t.Fatal("an exchange could not be tried")
		}
		early := strings.ReplaceAll(labels(x), "404 Unknown key ID", "200") // from a hub that has not received the share yet
		early = strings.ReplaceAll(early, "key-shares", "key-share")
		if parts := strings.Split(early, ", "); !slices.Equal(slices.Sorted(slices.Values(parts)), strings.Split(whole, ", ")) {
			t.Errorf("%s; %s", labels(x), x.Error)
		}
	}
}

// The exchange waits for a hanging hub as long as the clients do, and then shows it. A client gives
// up 1 ms before the minute of a request is over.
func TestHungHub(t *testing.T) {
	for _, timeout := range []time.Duration{5 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			n := simtest.Start(t, sim.Config{HubTimeout: timeout})
			if err := n.Wire().AddFault("hang to=hank method=POST"); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			x := run(t, n, "sam", "sofia")
			if waited := time.Since(began); len(x.Ladder.Messages) != 12 || !strings.Contains(labels(x), "POST key-share no answer (hang)") || waited < timeout-time.Millisecond || waited > timeout+100*time.Millisecond {
				t.Errorf("after %v: %s", waited, labels(x))
			}
		})
	}
}

// keepBusy makes a client of sam's delay shares of another key at all times, until the test ends.
func keepBusy(t *testing.T, n *sim.Network) {
	n.Wire().Intercept(func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
		if r.Method == http.MethodPost && r.To == "hub/hugo" && strings.Contains(string(r.Body), "serena") {
			time.Sleep(7 * time.Second)
		}
		return next(ctx, r)
	})
	sam := etsi.Client{URL: sim.KMEURL(n.URL(), "carol"), SAE: "sam", HTTP: &http.Client{Transport: n.Wire().Direct("sae/sam")}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for t.Context().Err() == nil {
			sam.GetKey(t.Context(), "serena", etsi.KeyRequest{})
			time.Sleep(time.Second)
		}
	}()
	t.Cleanup(func() { <-ended })
	time.Sleep(time.Second)
}

// In a network that is never idle, an exchange ends when all expected messages have come.
func TestBusyNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simtest.Start(t, sim.Config{HubTimeout: 10 * time.Second})
		keepBusy(t, n)
		began := time.Now()
		x := run(t, n, "sam", "sofia")
		if waited := time.Since(began); waited > 100*time.Millisecond || labels(x) != whole {
			t.Errorf("after %v: %s", waited, labels(x))
		}
	})
}

// The exchange does not wait forever for a message that is never sent.
func TestMessageThatDoesNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simtest.Start(t, sim.Config{HubTimeout: 10 * time.Second})
		if err := n.Wire().AddFault("drop to=hank path=registration"); err != nil { // carol sends it nothing more
			t.Fatal(err)
		}
		stop(t, n, "client/carol")
		if err := n.Start(t.Context(), "client/carol"); err != nil {
			t.Fatal(err)
		}
		keepBusy(t, n)
		began := time.Now()
		x := run(t, n, "sam", "sofia")
		if waited := time.Since(began); waited < 10*time.Second || waited > 12*time.Second || !x.Match {
			t.Errorf("after %v: %s", waited, labels(x))
		}
	})
}

// An exchange shows the value of its key only on request.
func TestValueIsNotShown(t *testing.T) {
	x := run(t, simtest.Start(t, sim.Config{}), "sam", "sofia")
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	value := x.Master.Value.Reveal()
	for _, shown := range []string{string(text), x.Ladder.Text(), x.Ladder.SVG(), x.Ladder.Mermaid(), fmt.Sprint(*x)} {
		for _, form := range []string{string(value), hex.EncodeToString(value), base64.StdEncoding.EncodeToString(value)} {
			if strings.Contains(shown, form) {
				t.Errorf("the key is in %s", shown)
			}
		}
	}
}

func TestIsNamed(t *testing.T) {
	const names = `{"master_client_name": "carol", "master_sae_id": "sam", "slave_sae_id": "sofia"`
	for body, want := range map[string]bool{
		names + `, "share_index": 0}`:                                         true,
		names + `, "encrypted_share_value": "AAAA`:                            true, // it is not read to its end
		`{"share_index": 0, "slave_sae_id": "sofia", "master_sae_id": "sam"}`: true,
		`{"master_sae_id": "sam", "slave_sae_ids": ["susan", "sofia"]}`:       true,
		`{"master_sae_id": "sam", "slave_sae_ids": ["susan"]}`:                false,
		`{"master_sae_id": "sofia", "slave_sae_id": "sam"}`:                   false,
		`{"master_sae_id": "sam"}`:                                            false,
		`{"master_sae_id": 1, "slave_sae_id": "sofia"}`:                       false,
		`["master_sae_id", "sam", "slave_sae_id", "sofia"]`:                   false,
		`"master_sae_id"`:  false,
		`{"master_sae_id"`: false,
		``:                 false,
	} {
		if isNamed([]byte(body), "sam", "sofia") != want {
			t.Errorf("%s: not %v", body, want)
		}
	}
}
