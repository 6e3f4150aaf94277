package etsi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// Retries says how a [Client] goes on after a call that failed for a reason that may pass: the KME
// could not be reached, or not be trusted; it said that it cannot do it now (408, 425, 429 and all
// from 500); something else answered in its place; or a key is not there yet (400), as where KMEs
// take their time to tell each other. A call that made keys whose answer got lost makes others. A
// key can be fetched once: if the answer with it gets lost, it is not found from then on.
type Retries struct {
	Most int           // calls after the first one; 0: none
	Wait time.Duration // before the first of these, and twice as long before each further one, but at most MostWait; default 100 ms
}

// MostWait is how long a [Client] waits at most before it makes a call again.
const MostWait = 5 * time.Second

// call makes a call, again and again if need be, and decodes the answer.
func (c *Client) call(ctx context.Context, asked call, answer any) error {
	wait := c.Retries.Wait
	if wait <= 0 {
		wait = 100 * time.Millisecond
	}
	for left := c.Retries.Most; ; left-- {
		err := c.once(ctx, asked, answer)
		if err == nil || left <= 0 || ctx.Err() != nil || !mayPass(err) {
			return err
		}
		select {
		case <-time.After(min(wait, MostWait)):
		case <-ctx.Done():
			return err
		}
		wait *= 2
	}
}

// mayPass reports whether a call that failed may succeed if it is made again.
func mayPass(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		switch e.Status {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return true
		}
		return e.Status >= 500 || e.Is(ErrKeyNotFound)
	}
	if _, isForeign := errors.AsType[*foreignError](err); isForeign {
		return true
	}
	unanswered, ok := errors.AsType[*url.Error](err)
	return ok && unanswered.Op != "parse" || errors.Is(err, io.ErrUnexpectedEOF)
}

// foreignError is the error for an answer that no KME would give.
type foreignError struct {
	mediaType string
	cause     error
}

func (e *foreignError) Error() string {
	return fmt.Sprintf("the answer is %s and not JSON, so something else than the KME gave it: %v", e.mediaType, e.cause)
}

func (e *foreignError) Unwrap() error { return e.cause }

// fromElsewhere says of an answer that cannot be read if it is none of a KME by its media type.
func fromElsewhere(response *http.Response, err error) error {
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if mediaType == "" || mediaType == "application/json" {
		return err
	}
	return &foreignError{mediaType, err}
}
