package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"dske/etsi"
	"dske/sim/wire"
)

// Messages has the messages to each hub, in the order of the hubs.
type Messages [][]wire.Message

// Floor stands in for a network. Its KME answers every request for keys with the same keys, after
// sending the messages that a real one sends to its hubs for them, to all hubs at once. Its hubs
// answer each message with the recorded answer. Nothing is computed.
type Floor struct {
	scatter, gather [][]int        // by hub: positions in messages
	messages        []wire.Message // each carries its position in placeHeader
	keys            []byte         // of the answer, in JSON
	url             string
	client          *http.Client
}

// deadline is the time limit for a message of a floor.
const deadline = time.Minute

// placeHeader is the header that identifies a message to the hubs of a floor.
const placeHeader = "Place"

// NewFloor returns the stand-in for a network that made keys with the messages of scatter and
// delivered them with those of gather. Without messages, it stands in for two KMEs of which nothing
// else is known. The KME sends to the hubs at url, where the floor must be served, through
// transport.
func NewFloor(keys []etsi.Key, scatter, gather Messages, url string, transport http.RoundTripper) (*Floor, error) {
	f := &Floor{url: url, client: &http.Client{Transport: transport}}
	f.scatter, f.gather = f.place(scatter), f.place(gather)
	var err error
	f.keys, err = json.Marshal(etsi.KeyContainer{Keys: keys})
	return f, err
}

// place gives each message its position.
func (f *Floor) place(sent Messages) [][]int {
	places := make([][]int, len(sent))
	for hub, messages := range sent {
		for _, m := range messages {
			m.Header = m.Header.Clone()
			m.Header.Set(placeHeader, strconv.Itoa(len(f.messages)))
			places[hub] = append(places[hub], len(f.messages))
			f.messages = append(f.messages, m)
		}
	}
	return places
}

// ServeHTTP serves the KME and the hubs.
func (f *Floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	place := r.Header.Get(placeHeader)
	switch {
	case place != "":
		f.answer(w, place)
	case strings.HasSuffix(r.URL.Path, "/enc_keys"):
		f.relay(w, r, f.scatter)
	default:
		f.relay(w, r, f.gather)
	}
}

// answer answers a message to a hub.
func (f *Floor) answer(w http.ResponseWriter, place string) {
	i, err := strconv.Atoi(place)
	if err != nil || i < 0 || i >= len(f.messages) {
		http.Error(w, "no such message", http.StatusNotFound)
		return
	}
	for name, values := range f.messages[i].Response.Header {
		w.Header()[name] = values
	}
	w.Write(f.messages[i].Response.Body)
}

// relay sends messages and, when all have been answered, answers with the keys.
func (f *Floor) relay(w http.ResponseWriter, r *http.Request, places [][]int) {
	errs := make([]error, len(places))
	var sent sync.WaitGroup
	for hub, messages := range places {
		sent.Go(func() {
			for _, i := range messages {
				if errs[hub] == nil {
					errs[hub] = f.send(r, f.messages[i])
				}
			}
		})
	}
	sent.Wait()
	for _, err := range errs {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(f.keys)
}

// send sends a message with a deadline, as nodes do.
func (f *Floor) send(r *http.Request, m wire.Message) error {
	ctx, cancel := context.WithTimeout(r.Context(), deadline)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, m.Method, f.url+uriOf(m), bytes.NewReader(m.Body))
	if err != nil {
		return err
	}
	for name, values := range m.Header {
		request.Header[name] = values
	}
	response, err := f.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && len(body) != len(m.Response.Body) {
		err = fmt.Errorf("an answer of %d bytes instead of %d", len(body), len(m.Response.Body))
	}
	return err
}

func uriOf(m wire.Message) string {
	uri := "/" + m.To + m.Path
	if m.Query != "" {
		uri += "?" + m.Query
	}
	return uri
}
