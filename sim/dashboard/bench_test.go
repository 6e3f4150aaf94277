package dashboard

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"dske/sim"
)

// BenchmarkOpenPage measures the cost of an open page under full load: keys are made and fetched,
// 16 at once, in turns with the page closed and open, so that both have the same machine. Cost is
// the median over the turns of the lost fraction of the key rate, in percent.
func BenchmarkOpenPage(b *testing.B) {
	for _, transport := range []string{sim.Memory, sim.Loopback} {
		b.Run(transport, func(b *testing.B) {
			const turn = 1600 // key pairs, for some seconds, since a page costs most when it is opened
			n := start(b, sim.Config{Transport: transport})
			load(b, n, turn)
			var closed, open, costs []float64 // seconds, seconds, percent
			for b.Loop() {
				without := load(b, n, turn)
				closePage := read(b, n)
				with := load(b, n, turn)
				closePage()
				closed, open, costs = append(closed, without), append(open, with), append(costs, 100*(1-without/with))
			}
			b.ReportMetric(turn/median(closed), "closed-keys/s")
			b.ReportMetric(turn/median(open), "open-keys/s")
			b.ReportMetric(median(costs), "cost-%")
		})
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// load makes and fetches keys, 16 at once, and returns how many seconds that took.
func load(b *testing.B, n *sim.Network, pairs int) float64 {
	const atOnce = 16
	began := time.Now()
	var done sync.WaitGroup
	for range atOnce {
		done.Go(func() {
			for range pairs / atOnce {
				if err := makeAndFetch(n); err != nil {
					b.Error(err)
				}
			}
		})
	}
	done.Wait()
	return time.Since(began).Seconds()
}

// read opens the stream as a page does, and reads it until closePage is called.
func read(b *testing.B, n *sim.Network) (closePage func()) {
	ctx, cancel := context.WithCancel(b.Context())
	request, err := http.NewRequestWithContext(ctx, "GET", n.URL()+pathStream, nil)
	if err != nil {
		b.Fatal(err)
	}
	response, err := remote(b, n).HTTP.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(io.Discard, response.Body) })
	return func() {
		cancel()
		reading.Wait()
		response.Body.Close()
	}
}
