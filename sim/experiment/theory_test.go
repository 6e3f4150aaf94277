package experiment

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dske/sim"
	"dske/sim/topology"
)

// Each key is checked: enc_keys works exactly if at least k hubs are up, and dec_keys exactly if k
// of those have stayed up since.
func TestTheoryOfEachKey(t *testing.T) {
	length := 14 * time.Hour
	if *long {
		length = 303_000 * time.Minute // 100,000 keys
	}
	var mu sync.Mutex
	var outcomes []Outcome
	result := simulate(t, `
for: 365d
demand: [{between: [sam, sofia], every: 3m, fetch_after: 20m}]
outages: {hubs: {mtbf: 3h, mttr: 1h}}
`, Options{Seed: 3, For: length, Outcome: func(o Outcome) {
		mu.Lock()
		defer mu.Unlock()
		outcomes = append(outcomes, o)
	}})
	run := result.Points[0].Runs[0]
	deviations, failed := 0, 0
	for _, o := range outcomes {
		at, until := o.Asked, o.Asked+20*time.Minute
		if isClose(run.Events, at) || isClose(run.Events, until) {
			continue // a hub goes up or down at that time
		}
		up, stayed := hubsUp(run.Events, at, at), hubsUp(run.Events, at, until)
		if o.Made != nil || o.Fetched != nil {
			failed++
		}
		if (o.Made == nil) != (up >= 3) || o.Made == nil && (o.Fetched == nil) != (stayed >= 3) {
			deviations++
			t.Errorf("%v: %d hubs up, %d have stayed: made %v, fetched %v", at, up, stayed, o.Made, o.Fetched)
		}
	}
	t.Logf("%d keys, %d failed, %d deviations", len(outcomes), failed, deviations)
	if len(outcomes) < 200 || failed < len(outcomes)/20 {
		t.Errorf("only %d keys, of which %d failed", len(outcomes), failed)
	}
}

// Outages are stationary: of many hubs as many are down at the beginning as later.
func TestTheoryOfOutages(t *testing.T) {
	const hubs = 4000
	synctest.Test(t, func(t *testing.T) {
		r := &run{seed: 7, states: map[string]bool{}, began: time.Now()}
		ctx, end := context.WithCancel(t.Context())
		f := &Failure{MTBF: 100 * time.Minute, MTTR: 50 * time.Minute}
		var down atomic.Int64
		var all sync.WaitGroup
		for i := range hubs {
			this := target{fmt.Sprint("hub/", i), f, func() { down.Add(1) }, func() { down.Add(-1) }}
			all.Go(func() { r.suffer(ctx, this) })
		}
		u := f.Unavailability()
		slack := 4 * math.Sqrt(u*(1-u)/hubs)
		for range 10 {
			synctest.Wait()
			if got := float64(down.Load()) / hubs; math.Abs(got-u) > slack {
				t.Errorf("after %v, %.3f are down, and in theory %.3f ± %.3f", time.Since(r.began), got, u, slack)
			}
			time.Sleep(30 * time.Minute)
		}
		end()
		all.Wait()
	})
}

// Hubs go on failing after the end until the last key has been fetched.
func TestOutagesOutlastDemand(t *testing.T) {
	result := simulate(t, `
topology: {hubs: 3, clients: 2, threshold: 2}
for: 20m
demand: [{between: [sae1, sae2], every: 1m, fetch_after: 12h}]
outages: {crashes: {hubs: {mtbf: 1h}}}
share_ttl: 24h
`, Options{Seed: 4})
	if run := result.Points[0].Runs[0]; run.Made < 10 || run.Fetched > 0 {
		t.Errorf("%d keys of %d were made, and %d fetched", run.Made, run.Wanted, run.Fetched)
	}
}

// isClose reports whether an event is so close to a time that a message may overlap it.
func isClose(events []Event, at time.Duration) bool {
	return slices.ContainsFunc(events, func(e Event) bool { return (e.At - at).Abs() < 2*time.Second })
}

// hubsUp counts the hubs that are up at one time and stay up until another.
func hubsUp(events []Event, from, until time.Duration) int {
	isUp, failed := map[string]bool{}, map[string]bool{}
	for _, e := range events {
		if e.At <= from {
			isUp[e.Name] = e.Up
		} else if e.At <= until && !e.Up {
			failed[e.Name] = true
		}
	}
	count := 0
	for name, up := range isUp {
		if up && !failed[name] {
			count++
		}
	}
	return count
}

// Finite PSRD lasts for exactly as many keys as arithmetic says.
func TestTheoryOfRunningDry(t *testing.T) {
	result := simulate(t, `
topology: {hubs: 3, clients: 2, threshold: 2, psrd: {block_size: 4096, low_water: 4096, high_water: 4096}}
for: 12h
couriers: never
demand: [{between: [sae1, sae2], every: 5m, arrivals: periodic}]
`, Options{Seed: 5})
	top, err := topology.Generate(topology.Sizes{Hubs: 3, Clients: 2, Threshold: 2})
	if err != nil {
		t.Fatal(err)
	}
	top.PSRD = topology.PSRD{BlockSize: 4096, LowWater: 4096, HighWater: 4096}
	plan, err := sim.PlanOf(top)
	if err != nil {
		t.Fatal(err)
	}
	if run := result.Points[0].Runs[0]; run.Fetched != int64(plan.KeysPerClient) || run.Wanted != 144 {
		t.Errorf("%d of %d keys, and %d in theory", run.Fetched, run.Wanted, plan.KeysPerClient)
	}
}

// A master and a slave wait for as many hubs as make a key. On this network the master has learned
// from the first few keys that it need not wait longer.
func TestTheoryOfDelays(t *testing.T) {
	const n, k, from, to = 5, 3, 10.0, 110.0 // milliseconds, each way
	length := 30 * time.Hour
	if *long {
		length = 2000 * time.Hour
	}
	result := simulate(t, fmt.Sprintf(`
topology: {hubs: %d, clients: 2, threshold: %d, links: [{between: [client1, hub1], latency: {uniform: {from: 10ms, to: 110ms}}}]}
for: 365d
latency: {uniform: {from: 10ms, to: 110ms}}
demand: [{between: [sae1, sae2], every: 5m, fetch_after: 1m}]
`, n, k), Options{Seed: 9, For: length})
	run := result.Points[0].Runs[0]
	want := expectedDelay(n, k, from, to)
	check := func(what string, got time.Duration) {
		ms := float64(got) / float64(time.Millisecond)
		t.Logf("%s: %.2f ms, %.2f ms in theory", what, ms, want)
		slack := 0.04 // as the fraction of the mean of so few
		if *long {
			slack = 0.01
		}
		if math.Abs(ms-want) > slack*want {
			t.Errorf("%s takes %.2f ms, and in theory %.2f ms", what, ms, want)
		}
	}
	check("enc_keys", run.Making.Mean())
	check("dec_keys", run.Fetching.Mean())
	if run.Fetched != run.Wanted {
		t.Errorf("%d of %d keys", run.Fetched, run.Wanted)
	}
}

// expectedDelay draws round trips with uniform delays each way, and returns the mean of the k-th of
// n, in milliseconds.
func expectedDelay(n, k int, from, to float64) (mean float64) {
	const draws = 200_000
	r := rand.New(rand.NewPCG(1, 2))
	way := func() float64 { return from + (to-from)*r.Float64() }
	for range draws {
		trips := make([]float64, n)
		for i := range trips {
			trips[i] = way() + way()
		}
		slices.Sort(trips)
		mean += trips[k-1] / draws
	}
	return mean
}

// Each file has one mistake, and an expected error.
func TestBadFiles(t *testing.T) {
	const demand = "demand: [{between: [sam, sofia], every: 5m}]\n"
	for text, want := range map[string]string{
		"":                                  "1: the file is empty",
		"for: 1d\n":                         "1: the experiment lacks demand",
		demand:                              "1: the experiment lacks for",
		"for: 365\n" + demand:               "1: for must be a time such as 1.5s, but is a number",
		"for: 200000d\n" + demand:           "1: for",
		"for: 1d\nrun: 3\n":                 `2: the experiment has no member "run"`,
		"for: 1d\nruns: 0\n" + demand:       "2: runs is 0: use 1 to 10000",
		"for: 1d\ndemand: []\n":             "2: the experiment lacks demand",
		"for: 1d\ndemand:\n- {every: 1m}\n": "3: a demand lacks between",
		"for: 1d\ndemand:\n- {between: random 0}\n":                                       `3: between is "random 0"`,
		"for: 1d\ndemand:\n- {between: random 99, every: 1m}\n":                           "3: there are only",
		"for: 1d\ndemand:\n- {between: [sam, nobody], every: 1m}\n":                       `3: there is no encryptor "nobody"`,
		"for: 1d\ndemand:\n- {between: [sam, sam], every: 1m}\n":                          "3: between must be two different",
		"for: 1d\ndemand:\n- {between: [sam, sofia]}\n":                                   "3: a demand lacks every",
		"for: 1d\ndemand:\n- {between: [sam, sofia], profile: ssh}\n":                     `3: profile is "ssh"`,
		"for: 1d\ndemand:\n- {between: [sam, sofia], every: 1m, arrivals: late}\n":        `3: arrivals is "late"`,
		"for: 1d\ndemand:\n- {between: [sam, sofia], every: 1m, size: 7}\n":               "3: size is 7 bits: use a multiple of 8",
		"for: 1d\n" + demand + "outages: {hubs: {mtbf: 1d}}\n":                            "3: hubs lacks something: set mtbf and mttr",
		"for: 1d\n" + demand + "outages:\n  crashes: {hubs: {}}\n":                        "4: hubs lacks mtbf",
		"for: 1d\n" + demand + "outages:\n  sites: {mtbf: 1d, mttr: 1h}\n":                "4: the topology has no sites",
		"for: 1d\n" + demand + "couriers: {every: 7d}\n":                                  "3: courier lacks something",
		"for: 1d\n" + demand + "vary: {threshold: []}\n":                                  "3: threshold has no values",
		"for: 1d\n" + demand + "vary:\n  demand.1.every: [1m]\n":                          `4: vary: demand.1.every: there is no item "1"`,
		"for: 1d\n" + demand + "vary:\n  for.long: [1m]\n":                                `4: vary: for.long: there is nothing under "for"`,
		"for: 1d\n" + demand + "vary:\n  outages.hubs.mttf: [1m]\n":                       `4: hubs has no member "mttf"`,
		"for: 1d\n" + demand + "topology: {hubs: 3, clients: 2}\n":                        `2: there is no encryptor "sam"`,
		"for: 1d\n" + demand + "topology: reference\nvary:\n  threshold: [3,\n    9]\n":   "3: ",
		"for: 1d\n" + demand + "topology: nowhere.yaml\n":                                 "3: topology: ",
		"for: 1d\n" + demand + "latency: {pareto: 1}\n":                                   `3: latency has no member "pareto"`,
		"for: 1d\n" + demand + "vary:\n  for: [" + strings.Repeat("1d, ", 1000) + "1d]\n": "4: these are more than 1000 points",
	} {
		_, err := Load("x.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), "x.yaml:"+want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

// The parser accepts what the package comment describes.
func TestLoad(t *testing.T) {
	e := parse(t, everything)
	if e.Title != "Everything at once" || e.Runs != 2 || len(e.Points) != 2 || e.Points[0].Topology.Threshold != 2 || e.Points[1].Topology.Threshold != 3 {
		t.Errorf("%+v", e)
	}
	p := e.Points[1]
	if p.Demand[1].Every != 2*time.Minute || p.Demand[1].Arrivals != Periodic || p.Topology.PSRD.Courier.Size != 8<<10 || p.Outages.CrashedHubs.MTBF != 12*time.Hour {
		t.Errorf("%+v", p)
	}
}
