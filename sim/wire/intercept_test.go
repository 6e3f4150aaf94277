package wire

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dske/sim/fault"
)

// Each case is something that an interceptor can do, with the effect on the nodes and the sender.
func TestIntercept(t *testing.T) {
	for _, test := range []struct {
		what   string
		hands  Intercept
		came   string
		status int
		body   string
		err    error
	}{
		{"let pass", func(ctx context.Context, r *Request, next Deliver) (Response, error) {
			return next(ctx, r)
		}, "POST /hub/hank/x%2Fy?q=1 body", 200, "body", nil},
		{"withhold", func(context.Context, *Request, Deliver) (Response, error) {
			return Response{}, fault.ErrLost
		}, "", 0, "", fault.ErrLost},
		{"re-address", func(ctx context.Context, r *Request, next Deliver) (Response, error) {
			r.To = "hub/helen"
			return next(ctx, r)
		}, "POST /hub/helen/x%2Fy?q=1 body", 200, "body", nil},
		{"alter the request", func(ctx context.Context, r *Request, next Deliver) (Response, error) {
			r.Method, r.Path, r.Query, r.Body = "PUT", "/a%2Fb", "q=2", []byte("other")
			return next(ctx, r)
		}, "PUT /hub/hank/a%2Fb?q=2 other", 200, "other", nil},
		{"alter the response", func(ctx context.Context, r *Request, next Deliver) (Response, error) {
			response, err := next(ctx, r)
			response.Status, response.Body = 201, []byte("altered")
			return response, err
		}, "POST /hub/hank/x%2Fy?q=1 body", 201, "altered", nil},
		{"answer himself", func(context.Context, *Request, Deliver) (Response, error) {
			return Response{Status: 403, Body: []byte("no")}, nil
		}, "", 403, "no", nil},
		{"repeat", func(ctx context.Context, r *Request, next Deliver) (Response, error) {
			again := r.Copy()
			response, err := next(ctx, r)
			next(ctx, again)
			return response, err
		}, "POST /hub/hank/x%2Fy?q=1 body\nPOST /hub/hank/x%2Fy?q=1 body", 200, "body", nil},
		{"an address that is none", func(ctx context.Context, r *Request, next Deliver) (Response, error) {
			r.Path = "/%"
			return next(ctx, r)
		}, "", 0, "", errAny},
	} {
		w, n := newWire(t)
		cancel := w.Intercept(test.hands)
		status, body, err := send(t, w, "POST", "/hub/hank/x%2Fy?q=1", "body")
		if came := n.take(); came != test.came || status != test.status || body != test.body || !errors.Is(err, test.err) && (test.err != errAny || err == nil) {
			t.Errorf("%s: %d %q %v; the nodes got %q", test.what, status, body, err, came)
		}
		cancel()
		if status, _, err := send(t, w, "GET", "/hub/hank/x", ""); status != 200 || err != nil || w.attention.Load() != nobody {
			t.Errorf("%s, afterwards: %d, %v", test.what, status, err)
		}
	}
}

var errAny = errors.New("any error")

// A message can be held and released long after the sender has given up, and two messages can be
// swapped.
func TestInterceptReleasesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, n := newWire(t)
		release := make(chan struct{})
		defer w.Intercept(func(ctx context.Context, r *Request, next Deliver) (Response, error) {
			if r.To != "hub/hank" {
				return next(ctx, r)
			}
			go func() {
				<-release
				next(context.WithoutCancel(ctx), r)
			}()
			return Response{}, fault.ErrLost
		})()
		if _, _, err := send(t, w, "POST", "/hub/hank/x", "first"); !errors.Is(err, fault.ErrLost) {
			t.Error(err)
		}
		if _, _, err := send(t, w, "POST", "/hub/helen/x", "second"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		close(release)
		synctest.Wait()
		if came := n.take(); came != "POST /hub/helen/x second\nPOST /hub/hank/x first" {
			t.Errorf("the nodes got %q", came)
		}
	})
}

// A tap sees what the nodes themselves sent, whatever interceptors do, including messages that were
// not delivered.
func TestTapSeesBehindInterception(t *testing.T) {
	w, _ := newWire(t)
	var tapped []Message
	var seen []Event
	w.Tap(func(m Message) { tapped = append(tapped, m) })
	w.Observe(func(e Event) { seen = append(seen, e) })
	w.Intercept(func(ctx context.Context, r *Request, next Deliver) (Response, error) {
		if r.To == "hub/helen" {
			return Response{Status: 418}, nil
		}
		r.To, r.Body = "hub/helen", []byte("altered")
		response, err := next(ctx, r)
		response.Body = []byte("altered again")
		return response, err
	})
	send(t, w, "POST", "/hub/hank/x", "as sent")
	send(t, w, "POST", "/hub/helen/x", "kept")
	if len(tapped) != 2 || len(seen) != 2 {
		t.Fatalf("tapped %+v, seen %+v", tapped, seen)
	}
	if m := tapped[0]; m.To != "hub/hank" || string(m.Body) != "as sent" || string(m.Response.Body) != "altered" || m.Number != seen[0].Number {
		t.Errorf("%+v", m)
	}
	if m := tapped[1]; m.To != "hub/helen" || m.Response.Status != 0 || seen[1].Status != 418 {
		t.Errorf("%+v, %+v", m, seen[1])
	}
}

// Interceptors come before faults, in the order in which they were added.
func TestInterceptOrder(t *testing.T) {
	w, _ := newWire(t)
	if err := w.AddFault("delay=1ns"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"first", "second"} {
		w.Intercept(func(ctx context.Context, r *Request, next Deliver) (Response, error) {
			r.Faults = append(r.Faults, name)
			return next(ctx, r)
		})
	}
	var seen Event
	w.Observe(func(e Event) { seen = e })
	if _, _, err := send(t, w, "GET", "/hub/hank/x", ""); err != nil || seen.Fault != "first second delay" {
		t.Errorf("%+v, %v", seen, err)
	}
}
