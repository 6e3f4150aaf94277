package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"dske/node"
	"dske/sim/fault"
	"dske/sim/wire"
)

// Each process of a network shows the whole network. Only the process of a message's sender decides
// and knows what happens to the message. So every process reports its own messages to the others,
// under /sim/v1/own, which speaks for that process alone, and asks the others for theirs. The
// others find that interface below the path of each of its nodes.

const (
	pathOwn     = pathControl + "/own"
	followPause = 250 * time.Millisecond // between two requests
)

// followed is what is known of the processes that run the nodes elsewhere.
type followed struct {
	turn chan struct{} // one slot, taken by the goroutine that asks them

	mu     sync.Mutex
	next   map[string]int            // number to continue with, by process
	faults map[string][]fault.Status // between the nodes, by process
}

// processes returns the clients of the processes that run the nodes elsewhere, by the name that
// each gave itself. It leaves out those that do not answer, and those that are not of this program.
func (n *Network) processes(ctx context.Context) map[string]Remote {
	n.askElsewhere(ctx, time.Second)
	found := map[string]Remote{}
	for _, p := range n.places {
		if p.apart == nil {
			continue
		}
		if name := p.apart.report().process; name != "" && name != n.process {
			r := p.apart.remote()
			r.URL += pathOwn
			found[name] = r
		}
	}
	return found
}

// everywhere makes a request to each process that runs nodes elsewhere, and returns the errors of
// those that refused it. It ignores processes that have ended.
func (n *Network) everywhere(ctx context.Context, do func(ctx context.Context, process string, r Remote) error) error {
	if !n.IsPart() {
		return nil
	}
	var asked sync.WaitGroup
	var mu sync.Mutex
	var all []error
	for process, r := range n.processes(ctx) {
		asked.Go(func() {
			err := do(ctx, process, r)
			if err == nil || ctx.Err() == nil && !errors.As(err, new(*node.Error)) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, fmt.Errorf("%s: %w", r.URL, err))
		})
	}
	asked.Wait()
	return errors.Join(all...)
}

// waitElsewhere waits until the other processes report that they are ready, or idle.
func (n *Network) waitElsewhere(ctx context.Context, path string) error {
	return n.everywhere(ctx, func(ctx context.Context, _ string, r Remote) error {
		_, err := r.call(ctx, http.MethodGet, path, "")
		return err
	})
}

// Follow keeps reporting messages of nodes elsewhere to the observers here, until cancel is called.
func (n *Network) Follow() (cancel func()) {
	if !n.IsPart() || n.running == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(n.running)
	n.tasks.Go(func() {
		ticker := time.NewTicker(followPause)
		defer ticker.Stop()
		for ctx.Err() == nil {
			n.CatchUp(ctx)
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
	})
	return cancel
}

// CatchUp asks the processes that run nodes elsewhere for their messages since the last call, and
// reports them to the observers here. When it returns, the observers know all messages that ended
// before, except those of a process that does not answer.
func (n *Network) CatchUp(ctx context.Context) {
	if !n.IsPart() {
		return
	}
	select {
	case n.followed.turn <- struct{}{}:
		defer func() { <-n.followed.turn }()
	case <-ctx.Done():
		return
	}
	var mu sync.Mutex
	var told []Told
	faults := map[string][]fault.Status{}
	n.everywhere(ctx, func(ctx context.Context, process string, r Remote) error { // a process that refuses has nothing to report
		list, err := n.listen(ctx, process, r)
		mu.Lock()
		defer mu.Unlock()
		told, faults[process] = append(told, list.Told...), list.Faults
		return err
	})
	n.followed.mu.Lock()
	n.followed.faults = faults
	n.followed.mu.Unlock()
	slices.SortStableFunc(told, func(a, b Told) int { return a.ended().Compare(b.ended()) })
	for _, t := range told {
		n.hear(t)
	}
}

// listen asks a process for its messages since the last time.
func (n *Network) listen(ctx context.Context, process string, r Remote) (list ToldList, err error) {
	n.followed.mu.Lock()
	path := "/messages"
	if next, known := n.followed.next[process]; known {
		path += fmt.Sprint("?after=", next)
	}
	n.followed.mu.Unlock()
	if err = r.get(ctx, path, &list); err != nil {
		return list, err
	}
	n.followed.mu.Lock()
	defer n.followed.mu.Unlock()
	n.followed.next[process] = list.Next
	return list, nil
}

// ended returns when the message was answered.
func (t Told) ended() time.Time { return t.Event.Start.Add(t.Event.Duration) }

// hear reports to the observers here what another process has told.
func (n *Network) hear(t Told) {
	if t.Finding != nil {
		t.Finding.elsewhere = true
		n.tell(*t.Finding)
		return
	}
	t.Event.Elsewhere = true
	t.Event.Number = n.wire.NextNumber()
	if t.Message.Number != 0 {
		t.Message.Number = t.Event.Number
	}
	n.wire.Witness(t.Message, t.Event)
	isRefused := t.Event.Status >= http.StatusBadRequest && t.Event.Kind == wire.KindEncryptor || t.Event.Kind == wire.KindHandshake
	if isRefused && t.Event.About != nil && t.Event.Caller != nil {
		n.tellRefusal(Refusal{t.Message, t.Event})
	}
}

// faultsElsewhere adds the faults that other processes had when last asked, and their counts. A
// fault in all processes fires wherever a message is sent.
func (n *Network) faultsElsewhere(list []fault.Status) []fault.Status {
	n.followed.mu.Lock()
	defer n.followed.mu.Unlock()
	for _, process := range slices.Sorted(maps.Keys(n.followed.faults)) {
		for _, f := range n.followed.faults[process] {
			i := slices.IndexFunc(list, func(known fault.Status) bool { return known.ID == f.ID && known.Spec == f.Spec })
			if i < 0 {
				list = append(list, f)
			} else {
				list[i].Fired += f.Fired
			}
		}
	}
	return list
}

// sharedID is the length of the ID of a fault that is in all processes. Faults of one process alone,
// such as that of --hostile, have a number, which is shorter.
const sharedID = 8

func isShared(id string) bool { return len(id) == sharedID }

// ownFaults is the faults of one process, for the others.
type ownFaults struct {
	Faults  []fault.Status `json:"faults"`
	Removed []string       `json:"removed"` // IDs
}

// learnFaults adds the faults that were put into all processes before this one started. It skips
// processes that do not answer soon.
//
// A fault may be removed meanwhile: one process says so, in its list or in a request, while another
// one still has the fault. Whichever comes first, the fault is removed: nothing is added again with
// its ID. A process that removes a fault does so before it looks who else is there, so a process that
// comes later finds the ID in its list.
func (n *Network) learnFaults(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	err := n.everywhere(ctx, func(ctx context.Context, _ string, r Remote) error {
		var list ownFaults
		err := r.get(ctx, "/faults", &list)
		for _, id := range list.Removed {
			if isShared(id) {
				n.wire.RemoveFault(id)
			}
		}
		for _, f := range list.Faults {
			if isShared(f.ID) {
				err = errors.Join(err, n.wire.AddFaultAs(f.ID, f.Spec))
			}
		}
		return err
	})
	if err != nil {
		n.config.Logger.Warn("faults of other processes may be missing here", "error", err)
	}
}

// addFaultElsewhere adds a fault of this process to all other processes.
func (n *Network) addFaultElsewhere(ctx context.Context, id, spec string) error {
	return n.everywhere(ctx, func(ctx context.Context, _ string, r Remote) error {
		return r.Put(ctx, "/faults/"+url.PathEscape(id), FaultRequest{spec}, &struct{}{})
	})
}
