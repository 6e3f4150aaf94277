package sim

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/topology"
	"dske/sim/wire"
)

func TestKeyPair(t *testing.T) {
	for _, transport := range []string{Loopback, Memory} {
		t.Run(transport, func(t *testing.T) {
			n := start(t, Config{Transport: transport, Listen: "127.0.0.1:0"})
			n.keyPair("sam", "sofia", 0)
			n.keyPair("sofia", "sam", 128)
			n.keyPair("sunny", "susan", 64) // both at the same client
			n.keyPair("cindy", "serena", 1024)
		})
	}
}

func TestInformationTheoreticSuite(t *testing.T) {
	for _, source := range []string{topology.KeysFromRNG, topology.KeysFromPSRD} {
		t.Run(source, func(t *testing.T) {
			top := topology.Reference()
			top.Suite, top.KeySource = protocol.SuiteITS, source
			n := start(t, Config{Topology: top})
			n.keyPair("sam", "sofia", 0)
			n.keyPair("sunny", "susan", 64)
			n.keyPair("cindy", "serena", 8*20_000)
			n.stop("hub/hank", "hub/holly")
			n.keyPair("sam", "sofia", 256)
			n.stop("hub/hugo")
			if _, err := n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{}); err == nil {
				t.Error("a key from two hubs")
			}
			n.start("hub/hank", "hub/holly", "hub/hugo")
			n.keyPair("sam", "sofia", 256)
		})
	}
}

func TestGeneratedTopology(t *testing.T) {
	top, err := topology.Generate(topology.Sizes{Hubs: 16, Clients: 3})
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, Config{Topology: top})
	n.keyPair("sae1", "sae3", 256)
}

func TestManyRequestsAtOnce(t *testing.T) {
	n := start(t, Config{})
	var pairs sync.WaitGroup
	for range 64 {
		pairs.Go(func() { n.keyPair("sam", "sofia", 256) })
	}
	pairs.Wait()
}

// No key fails for want of PSRD that is on its way, however small the pools are and whether requests
// share messages or not.
func TestManyRequestsWithSmallPools(t *testing.T) {
	for _, config := range []Config{{}, {Single: true}, {Data: MemoryData}} {
		top, err := topology.Generate(topology.Sizes{Hubs: 3, Clients: 2, Threshold: 3})
		if err != nil {
			t.Fatal(err)
		}
		top.PSRD = topology.PSRD{BlockSize: 1024, LowWater: 256, HighWater: 1024}
		config.Topology = top
		n := start(t, config)
		var pairs sync.WaitGroup
		for range 16 {
			pairs.Go(func() {
				for range 20 {
					n.keyPair("sae1", "sae2", 256)
				}
			})
		}
		pairs.Wait()
	}
}

func TestLargeKeys(t *testing.T) {
	top, err := topology.Generate(topology.Sizes{Hubs: 2, Clients: 2}) // few, since it is slow
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, Config{Topology: top})
	n.keyPair("sae1", "sae2", 8*17_000) // more than a full pool holds
	n.keyPair("sae1", "sae2", 8*13_000) // the pools are above the low-water mark, but hold less than this
	n.keyPair("sae1", "sae2", etsi.MaxKeySize)
	n.keyPair("sae1", "sae2", 256)
}

func TestTooFewHubs(t *testing.T) {
	n := start(t, Config{})
	n.stop("hub/hank", "hub/helen", "hub/hugo")
	_, err := n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{})
	var refused *etsi.Error
	if !errors.As(err, &refused) || refused.Status != 503 || refused.Message != "Could not scatter enough shares for key." {
		t.Fatalf("got %v", err)
	}
	text, _ := json.Marshal(refused.Details)
	for _, want := range []string{
		`"nr_successful_shares":2`, `"nr_required_shares":3`, `"key_id":"`,
		`{"hub_name":"hank","message":"Node is stopped.`,
		`{"hub_name":"helen","message":"Node is stopped.`,
		`{"hub_name":"hugo","message":"Node is stopped.`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	n.start("hub/helen")
	n.keyPair("sam", "sofia", 256)
}

func TestGatherWithoutEnoughHubs(t *testing.T) {
	n := start(t, Config{})
	made := n.getKey("sam", "sofia", 256)
	n.stop("hub/hank", "hub/helen", "hub/hugo")
	_, err := n.fetch("sam", "sofia", made.ID)
	var refused *etsi.Error
	if !errors.As(err, &refused) || refused.Status != 503 || refused.Message != "Could not gather enough shares for key." {
		t.Fatalf("got %v", err)
	}
}

func TestHubsRestarted(t *testing.T) {
	t.Run("three", func(t *testing.T) {
		n := start(t, Config{})
		for _, hub := range []string{"hub/hank", "hub/helen", "hub/hugo"} {
			n.stop(hub)
			n.start(hub)
		}
		n.keyPair("sam", "sofia", 256)
		n.keyPair("sofia", "sam", 256)
	})
	t.Run("all", func(t *testing.T) {
		n := start(t, Config{})
		for _, hub := range n.Overview().Hubs {
			n.stop("hub/" + hub.Name)
			n.start("hub/" + hub.Name)
		}
		n.keyPair("sam", "sofia", 256) // although no hub remembers who serves sofia
	})
	t.Run("and the response needs more PSRD than a new pool has", func(t *testing.T) {
		n := start(t, Config{})
		n.keyPair("sam", "sofia", 8*15_000)
		n.stop("hub/hank")
		n.start("hub/hank")
		n.keyPair("sam", "sofia", 8*20_000)
	})
}

func TestClientRestarted(t *testing.T) {
	n := start(t, Config{})
	made := n.getKey("sam", "sofia", 256)
	n.stop("client/connie")
	if status, body := n.do("GET", "/client/connie/mgmt/v1/status", nil, ""); status != 503 || !strings.Contains(body, "Node is stopped.") {
		t.Errorf("a stopped client answers %d %s", status, body)
	}
	n.start("client/connie")
	if _, err := n.fetch("sam", "sofia", made.ID); err != nil {
		t.Errorf("the key that was made before the restart: %v", err)
	}
	n.keyPair("sofia", "sam", 256)
}

func TestWhoMayFetch(t *testing.T) {
	n := start(t, Config{})
	ctx := context.Background()
	made := n.getKey("sam", "susan", 256)
	for _, caller := range []struct{ name, sae, client string }{
		{"a third SAE at the same client", "sunny", "curtis"},
		{"a third SAE at another client", "sofia", "connie"},
		{"an SAE that nobody knows", "mallory", "curtis"},
		{"an SAE of another client", "sofia", "curtis"},
		{"a client without SAEs", "cindy", "cindy"},
		{"no identity at a client with two SAEs", "", "curtis"},
	} {
		_, err := n.saeAt(caller.sae, caller.client).GetKeyWithKeyIDs(ctx, "sam", made.ID)
		if !errors.Is(err, etsi.ErrUnauthorized) {
			t.Errorf("%s gets %v", caller.name, err)
		}
	}
	if _, err := n.sae("susan").GetKeyWithKeyIDs(ctx, "sofia", made.ID); !errors.Is(err, etsi.ErrKeyNotFound) {
		t.Errorf("for another master: %v", err)
	}
	fetched, err := n.fetch("sam", "susan", made.ID)
	if err != nil || !bytes.Equal(fetched.Key.Reveal(), made.Key.Reveal()) {
		t.Fatalf("the slave itself gets %v", err)
	}
	if _, err := n.fetch("sam", "susan", made.ID); !errors.Is(err, etsi.ErrKeyNotFound) {
		t.Errorf("a second time: %v", err)
	}
}

func TestUnknownSlave(t *testing.T) {
	n := start(t, Config{})
	for _, hubs := range [][]string{{}, {"hub/hank"}, {"hub/helen"}} {
		n.stop(hubs...)
		_, err := n.sae("sam").GetKey(context.Background(), "nobody", etsi.KeyRequest{})
		var refused *etsi.Error
		if !errors.As(err, &refused) || refused.Status != 400 {
			t.Errorf("with %v stopped: %v", hubs, err)
		}
	}
}

func TestStatusOfSAE(t *testing.T) {
	n := start(t, Config{Topology: topology.Reference()})
	before, err := n.sae("sam").Status(context.Background(), "sofia")
	if err != nil || before.SourceKMEID != "carol" || before.TargetKMEID != "connie" || before.StoredKeyCount != 16384/80 {
		t.Fatalf("%+v, %v", before, err)
	}
	n.keyPair("sam", "sofia", 256)
	after, err := n.sae("sam").Status(context.Background(), "sofia")
	if err != nil || after.StoredKeyCount != before.StoredKeyCount-1 {
		t.Errorf("%+v, %v", after, err)
	}
}

func TestSlots(t *testing.T) {
	n := start(t, Config{})
	for path, want := range map[string]int{
		"/hub/hank/mgmt/v1/status":    200,
		"/client/carol/openapi.json":  200,
		"/hub/nobody/mgmt/v1/status":  404,
		"/client/hank/mgmt/v1/status": 404,
		"/hub":                        404,
		"/nonsense":                   404,
		"/sim/v1/topology":            200,
	} {
		if status, body := n.do("GET", path, nil, ""); status != want {
			t.Errorf("GET %s: %d %s", path, status, body)
		}
	}
	if status, _ := n.do("POST", "/sim/v1/nodes/hub/nobody/start", nil, ""); status != 404 {
		t.Errorf("starting a node that does not exist: %d", status)
	}
	if status, _ := n.do("POST", "/sim/v1/nodes/hub/hank/stop", nil, ""); status != 200 {
		t.Errorf("stopping: %d", status)
	}
	if !n.Overview().IsStopped("hub/hank") || n.Overview().IsStopped("hub/helen") {
		t.Error("not just hank is stopped")
	}
	if status, _ := n.do("POST", "/sim/v1/nodes/hub/hank/start", nil, ""); status != 200 {
		t.Errorf("starting: %d", status)
	}
	n.keyPair("sam", "sofia", 256)
}

func TestStopOverManagementInterface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, Config{})
		for _, path := range []string{"/hub/hank", "/client/carol"} {
			if status, body := n.do("POST", path+"/mgmt/v1/stop", nil, ""); status != 200 {
				t.Errorf("%d %s", status, body)
			}
			synctest.Wait()
			if status, _ := n.do("GET", path+"/mgmt/v1/status", nil, ""); status != 503 {
				t.Errorf("%s still answers %d", path, status)
			}
		}
		if status, body := n.do("GET", "/hub/helen/mgmt/v1/status", nil, ""); status != 200 || strings.Contains(body, "carol") {
			t.Errorf("carol has not unregistered: %s", body)
		}
	})
}

// hangs makes requests with a method to a hub hang until they are given up.
func hangs(method, hub string) wire.Intercept {
	return func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
		if r.Method == method && r.To == "hub/"+hub && strings.HasPrefix(r.Path, "/dske/api/") {
			<-ctx.Done()
			return wire.Response{}, ctx.Err()
		}
		return next(ctx, r)
	}
}

func TestHungHub(t *testing.T) {
	for _, method := range []string{"POST", "GET"} {
		synctest.Test(t, func(t *testing.T) {
			n := start(t, Config{}, hangs(method, "hank"))
			for range 3 {
				before := time.Now()
				n.keyPair("sam", "sofia", 256)
				if took := time.Since(before); took > 50*time.Millisecond {
					t.Errorf("a hub that hangs on %s adds %v", method, took)
				}
			}
		})
	}
}

func TestTooManyHungHubs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, Config{}, hangs("POST", "hank"), hangs("POST", "helen"), hangs("POST", "hugo"))
		_, err := n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{})
		var refused *etsi.Error
		if !errors.As(err, &refused) || refused.Status != 503 || !strings.Contains(err.Error(), "no answer in 5s") {
			t.Errorf("got %v", err)
		}
	})
}

func TestShareExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, Config{ShareTTL: time.Hour})
		first, second := n.getKey("sam", "sofia", 256), n.getKey("sam", "sofia", 256)
		time.Sleep(time.Hour - time.Second)
		if _, err := n.fetch("sam", "sofia", first.ID); err != nil {
			t.Errorf("before the hour is over: %v", err)
		}
		time.Sleep(2 * time.Second)
		if _, err := n.fetch("sam", "sofia", second.ID); !errors.Is(err, etsi.ErrKeyNotFound) {
			t.Errorf("after an hour: %v", err)
		}
		time.Sleep(time.Minute)
		if _, body := n.do("GET", "/hub/hank/mgmt/v1/status", nil, ""); !strings.Contains(body, `"shares":[]`) {
			t.Errorf("the share is still there: %s", body)
		}
	})
}

func TestShutDownIsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, err := New(Config{Topology: topology.Reference(), Transport: Memory})
		if err != nil {
			t.Fatal(err)
		}
		for _, hub := range []string{"hank", "helen", "hugo"} {
			n.Wire().Intercept(hangs("POST", hub))
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		if err := n.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
		sam := (&testNetwork{n, t, newOutside(t, n).Transport("outside")}).sae("sam")
		go sam.GetKey(ctx, "sofia", etsi.KeyRequest{}) // hangs
		synctest.Wait()
		before := time.Now()
		cancel()
		if err := <-ended; err != nil || time.Since(before) > time.Second {
			t.Errorf("ended after %v with %v", time.Since(before), err)
		}
	})
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	n, err := New(Config{Topology: topology.Reference(), Listen: taken.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	err = n.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "cannot listen on "+taken.Addr().String()) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestBadConfig(t *testing.T) {
	top := topology.Reference()
	for name, config := range map[string]Config{
		"no topology": {},
		"transport":   {Topology: top, Transport: "pigeon"},
		"no address":  {Topology: top},
		"TLS for all": {Topology: top, Transport: Memory, TLSAll: true},
		"addresses":   {Topology: top, Transport: Memory, KMEListen: []string{"127.0.0.1:0"}},
	} {
		if _, err := New(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSeed(t *testing.T) {
	keys := func(seed uint64) (all []string) {
		n := start(t, Config{Seed: &seed})
		for range 3 {
			made := n.getKey("sam", "sofia", 256)
			all = append(all, made.ID.String(), hex.EncodeToString(made.Key.Reveal()))
			if _, err := n.fetch("sam", "sofia", made.ID); err != nil {
				t.Error(err)
			}
		}
		n.stop("client/carol")
		n.start("client/carol")
		return append(all, n.getKey("sam", "sofia", 256).ID.String())
	}
	first, again, other := keys(7), keys(7), keys(8)
	if strings.Join(first, " ") != strings.Join(again, " ") {
		t.Error("the same seed gives other keys")
	}
	if first[0] == other[0] || first[1] == other[1] {
		t.Error("another seed gives the same keys")
	}
	if first[6] == first[0] {
		t.Error("a restarted client repeats itself")
	}
}

// secrets collects every secret byte string in PSRD responses.
type secrets struct {
	mu     sync.Mutex
	values [][]byte
}

func (s *secrets) add(value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values = append(s.values, bytes.Clone(value))
}

// watch learns the blocks that a message hands out.
func (s *secrets) watch(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
	response, err := next(ctx, r)
	var block struct{ Data []byte }
	if strings.HasSuffix(r.Path, "/psrd") && json.Unmarshal(response.Body, &block) == nil && len(block.Data) > 0 {
		for chunk := range 64 { // the first chunks are those that are used
			s.add(block.Data[chunk*8 : chunk*8+8])
		}
	}
	return response, err
}

// leaked returns the form in which a secret stands in text, or "".
func (s *secrets) leaked(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range s.values {
		for _, form := range []string{string(value), hex.EncodeToString(value),
			base64.RawStdEncoding.EncodeToString(value[:6]), strings.Trim(strings.Join(strings.Fields(fmtBytes(value)), " "), "[]")} {
			if strings.Contains(text, form) {
				return form
			}
		}
	}
	return ""
}

// fmtBytes returns the default format of a byte slice in package fmt.
func fmtBytes(value []byte) string {
	numbers := make([]uint, len(value))
	for i, b := range value {
		numbers[i] = uint(b)
	}
	text, _ := json.Marshal(numbers)
	return strings.ReplaceAll(string(text), ",", " ")
}

func TestNothingSecretIsShown(t *testing.T) {
	var seen strings.Builder // logs, statuses and errors
	var mu sync.Mutex
	log := slog.New(slog.NewJSONHandler(writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return seen.Write(p)
	}), &slog.HandlerOptions{Level: slog.LevelDebug}))
	known := &secrets{}
	n := start(t, Config{Logger: log}, known.watch)
	show := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		seen.WriteString(text)
	}
	for range 2 {
		made := n.getKey("sam", "sofia", 256)
		known.add(made.Key.Reveal())
		_, err := n.sae("sunny").GetKeyWithKeyIDs(context.Background(), "sam", made.ID)
		show(err.Error())
		for _, name := range n.Overview().Nodes() {
			_, body := n.do("GET", "/"+name+"/mgmt/v1/status", nil, "")
			show(body)
		}
		_, body := n.do("GET", "/sim/v1/nodes", nil, "")
		show(body)
		n.stop("hub/hank", "hub/helen", "hub/hugo")
		_, err = n.fetch("sam", "sofia", made.ID)
		show(err.Error())
		_, err = n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{})
		show(err.Error())
		n.start("hub/hank", "hub/helen", "hub/hugo")
		n.keyPair("sofia", "sam", 256)
	}
	mu.Lock()
	defer mu.Unlock()
	if form := known.leaked(seen.String()); form != "" {
		t.Errorf("%q is shown in:\n%s", form, seen.String())
	}
	known.add([]byte("12345678"))
	if known.leaked("…"+base64.StdEncoding.EncodeToString([]byte("12345678"))) == "" {
		t.Error("this test would not see a leak")
	}
}

type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }

// Pages are served besides the nodes and the network's own interface.
func TestPages(t *testing.T) {
	config := Config{Topology: topology.Reference(), Transport: Memory}
	ask := func(path string) string {
		n, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		n.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Body.String()
	}
	if body := ask("/"); !strings.Contains(body, "Unknown path.") {
		t.Errorf("without pages: %s", body)
	}
	config.Pages = func(n *Network, router *echo.Echo) {
		for _, path := range []string{"/", "/metrics", "/sim/v1/more"} {
			router.GET(path, func(c echo.Context) error { return c.String(200, fmt.Sprint(path, " of ", len(n.Overview().Hubs))) })
		}
	}
	for path, want := range map[string]string{
		"/":                        "/ of 5",
		"/metrics":                 "/metrics of 5",
		"/sim/v1/more":             "/sim/v1/more of 5",
		"/hubs":                    "Unknown path.",
		"/sim/v1/topology":         `"threshold":3`,
		"/sim/v1/nothing":          "Unknown path.",
		"/hub/nobody/":             "No such node.",
		"/hub/hank/mgmt/v1/status": "Node is stopped.",
	} {
		if body := ask(path); !strings.Contains(body, want) {
			t.Errorf("%s: %s", path, body)
		}
	}
}
