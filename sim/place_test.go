package sim

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
	"dske/node"
	"dske/protocol"
	"dske/sim/wire"
)

// busy returns a network whose client carol has a request under way, which takes 5 s if the hubs
// answer after delay, and a channel for its outcome.
func busy(t *testing.T, delay time.Duration) (*testNetwork, <-chan error) {
	late := func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
		if r.Method == "POST" && r.Path == protocol.PathKeyShare {
			select {
			case <-time.After(delay):
			case <-ctx.Done():
				return wire.Response{}, ctx.Err()
			}
		}
		return next(ctx, r)
	}
	n := start(t, Config{}, late)
	answer := make(chan error, 1)
	go func() {
		_, err := n.sae("sam").GetKey(context.Background(), "sofia", etsi.KeyRequest{})
		answer <- err
	}()
	synctest.Wait()
	return n, answer
}

// A node that is stopped first answers the requests under way normally, and accepts no new ones. It
// cuts off requests that take long.
func TestStopWaitsForRequests(t *testing.T) {
	for _, test := range []struct{ delay, least, most time.Duration }{
		{time.Second, time.Second, time.Second + node.Farewell},
		{4 * time.Second, node.Grace, node.Grace + node.Farewell},
	} {
		synctest.Test(t, func(t *testing.T) {
			n, answer := busy(t, test.delay)
			began := time.Now()
			time.AfterFunc(time.Second/2, func() {
				if _, err := n.sae("sam").Status(t.Context(), "sofia"); err == nil || !strings.Contains(err.Error(), "Node is stopped") {
					t.Errorf("another request: %v", err)
				}
			})
			n.stop("client/carol")
			if took := time.Since(began); took < test.least || took > test.most {
				t.Errorf("stopped after %v, not %v to %v", took, test.least, test.most)
			}
			synctest.Wait() // the answer is on its way to sam
			select {
			case err := <-answer:
				if (err == nil) != (test.delay < node.Grace) {
					t.Errorf("the request under way: %v", err)
				}
			default:
				t.Error("the node has stopped, and its request is still under way")
			}
		})
	}
}

// Start and Stop of a node that is stopping wait until their context ends.
func TestStartAndStopAreInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _ := busy(t, 4*time.Second)
		soon := func() context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
			t.Cleanup(cancel)
			return ctx
		}
		began := time.Now()
		if err := n.Stop(soon(), "client/carol"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stop: %v", err)
		}
		if err := n.Start(soon(), "client/carol"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("start while it stops: %v", err)
		}
		if err := n.Stop(soon(), "client/carol"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stop while it stops: %v", err)
		}
		if took := time.Since(began); took != 3*time.Second/2 {
			t.Errorf("the three took %v", took)
		}
		if !n.Overview().IsStopped("client/carol") {
			t.Error("the place is not empty")
		}
		n.start("client/carol") // waits its turn
		if took := time.Since(began); took < node.Grace || took > node.Grace+node.Farewell || n.Overview().IsStopped("client/carol") {
			t.Errorf("started after %v", took)
		}
	})
}

// Secrets can be had only from running hubs in this process.
func TestLeak(t *testing.T) {
	n := start(t, Config{})
	if leak, err := n.Leak("hub/hank"); err != nil || len(leak.Blocks) == 0 {
		t.Errorf("%v, %d blocks", err, len(leak.Blocks))
	}
	n.stop("hub/hank")
	for _, name := range []string{"hub/hank", "hub/nobody", "client/carol"} {
		if _, err := n.Leak(name); err == nil {
			t.Errorf("%s leaks", name)
		}
	}
}
