package experiment

import (
	"context"
	"strings"
	"time"
)

// Event says that a target went up or down. Names are such as hub/hank, client/carol, site/london,
// liar/hank, or carol-hank for a link.
type Event struct {
	At   time.Duration // since the start of the experiment
	Name string
	Up   bool
}

// target is something that can fail.
type target struct {
	name       string
	failure    *Failure
	fail, mend func()
}

// targets returns everything that fails, in the order of the topology.
func (r *run) targets() []target {
	var all []target
	o, t := r.point.Outages, r.point.Topology
	node := func(names ...string) (fail, mend func()) {
		return func() { r.each(names, r.down) }, func() { r.each(names, r.up) }
	}
	add := func(name string, f *Failure, fail, mend func()) {
		if f != nil {
			all = append(all, target{name, f, fail, mend})
		}
	}
	for _, h := range t.Hubs {
		name := "hub/" + h.Name
		fail, mend := node(name)
		add(name, o.Hubs, fail, mend)
		add("crash of "+name, o.CrashedHubs, func() { fail(); mend() }, func() {})
		add("liar/"+h.Name, o.Liars, func() { _ = r.network.Lie(name, true) }, func() { _ = r.network.Lie(name, false) })
	}
	for _, c := range t.Clients {
		name := "client/" + c.Name
		fail, mend := node(name)
		add(name, o.Clients, fail, mend)
		add("crash of "+name, o.CrashedClients, func() { fail(); mend() }, func() {})
		for _, h := range c.Hubs {
			spec := "partition=" + name + "|hub/" + h
			add(c.Name+"-"+h, o.Links, func() { r.note(r.network.Wire().AddFault(spec)) }, func() { r.network.Wire().EndFault(spec) })
		}
	}
	for _, s := range t.Sites {
		fail, mend := node(r.fullNames(s.Nodes)...)
		add("site/"+s.Name, o.Sites, fail, mend)
	}
	return all
}

// fullNames completes the names of the nodes at a site.
func (r *run) fullNames(nodes []string) []string {
	var full []string
	for _, name := range nodes {
		for _, known := range r.network.Overview().Nodes() {
			if _, short, _ := strings.Cut(known, "/"); known == name || short == name {
				full = append(full, known)
			}
		}
	}
	return full
}

func (r *run) each(names []string, do func(string)) {
	for _, name := range names {
		do(name)
	}
}

// suffer makes a target fail and come back until the experiment ends. At the beginning it is down
// with the probability of being down at any time. Since the times are exponential, the rest of a
// period is distributed like a whole one.
func (r *run) suffer(ctx context.Context, t target) {
	chance := stream(r.seed, "outage", t.name)
	isDown := chance.Float64() < t.failure.Unavailability()
	for first := true; ; first = false {
		if isDown {
			t.fail()
			r.happened(t.name, false)
			if !r.sleep(ctx, exponential(chance, t.failure.MTTR)) {
				return
			}
			t.mend()
		}
		if isDown || first {
			r.happened(t.name, true)
		}
		if !r.sleep(ctx, exponential(chance, t.failure.MTBF)) {
			return
		}
		isDown = true
	}
}

// sleep waits, and reports whether the experiment continues.
func (r *run) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// down makes a node fail, unless it is down already for another reason.
func (r *run) down(name string) {
	r.mu.Lock()
	r.reasons[name]++
	first := r.reasons[name] == 1
	r.mu.Unlock()
	if !first {
		return
	}
	r.note(r.network.Crash(context.Background(), name))
}

// up makes a node come back, unless another reason keeps it down.
func (r *run) up(name string) {
	r.mu.Lock()
	r.reasons[name]--
	last := r.reasons[name] == 0
	r.mu.Unlock()
	if last {
		r.note(r.network.Start(context.Background(), name))
	}
}
