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

// Retries says how a [Client] continues after a call that failed for a temporary reason: the KME
// could not be reached or trusted; it said that it cannot answer now (408, 425, 429 and all from
// 500); something else answered in its place; or a key is not there yet (400), where KMEs take time
// to inform each other. If the answer of a call that made keys is lost, the repeated call makes
// other keys. A key can be fetched once: if the answer with it is lost, it is not found any more.
type Retries struct {
	Most int           // calls after the first one; 0: none
	Wait time.Duration // before the first of these, doubling before each further one up to MostWait; default 100 ms
}

// MostWait is the maximum time that a [Client] waits before it repeats a call.
const MostWait = 5 * time.Second

// call makes a call, repeats it if needed, and decodes the answer.
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

// mayPass reports whether a failed call may succeed if it is repeated.
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

// foreignError says that an answer does not come from a KME.
type foreignError struct {
	mediaType string
	cause     error
}

func (e *foreignError) Error() string {
	return fmt.Sprintf("the answer is %s and not JSON, so something else than the KME gave it: %v", e.mediaType, e.cause)
}

func (e *foreignError) Unwrap() error { return e.cause }

// fromElsewhere marks the error for an answer that cannot be read, if its media type shows that it
// does not come from a KME.
func fromElsewhere(response *http.Response, err error) error {
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if mediaType == "" || mediaType == "application/json" {
		return err
	}
	return &foreignError{mediaType, err}
}
