package stream_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/etsi/stream"
)

var qos = stream.QoS{ChunkSize: 32, MaxBps: 40000, MinBps: 5000, Jitter: 10, Timeout: 5000, TTL: 3600, MIME: stream.JSON}

// inBubble runs a test with a world in a bubble, with virtual time. Nothing that the world starts
// outlives it.
func inBubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, certificates(t)) // valid at the time in the bubble
		defer w.close()
		test(w)
	})
}

// open opens a stream, with the status OK unless another one is named.
func open(w *world, c *stream.Client, from, to string, qos stream.QoS, ksid uuid.UUID, want ...stream.Status) (stream.QoS, uuid.UUID) {
	w.Helper()
	served, id, err := c.Open(w.Context(), from, to, qos, ksid)
	expect(w, err, want...)
	return served, id
}

// expect fails unless an error is a status, or nil if none is named.
func expect(w *world, err error, want ...stream.Status) {
	w.Helper()
	if len(want) == 0 && err != nil || len(want) == 1 && !errors.Is(err, want[0]) {
		w.Fatalf("got %v, want %v", err, want)
	}
}

// get gets a chunk.
func get(w *world, c *stream.Client, ksid uuid.UUID, index uint32, want ...stream.Status) []byte {
	w.Helper()
	chunk, _, err := c.GetKey(w.Context(), ksid, index, 1024)
	expect(w, err, want...)
	return chunk
}

func TestBothEndsGetTheSameChunks(t *testing.T) {
	inBubble(t, func(w *world) {
		sam, sofia := w.dial("carol", "sam"), w.dial("connie", "sofia")
		served, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		if served != qos || ksid.Version() != 4 {
			w.Errorf("opened with %+v as %v", served, ksid)
		}
		open(w, sofia, "sae://sofia", "sae://sam", qos, ksid)
		seen := map[string]bool{}
		for index := range uint32(1500) {
			chunk := get(w, sam, ksid, index)
			if len(chunk) != 32 || seen[string(chunk)] {
				w.Fatalf("chunk %d has %d bytes, or is another one", index, len(chunk))
			}
			seen[string(chunk)] = true
			if other := get(w, sofia, ksid, index); !bytes.Equal(other, chunk) {
				w.Fatalf("chunk %d differs", index)
			}
			get(w, sam, ksid, index, stream.NotEnoughKey)
			get(w, sofia, ksid, index, stream.NotEnoughKey)
		}
		expect(w, sam.CloseStream(w.Context(), ksid))
		expect(w, sam.CloseStream(w.Context(), ksid), stream.NotConnected)
		get(w, sam, ksid, 1500, stream.NotConnected)
		get(w, sofia, ksid, 1500) // the other end has its own chunks
	})
}

func TestEndsNeedNotKeepStep(t *testing.T) {
	inBubble(t, func(w *world) {
		sam, sofia := w.dial("carol", "sam"), w.dial("connie", "sofia")
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		open(w, sofia, "app://sam", "app://sofia", qos, ksid) // as some clients do at both ends
		want := get(w, sofia, ksid, 15)
		get(w, sofia, ksid, 16, stream.NotEnoughKey) // not made yet
		get(w, sam, ksid, 1<<31, stream.NotEnoughKey)
		get(w, sam, ksid, 48, stream.NotEnoughKey) // more than a block away
		if chunk := get(w, sam, ksid, 15); !bytes.Equal(chunk, want) {
			w.Error("chunk 15 differs")
		}
		synctest.Wait()
		w.vault.change(func(v *vault) {
			if v.lastSize != 32*32+16 {
				w.Errorf("a block of %d bytes was made", v.lastSize)
			}
		})
		if !bytes.Equal(get(w, sofia, ksid, 40), get(w, sam, ksid, 40)) {
			w.Error("chunk 40 differs")
		}
		get(w, sofia, ksid, 0) // older ones are still there
		var first []byte
		for index := uint32(41); index < 5000; index += 16 {
			first = get(w, sam, ksid, index)
		}
		get(w, sam, ksid, 1, stream.NotEnoughKey) // but not forever
		if len(first) != 32 {
			w.Errorf("%d bytes", len(first))
		}
	})
}

func TestWhoMayHaveAStream(t *testing.T) {
	inBubble(t, func(w *world) {
		sam, sofia, susan := w.dial("carol", "sam"), w.dial("connie", "sofia"), w.dial("connie", "susan")
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		open(w, susan, "sae://susan", "sae://sam", qos, ksid, stream.NoConnection)
		open(w, sofia, "sae://sofia", "sae://susan", qos, ksid, stream.NoConnection)
		open(w, sofia, "sae://sofia", "sae://sam", qos, uuid.New(), stream.NoConnection)
		open(w, sofia, "sae://sofia", "sae://sam", qos, ksid)
		open(w, sofia, "sae://sofia", "sae://sam", qos, ksid, stream.InUse)
		open(w, sam, "sae://sam", "sae://sofia", qos, ksid, stream.InUse)
		get(w, susan, ksid, 0, stream.NotConnected)
		expect(w, susan.CloseStream(w.Context(), ksid), stream.NotConnected)
		get(w, sofia, ksid, 0)
		for _, uris := range [][2]string{{"sam", "sofia"}, {"sae://sam", "sae://sam"}, {"sae://sam", "sae://nobody"}, {"", ""}, {"sam", "sae://sofia"}, {"sae://sam", "://"}, {"sae://sam", "sae://%zz"}} {
			open(w, sam, uris[0], uris[1], qos, uuid.Nil, stream.NoConnection)
		}
		_, other := open(w, sam, "server://sam:25575/x", "server://user@sofi%61:25575?q", qos, uuid.Nil)
		get(w, sam, other, 0)
		if log := w.log.String(); strings.Count(log, "OPEN_CONNECT") != 12 || !strings.Contains(log, "unknown slave SAE") {
			w.Errorf("the log is\n%s", log)
		}
	})
}

func TestQoSIsMetOrCountered(t *testing.T) {
	inBubble(t, func(w *world) {
		sam, sofia := w.dial("carol", "sam"), w.dial("connie", "sofia")
		asked := qos
		asked.ChunkSize, asked.Timeout, asked.TTL, asked.MIME = 1<<20, 1<<30, 1<<30, "text/plain"
		served, ksid := open(w, sam, "sae://sam", "sae://sofia", asked, uuid.Nil, stream.QoSNotMet)
		want := qos
		want.ChunkSize, want.Timeout, want.TTL = stream.MaxChunkSize, 60000, 3600
		if served != want {
			w.Errorf("served with %+v, want %+v", served, want)
		}
		if chunk := get(w, sam, ksid, 0); len(chunk) != stream.MaxChunkSize {
			w.Errorf("a chunk of %d bytes", len(chunk))
		}
		served, _ = open(w, sofia, "sae://sofia", "sae://sam", qos, ksid, stream.QoSNotMet)
		if served.ChunkSize != stream.MaxChunkSize {
			w.Errorf("chunks of %d bytes at the other end", served.ChunkSize)
		}
		get(w, sofia, ksid, 15)
		small := stream.QoS{}
		served, ksid = open(w, sam, "sae://sam", "sae://sofia", small, uuid.Nil, stream.QoSNotMet)
		if served.ChunkSize != stream.MinChunkSize || len(get(w, sam, ksid, 0)) != stream.MinChunkSize {
			w.Errorf("served with %+v", served)
		}
	})
}

func TestMetadata(t *testing.T) {
	inBubble(t, func(w *world) {
		sam := w.dial("carol", "sam")
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		time.Sleep(12 * time.Second)
		_, _, err := sam.GetKey(w.Context(), ksid, 0, 10)
		expect(w, err, stream.MetadataTooLarge)
		chunk, metadata, err := sam.GetKey(w.Context(), ksid, 0, 22)
		if err != nil || len(chunk) != 32 || string(metadata) != `{"age":12000,"hops":0}` {
			w.Errorf("%d bytes with %q, %v", len(chunk), metadata, err)
		}
		chunk, metadata, err = sam.GetKey(w.Context(), ksid, 1, 0)
		if err != nil || len(chunk) != 32 || len(metadata) != 0 {
			w.Errorf("%d bytes with %q, %v", len(chunk), metadata, err)
		}
	})
}

func TestStreamsOfAnSAEAreLimited(t *testing.T) {
	inBubble(t, func(w *world) {
		sam, sofia := w.dial("carol", "sam"), w.dial("connie", "sofia")
		var ksids []uuid.UUID
		for range 3 {
			_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
			ksids = append(ksids, ksid)
		}
		made := w.vault.made
		open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil, stream.NoConnection)
		if w.vault.made != made {
			w.Error("a stream too many costs keys")
		}
		expect(w, sam.CloseStream(w.Context(), ksids[0]))
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		open(w, sofia, "sae://sofia", "sae://sam", qos, ksid) // her streams are counted separately
	})
}

func TestUnusedStreamsEnd(t *testing.T) {
	inBubble(t, func(w *world) {
		sam := w.dial("carol", "sam")
		short := qos
		short.TTL = 60
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", short, uuid.Nil)
		for index := range uint32(5) {
			time.Sleep(50 * time.Second)
			get(w, sam, ksid, index)
		}
		time.Sleep(61 * time.Second)
		get(w, sam, ksid, 5, stream.NotConnected)
	})
}

func TestKMEThatFails(t *testing.T) {
	inBubble(t, func(w *world) {
		sam := w.dial("carol", "sam")
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		w.vault.change(func(v *vault) { v.failure = errors.New("out of PSRD") })
		get(w, sam, ksid, 15) // this chunk is there, though the next block is not
		get(w, sam, ksid, 16, stream.NotEnoughKey)
		open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil, stream.NoConnection)
		w.vault.change(func(v *vault) { v.failure = nil })
		get(w, sam, ksid, 16, stream.NotEnoughKey) // the other end may have that block
		get(w, sam, ksid, 0)
		w.vault.change(func(v *vault) { v.hang = make(chan struct{}) })
		began := time.Now()
		open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil, stream.TimedOut)
		if passed := time.Since(began); passed != 5*time.Second {
			w.Errorf("a timeout of 5 s took %v", passed)
		}
	})
}

func TestFetchingEndsInTimeAndGoesOn(t *testing.T) {
	inBubble(t, func(w *world) {
		sam, sofia := w.dial("carol", "sam"), w.dial("connie", "sofia")
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		open(w, sofia, "sae://sofia", "sae://sam", qos, ksid)
		get(w, sam, ksid, 8)
		synctest.Wait() // for the next block
		w.vault.change(func(v *vault) { v.hang = make(chan struct{}) })
		began := time.Now()
		get(w, sofia, ksid, 16, stream.TimedOut)
		if passed := time.Since(began); passed != 5*time.Second {
			w.Errorf("a timeout of 5 s took %v", passed)
		}
		w.vault.change(func(v *vault) { v.hang, v.failure = nil, errors.New("too few hubs") })
		get(w, sofia, ksid, 16, stream.NotEnoughKey)
		w.vault.change(func(v *vault) { v.failure = nil })
		if !bytes.Equal(get(w, sofia, ksid, 16), get(w, sam, ksid, 16)) {
			w.Error("chunk 16 differs")
		}
	})
}

func TestAnswersDoNotWaitForTheNextBlock(t *testing.T) {
	inBubble(t, func(w *world) {
		sam := w.dial("carol", "sam")
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		hang := make(chan struct{})
		w.vault.change(func(v *vault) { v.hang = hang })
		began := time.Now()
		get(w, sam, ksid, 15)
		if passed := time.Since(began); passed > 0 {
			w.Errorf("it took %v", passed)
		}
		other := w.dial("carol", "sam")
		synctest.Wait()                          // for the next block to be asked for
		get(w, other, ksid, 14, stream.TimedOut) // another request uses the stream
		close(hang)
		get(w, other, ksid, 14)
		get(w, sam, ksid, 16)
	})
}

func TestKMEThatGivesIDsOfItsOwn(t *testing.T) {
	inBubble(t, func(w *world) {
		sam := w.dial("carol", "sam")
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		w.vault.change(func(v *vault) { v.ownIDs = true })
		for index := range uint32(16) {
			get(w, sam, ksid, index)
		}
		get(w, sam, ksid, 16, stream.NotEnoughKey)
	})
}

func TestStrangersAreRefused(t *testing.T) {
	inBubble(t, func(w *world) {
		for _, sae := range []string{"mallory", "sofia"} { // they do not belong to carol
			c := w.dial("carol", sae)
			if _, _, err := c.Open(w.Context(), "sae://sam", "sae://sofia", qos, uuid.Nil); err == nil {
				w.Errorf("%s opens a stream of carol's", sae)
			}
			c.Close()
		}
		raw, err := w.kmes["carol"].dial()
		if err != nil {
			w.Fatal(err)
		}
		began := time.Now() // a silent caller has some time
		if _, err := io.ReadAll(raw); err != nil || time.Since(began) > 10*time.Second {
			w.Errorf("%v after %v", err, time.Since(began))
		}
		synctest.Wait()
		if n := strings.Count(w.log.String(), "refused a connection"); n != 3 {
			w.Errorf("%d lines of the log:\n%s", n, w.log.String())
		}
	})
}

// exchange sends bytes on a connection of sam's and returns the answer until it is closed.
func exchange(w *world, sent string) string {
	w.Helper()
	conn := w.connect("carol", "sam")
	defer conn.Close()
	data, err := hex.DecodeString(strings.ReplaceAll(sent, " ", ""))
	if err != nil {
		w.Fatal(err)
	}
	if _, err := conn.Write(data); err != nil {
		w.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil {
		w.Errorf("%s: %v", sent, err)
	}
	return hex.EncodeToString(got)
}

func TestWhatIsNotServed(t *testing.T) {
	inBubble(t, func(w *world) {
		for name, sent := range map[string]string{
			"shut down":        "010001ff 00000000",
			"unknown service":  "01000163 00000000",
			"an answer":        "01000103 00000004 00000000",
			"4 GiB":            "01000102 ffffffff",
			"short GET_KEY":    "01000104 00000001 00",
			"short CLOSE":      "01000108 00000001 00",
			"half a request":   "01000108 00000010 00",
			"OPEN_CONNECT: no": "01000102 00000001 00",
		} {
			if got := exchange(w, sent); got != "" {
				w.Errorf("%s: answered with %s", name, got)
			}
		}
		const qosB = "00000020 00009c40 00001388 0000000a 00000000 00001388 00000e10 6170706c69636174696f6e2f6a736f6e00"
		const ksid = "00000000000000000000000000000000"
		got := exchange(w, "02010102 0000004d 6170703a2f2f6100 6170703a2f2f6200"+qosB+ksid)
		if want := strings.ReplaceAll("02010103 00000041 00000004"+qosB+ksid, " ", ""); got != want {
			w.Errorf("framing B: answered with\n%s, want\n%s", got, want)
		}
	})
}

func TestManyRequestsOnAConnectionAndManyConnections(t *testing.T) {
	inBubble(t, func(w *world) {
		first := w.dial("carol", "sam")
		_, ksid := open(w, first, "sae://sam", "sae://sofia", qos, uuid.Nil)
		var clients []*stream.Client
		for index := range uint32(63) {
			c := w.dial("carol", "sam")
			clients = append(clients, c)
			get(w, c, ksid, index)
		}
		c := w.dial("carol", "sam")
		if _, _, err := c.GetKey(w.Context(), ksid, 64, 0); err == nil {
			w.Error("65 connections of one SAE are served")
		}
		for _, c := range clients {
			c.Close()
		}
		synctest.Wait()
		get(w, w.dial("carol", "sam"), ksid, 64)
	})
}

func TestServeEndsSoon(t *testing.T) {
	inBubble(t, func(w *world) {
		sam := w.dial("carol", "sam")
		_, ksid := open(w, sam, "sae://sam", "sae://sofia", qos, uuid.Nil)
		idle := w.connect("carol", "sam")
		if err := idle.Handshake(); err != nil {
			w.Fatal(err)
		}
		silent, err := w.kmes["carol"].dial()
		if err != nil {
			w.Fatal(err)
		}
		defer silent.Close()
		w.vault.change(func(v *vault) { v.hang = make(chan struct{}) })
		ended := make(chan error)
		go func() {
			_, _, err := sam.GetKey(w.Context(), ksid, 16, 0) // under way, and does not end
			ended <- err
		}()
		synctest.Wait()
		began := time.Now()
		w.stop()
		if err := <-ended; err == nil {
			w.Error("a call ends well that could not")
		}
		err = <-w.ended
		w.ended <- err
		if passed := time.Since(began); passed > 3*time.Second {
			w.Errorf("it took %v", passed)
		}
	})
}

func TestCallEndsWithItsContext(t *testing.T) {
	inBubble(t, func(w *world) {
		sam := w.dial("carol", "sam")
		w.vault.change(func(v *vault) { v.hang = make(chan struct{}) })
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, _, err := sam.Open(ctx, "sae://sam", "sae://sofia", qos, uuid.Nil); err == nil || time.Since(began) != time.Second {
			w.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
