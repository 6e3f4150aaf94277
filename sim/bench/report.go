package bench

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"
)

// Report is the outcome for people and machines. Values that are not known of KMEs elsewhere are 0
// or empty, and absent from the JSON.
type Report struct {
	Network     string  `json:"network"` // what was measured, in words
	Hubs        int     `json:"hubs,omitempty"`
	Clients     int     `json:"clients,omitempty"`
	Threshold   int     `json:"threshold,omitempty"`
	Suite       string  `json:"suite,omitempty"`
	Transport   string  `json:"transport,omitempty"`
	Size        int     `json:"size_bits"`
	Number      int     `json:"number"` // of keys in a request
	Concurrency int     `json:"concurrency"`
	Seconds     float64 `json:"seconds"` // duration of the load on the network

	KeyPairs int     `json:"key_pairs"`
	Failures int     `json:"failures"`
	Failure  string  `json:"failure,omitempty"` // one of them
	Rate     float64 `json:"key_pairs_per_second"`
	Floor    float64 `json:"floor_pairs_per_second"`
	Ratio    float64 `json:"floor_ratio"`

	// The same between only two encryptors, whose requests can share messages.
	TwoRate  float64 `json:"two_encryptors_key_pairs_per_second"`
	TwoRatio float64 `json:"two_encryptors_floor_ratio"`

	Enc       Quantiles `json:"enc_keys_ms"`
	Dec       Quantiles `json:"dec_keys_ms"`
	Pair      Quantiles `json:"pair_ms"`
	FloorPair Quantiles `json:"floor_pair_ms"`
	AlonePair Quantiles `json:"one_at_a_time_pair_ms"`

	ReadySeconds float64 `json:"ready_seconds,omitempty"`   // from the start until the last client was ready
	CPU          float64 `json:"cpu_ms_per_pair,omitempty"` // of the whole process, load generator included
	FloorCPU     float64 `json:"floor_cpu_ms_per_pair,omitempty"`
	Allocations  float64 `json:"allocs_per_pair,omitempty"`    //
	Bytes        float64 `json:"bytes_per_pair,omitempty"`     // allocated
	PSRD         float64 `json:"psrd_bytes_per_key,omitempty"` // used up
	PeakMemory   int64   `json:"peak_memory_bytes,omitempty"`  // resident, of the whole process
	CPUs         int     `json:"cpus"`
	Go           string  `json:"go"`
}

// Fill sets the values of the outcome, except those about the resources of a network in this
// process.
func (r *Report) Fill(o Outcome) {
	r.Seconds = o.Network.Elapsed.Seconds()
	r.KeyPairs = o.Network.KeyPairs
	for _, t := range []*Tally{o.Network, o.Two, o.Alone} {
		r.Failures += t.Failures
		if t.Error != nil {
			r.Failure = t.Error.Error()
		}
	}
	r.Rate, r.TwoRate, r.Floor = o.Network.Rate(), o.Two.Rate(), o.Floor.Rate()
	if r.Floor > 0 {
		r.Ratio, r.TwoRatio = r.Rate/r.Floor, r.TwoRate/r.Floor
	}
	r.Enc, r.Dec, r.Pair = quantilesOf(o.Network.enc), quantilesOf(o.Network.dec), quantilesOf(o.Network.pair)
	r.FloorPair, r.AlonePair = quantilesOf(o.Floor.pair), quantilesOf(o.Alone.pair)
}

// FillUsage sets the resources that a network in this process has used.
func (r *Report) FillUsage(o Outcome) {
	r.PeakMemory = PeakMemory()
	if r.KeyPairs == 0 || o.Floor.KeyPairs == 0 {
		return
	}
	pairs := float64(r.KeyPairs)
	r.CPU = o.Used.CPU.Seconds() * 1000 / pairs
	r.FloorCPU = o.UsedByFloor.CPU.Seconds() * 1000 / float64(o.Floor.KeyPairs)
	r.Allocations = float64(o.Used.Allocations) / pairs
	r.Bytes = float64(o.Used.Bytes) / pairs
}

// Print writes the report as a table.
func (r *Report) Print(to io.Writer) error {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", values...) }
	row("network", "%s", r.Network)
	row("load", "%d bits, %d at a time, %d at once, %.1f s", r.Size, r.Number, r.Concurrency, r.Seconds)
	row("key pairs / floor", "%.2f, %.2f between two encryptors", r.Ratio, r.TwoRatio)
	row("key pairs per second", "%.1f, %.1f between two encryptors", r.Rate, r.TwoRate)
	row("floor per second", "%.1f", r.Floor)
	row("failures", "%d %s", r.Failures, r.Failure)
	row("", "p50\tp95\tp99")
	for _, q := range []struct {
		name string
		Quantiles
	}{{"enc_keys, ms", r.Enc}, {"dec_keys, ms", r.Dec}, {"pair, ms", r.Pair}, {"one at a time, ms", r.AlonePair}, {"floor's pair, ms", r.FloorPair}} {
		row(q.name, "%.2f\t%.2f\t%.2f", q.P50, q.P95, q.P99)
	}
	if cmp.Or(r.CPU, r.Allocations) > 0 {
		row("CPU per pair", "%.3f ms, %.3f on the floor", r.CPU, r.FloorCPU)
		row("allocations per pair", "%.0f, %.0f bytes", r.Allocations, r.Bytes)
		row("PSRD per key", "%.1f bytes", r.PSRD)
		row("peak memory", "%.1f MB", float64(r.PeakMemory)/1e6)
		row("ready after", "%.2f s", r.ReadySeconds)
	}
	row("machine", "%d CPUs, %s", r.CPUs, r.Go)
	return t.Flush()
}
