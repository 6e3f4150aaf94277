package client

import (
	"context"
	"time"
)

// earlier is how long before the end of a request the client gives up waiting for the hubs, so that
// their answers, and the causes for those that gave none, are ready when the request ends.
const earlier = time.Millisecond

// request is the context of an encryptor's request. After the request was answered, or the
// encryptor has gone, hubs that were asked for it can still answer: a hub forgets a share that it
// has given.
type request struct {
	context.Context
	hubsEnd time.Time // when the hubs are given up on
}

// begin returns the context of a request, and a function that ends it.
func (c *Client) begin(ctx context.Context) (request, context.CancelFunc) {
	end := time.Now().Add(c.config.RequestTimeout)
	ctx, cancel := context.WithDeadline(ctx, end)
	return request{ctx, end.Add(-earlier)}, cancel
}
