package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"dske/node"
	"dske/protocol"
)

const (
	// tellAtOnce is the number of clients that are told at the same time that the hub has started.
	tellAtOnce = 16

	// tellTimeout is how long to wait for a client that does not answer.
	tellTimeout = 2 * time.Second
)

// Announce tells the enrolled clients that use this hub, if they can be reached, that it has
// started and so may have lost what it knew of them. The clients check that themselves. Call
// Announce when the hub serves requests. It returns when all have been told or ctx ends. A client
// that cannot be told notices at its next request.
func (h *Hub) Announce(ctx context.Context) {
	if h.config.Transport == nil {
		return
	}
	clients := make(chan *node.Enrolled)
	var telling sync.WaitGroup
	for range tellAtOnce {
		telling.Go(func() {
			for e := range clients {
				if err := h.tell(ctx, e); err != nil {
					h.config.Logger.Debug("client not told of the start", "client", e.Name(), "error", err)
				}
			}
		})
	}
	all := h.config.Directory.Clients()
	for i := range all {
		if e := &all[i]; ctx.Err() == nil && e.URL() != "" && e.Uses(h.config.Name) {
			clients <- e
		}
	}
	close(clients)
	telling.Wait()
}

// tell tells one client that the hub has started.
func (h *Hub) tell(ctx context.Context, e *node.Enrolled) error {
	body, err := json.Marshal(protocol.HubStarted{HubName: h.config.Name})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	path := protocol.PathHubStarted
	if h.byHand() {
		path = protocol.PathHubStartedInBand
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL()+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	reply, err := h.config.Transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", reply.StatusCode)
	}
	return nil
}
