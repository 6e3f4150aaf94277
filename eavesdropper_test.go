package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/node/client"
	"dske/protocol"
	"dske/psrd"
)

// eavesdropper is the wire between clients in this process and hubs in another one. It learns all
// secrets between them.
type eavesdropper struct {
	*testing.T
	next http.RoundTripper
	tls  *tls.Config // nil: plain HTTP

	mu      sync.Mutex
	blocks  map[uuid.UUID][]byte
	secrets traces
}

func newEavesdropper(t *testing.T, secure *tls.Config) *eavesdropper {
	if secure != nil {
		secure = secure.Clone()
		secure.ServerName = "localhost"
	}
	transport := &http.Transport{TLSClientConfig: secure, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &eavesdropper{T: t, next: transport, tls: secure, blocks: map[uuid.UUID][]byte{}, secrets: traces{}}
}

// client runs a client of hubsOnly until the test ends, and waits until it is ready.
func (e *eavesdropper) client(url, name, encryptor string) *client.Client {
	e.Helper()
	config := client.Config{Name: name, Encryptors: []string{encryptor}, Threshold: 2, Token: name + "'s", Transport: e}
	for i, hub := range []string{"hank", "helen", "hugo"} {
		config.Hubs = append(config.Hubs, client.Hub{Name: hub, URL: url + "/hub/" + hub, Number: i})
	}
	c, err := client.New(config)
	if err != nil {
		e.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	e.Cleanup(running.Wait)
	e.Cleanup(cancel)
	<-c.Ready()
	return c
}

// learn records a secret.
func (e *eavesdropper) learn(name string, secret []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secrets.add(name, secret)
}

// RoundTrip implements [http.RoundTripper].
func (e *eavesdropper) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	response, err := e.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(got))
	if response.StatusCode == http.StatusOK {
		e.hear(r, sent, response, got)
	}
	return response, nil
}

// hear learns the secrets in a message and in the answer to it.
func (e *eavesdropper) hear(r *http.Request, sent []byte, response *http.Response, got []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := func(path string) bool { return strings.HasSuffix(r.URL.Path, path) }
	switch {
	case at(protocol.PathPSRD):
		var block protocol.BlockData
		e.must(protocol.Unmarshal(got, &block))
		e.blocks[block.UUID] = block.Data
		return
	case at(protocol.PathKeyShare) && r.Method == http.MethodPost:
		m, err := protocol.ParsePostShare(sent)
		e.must(err)
		e.open(m.SealedShare)
	case at(protocol.PathKeyShares) && r.Method == http.MethodPost:
		m, err := protocol.ParsePostShares(sent)
		e.must(err)
		e.open(m.SealedShare)
	case at(protocol.PathKeyShare):
		m, err := protocol.ParseShareReply(got)
		e.must(err)
		e.open(m.SealedShare)
	case at(protocol.PathKeyShares):
		m, err := protocol.ParseSharesReply(got)
		e.must(err)
		e.open(m.SealedShare)
	default:
		return
	}
	for _, header := range []http.Header{r.Header, response.Header} {
		e.secrets.add("signing key", e.signingKey(header.Get(protocol.SignatureHeader)))
	}
}

func (e *eavesdropper) must(err error) {
	if err != nil {
		e.Error(err)
	}
}

// open learns a share and its pad. The caller holds e.mu.
func (e *eavesdropper) open(s protocol.SealedShare) {
	var pad []byte
	for _, f := range s.Pad.Fragments {
		pad = append(pad, e.bytes(f)...)
	}
	share := slices.Clone(pad)
	subtle.XORBytes(share, share, s.Value)
	e.secrets.add("pad", pad)
	e.secrets.add("share", share)
}

// signingKey returns the key that a signature header names, in the form BLOCK:START:SIZE%TAG.
func (e *eavesdropper) signingKey(header string) []byte {
	fragment, _, _ := strings.Cut(header, "%")
	parts := strings.Split(fragment, ":")
	if len(parts) != 3 {
		e.Errorf("the signature is %q", header)
		return nil
	}
	id, err := uuid.Parse(parts[0])
	e.must(err)
	start, err := strconv.Atoi(parts[1])
	e.must(err)
	return e.bytes(psrd.Fragment{Block: id, Start: start, Size: psrd.SlotSize})
}

func (e *eavesdropper) bytes(f psrd.Fragment) []byte { return e.blocks[f.Block][f.Start:][:f.Size] }
