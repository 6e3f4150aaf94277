//go:build unix

package sim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/sim/topology"
	"dske/sim/wire"
)

var kills = flag.Int("kills", 10, "how often TestKill kills the process")

// killed is the environment variable that tells the process to be killed the directory for its data
// and its record.
const killed = "DSKE_TEST_KILLED"

// TestKilled is the process that [TestKill] kills.
func TestKilled(t *testing.T) {
	dir := os.Getenv(killed)
	if dir == "" {
		t.Skip("it runs only when TestKill starts it")
	}
	record, err := os.OpenFile(filepath.Join(dir, "record"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	n, err := New(Config{Topology: topology.Reference(), Transport: Memory, Listen: "127.0.0.1:0", Data: filepath.Join(dir, "data")})
	if err != nil {
		t.Fatal(err)
	}
	n.Wire().Intercept(func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
		if !strings.Contains(r.Path, inBand) {
			return next(ctx, r)
		}
		note(record, r.Header.Get(protocol.SignatureHeader), r.Query, r.Body)
		response, err := next(ctx, r)
		if err == nil {
			note(record, response.Header.Get(protocol.SignatureHeader), r.Header.Get(protocol.SignatureHeader), response.Body)
		}
		return response, err
	})
	go func() {
		n.WaitReady(context.Background())
		fmt.Printf("ready %s\n", n.URL())
	}()
	t.Fatal(n.Run(context.Background()))
}

var (
	inSignature = regexp.MustCompile(`([0-9a-f-]{36}):(\d+):(\d+)`)
	inBody      = regexp.MustCompile(`"block_uuid":"([0-9a-f-]{36})","start":(\d+),"size":(\d+)`)
)

// note records the bytes of PSRD that a message names, before it is sent: a line with the kind of
// message and its fragments.
func note(to *os.File, signature, query string, body []byte) {
	var line bytes.Buffer
	fmt.Fprintf(&line, "%x", sha256.Sum256([]byte(strings.Join([]string{signature, query, string(body)}, "\n"))))
	for _, found := range append(inSignature.FindAllStringSubmatch(signature, -1), inBody.FindAllStringSubmatch(string(body), -1)...) {
		fmt.Fprintf(&line, " %s:%s:%s", found[1], found[2], found[3])
	}
	line.WriteByte('\n')
	to.Write(line.Bytes())
}

// campaign has the keys that encryptors have got from a process that is killed again and again.
type campaign struct {
	*testing.T
	dir string
	url string

	mu      sync.Mutex
	waiting map[uuid.UUID]string // keys that a master has and nobody has fetched
	doubted map[uuid.UUID]string // keys whose answer to the slave was cut by a kill
	fetched []uuid.UUID
}

// sae returns the ETSI client of an encryptor.
func (c *campaign) sae(name, client string) *etsi.Client {
	return &etsi.Client{URL: c.url + "/client/" + client + "/etsi", SAE: name, HTTP: &http.Client{Transport: &http.Transport{}}}
}

// start starts the process and waits until it is ready.
func (c *campaign) start() *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestKilled$")
	cmd.Env = append(os.Environ(), killed+"="+c.dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ready := strings.CutPrefix(lines.Text(), "ready "); ready {
			c.url = url
			return cmd
		}
		fmt.Fprintln(&said, lines.Text())
	}
	cmd.Wait()
	c.Fatalf("the process has ended: %s", said.String())
	return nil
}

// load makes keys, and fetches about half of them, until the process has ended.
func (c *campaign) load(ended <-chan struct{}) {
	master, slave := c.sae("sam", "carol"), c.sae("sofia", "connie")
	for i := 0; ; i++ {
		keys, err := master.GetKey(context.Background(), "sofia", etsi.KeyRequest{Size: 256})
		if err != nil {
			<-ended
			return
		}
		key := keys[0]
		if i%2 == 0 {
			c.put(c.waiting, key)
			continue
		}
		got, err := slave.GetKeyWithKeyIDs(context.Background(), "sam", key.ID)
		switch {
		case err != nil:
			c.put(c.doubted, key)
		case !bytes.Equal(got[0].Key.Reveal(), key.Key.Reveal()):
			c.Error("another key was fetched")
		default:
			c.mu.Lock()
			c.fetched = append(c.fetched, key.ID)
			c.mu.Unlock()
		}
	}
}

func (c *campaign) put(in map[uuid.UUID]string, key etsi.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	in[key.ID] = string(key.Key.Reveal())
}

// settle fetches the waiting keys, and checks that those that were fetched cannot be fetched again.
func (c *campaign) settle() {
	slave := c.sae("sofia", "connie")
	for id, want := range c.waiting {
		got, err := slave.GetKeyWithKeyIDs(context.Background(), "sam", id)
		if err != nil || string(got[0].Key.Reveal()) != want {
			c.Errorf("a key that a master had before the kill: %v", err)
		}
		c.fetched = append(c.fetched, id)
	}
	for id, want := range c.doubted {
		got, err := slave.GetKeyWithKeyIDs(context.Background(), "sam", id)
		if err == nil && string(got[0].Key.Reveal()) != want || err != nil && !isNotFound(err) {
			c.Errorf("a key whose answer was cut by the kill: %v", err)
		}
		c.fetched = append(c.fetched, id)
	}
	clear(c.waiting)
	clear(c.doubted)
	for range min(20, len(c.fetched)) {
		id := c.fetched[rand.IntN(len(c.fetched))]
		if _, err := slave.GetKeyWithKeyIDs(context.Background(), "sam", id); !isNotFound(err) {
			c.Errorf("a key that was fetched, again: %v", err)
		}
	}
}

func isNotFound(err error) bool {
	var refused *etsi.Error
	return errors.As(err, &refused) && refused.Status == http.StatusBadRequest
}

// A process with five hubs and five clients is killed at random moments and started again: keys are
// neither lost nor fetched twice, and no byte is named in two messages. This tests only the logic,
// since the operating system keeps what the process had written. TestCrashPoints has disks that
// forget.
func TestKill(t *testing.T) {
	c := &campaign{T: t, dir: t.TempDir(), waiting: map[uuid.UUID]string{}, doubted: map[uuid.UUID]string{}}
	slowest := time.Duration(0)
	for range *kills {
		began := time.Now()
		cmd := c.start()
		slowest = max(slowest, time.Since(began))
		c.settle()
		ended := make(chan struct{})
		var loads sync.WaitGroup
		for range 4 {
			loads.Go(func() { c.load(ended) })
		}
		<-time.After(time.Duration(rand.IntN(150)) * time.Millisecond)
		cmd.Process.Kill()
		close(ended)
		loads.Wait()
		cmd.Wait()
	}
	cmd := c.start()
	c.settle()
	cmd.Process.Kill()
	cmd.Wait()
	messages := c.checkRecord()
	t.Logf("%d kills, %d keys, %d messages, ready again after %v at most", *kills, len(c.fetched), messages, slowest)
	if *strict && slowest > time.Second {
		t.Error("that is too slow")
	}
}

// checkRecord fails the test if a byte was named in two messages. It returns the number of
// messages.
func (c *campaign) checkRecord() (messages int) {
	record, err := os.ReadFile(filepath.Join(c.dir, "record"))
	if err != nil {
		c.Fatal(err)
	}
	used := map[string]string{} // messages by byte
	for line := range strings.Lines(string(record)) {
		message, fragments, _ := strings.Cut(strings.TrimSpace(line), " ")
		messages++
		for _, f := range strings.Fields(fragments) {
			parts := strings.Split(f, ":")
			start, _ := strconv.Atoi(parts[1])
			size, _ := strconv.Atoi(parts[2])
			for i := start; i < start+size; i += 16 {
				at := fmt.Sprint(parts[0], i/16)
				if before := used[at]; before != "" && before != message {
					c.Errorf("byte %d of block %s is named in two messages", i, parts[0])
					return messages
				}
				used[at] = message
			}
		}
	}
	return messages
}
