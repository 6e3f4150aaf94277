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

// A network in several processes is seen as one from each of them. What is the matter with a
// message, its sender's process decides and knows; so every process tells the others of its own,
// under /sim/v1/own, where it speaks for itself alone, and asks them. That each of its nodes has
// this below its own path is how others find it.

const (
	pathOwn     = pathControl + "/own"
	followPause = 250 * time.Millisecond // between two questions
)

// followed is what is known of the processes that run the nodes elsewhere.
type followed struct {
	turn chan struct{} // one slot, which is taken by who asks them

	mu     sync.Mutex
	next   map[string]int            // what to go on with, by process
	faults map[string][]fault.Status // between the nodes, by process
}

// processes returns where the processes are that run the nodes elsewhere, by the name that each has
// given itself. Those that do not answer are left out, and so is what is not of this program.
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

// everywhere makes a request to each process that runs nodes elsewhere, and returns what those said
// that refused it. One that has gone meanwhile has nothing to say.
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

// waitElsewhere waits until the other processes say that they are ready, or idle.
func (n *Network) waitElsewhere(ctx context.Context, path string) error {
	return n.everywhere(ctx, func(ctx context.Context, _ string, r Remote) error {
		_, err := r.call(ctx, http.MethodGet, path, "")
		return err
	})
}

// Follow keeps telling those who watch here of the messages of nodes elsewhere too, until cancel is
// called.
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

// CatchUp asks the processes that run nodes elsewhere for the messages that there were since it was
// called last, and tells those who watch here. When it returns, they know all that ended before,
// but for the messages of a process that does not answer.
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
	n.everywhere(ctx, func(ctx context.Context, process string, r Remote) error { // who refuses has nothing to tell
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

// listen asks a process what there was since it was asked last.
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

// ended is when a message had been answered.
func (t Told) ended() time.Time { return t.Event.Start.Add(t.Event.Duration) }

// hear tells those who watch here what another process has told.
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

// faultsElsewhere adds the faults that other processes had when they were asked last. One that is
// everywhere fires wherever a message is sent.
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

// addFaultElsewhere puts a fault that is here also where the other processes are.
func (n *Network) addFaultElsewhere(ctx context.Context, id, spec string) error {
	return n.everywhere(ctx, func(ctx context.Context, _ string, r Remote) error {
		return r.Put(ctx, "/faults/"+url.PathEscape(id), FaultRequest{spec}, &struct{}{})
	})
}
