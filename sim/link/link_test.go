package link

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// times returns the times of the first n messages of a direction, without a queue.
func times(l *Link, n int) []time.Duration {
	d := NewDirection(l, 1, "a", "b")
	var all []time.Duration
	for i := range n {
		now := start.Add(time.Duration(i) * time.Hour)
		all = append(all, d.Pass(now, 1000).Arrives.Sub(now))
	}
	return all
}

// meanAndSigma returns the mean and the standard deviation in seconds.
func meanAndSigma(all []time.Duration) (mean, sigma float64) {
	for _, d := range all {
		mean += d.Seconds() / float64(len(all))
	}
	for _, d := range all {
		sigma += (d.Seconds() - mean) * (d.Seconds() - mean) / float64(len(all))
	}
	return mean, math.Sqrt(sigma)
}

// Mean and standard deviation of 100,000 messages are within 1 % or five standard errors.
func TestDistributions(t *testing.T) {
	const n = 100_000
	for name, test := range map[string]struct {
		link        Link
		mean, sigma float64
	}{
		"fixed":     {Link{Latency: Fixed(time.Second)}, 1, 0},
		"uniform":   {Link{Latency: Uniform{time.Second, 3 * time.Second}}, 2, 2 / math.Sqrt(12)},
		"normal":    {Link{Latency: Normal{2 * time.Second, 300 * time.Millisecond}}, 2, 0.3},
		"lognormal": {Link{Latency: Lognormal{time.Second, 0.5}}, math.Exp(0.125), math.Sqrt((math.Exp(0.25) - 1) * math.Exp(0.25))},
		"measured":  {Link{Latency: Measured{time.Second, 2 * time.Second, 6 * time.Second}}, 3, math.Sqrt(14.0 / 3)},
		"jitter":    {Link{Latency: Fixed(time.Second), Jitter: 500 * time.Millisecond}, 1, 1 / math.Sqrt(12)},
		"bandwidth": {Link{Bandwidth: 4000}, 2, 0},
		"all":       {Link{Latency: Fixed(time.Second), Bandwidth: 4000}, 3, 0},
	} {
		mean, sigma := meanAndSigma(times(&test.link, n))
		if math.Abs(mean-test.mean) > max(1e-6, 5*test.sigma/math.Sqrt(n)) || math.Abs(sigma-test.sigma) > max(1e-6, 0.02*test.sigma) {
			t.Errorf("%s: mean %f instead of %f, standard deviation %f instead of %f", name, mean, test.mean, sigma, test.sigma)
		}
	}
	if median := slices.Sorted(slices.Values(times(&Link{Latency: Lognormal{time.Second, 2}}, n)))[n/2]; (median - time.Second).Abs() > 50*time.Millisecond {
		t.Errorf("the median is %v", median)
	}
	if least := slices.Min(times(&Link{Latency: Normal{time.Millisecond, time.Second}}, n)); least != 0 {
		t.Errorf("a message takes %v", least)
	}
}

// Of some links, one knows how long messages take; those take just as long in their order.
func TestSure(t *testing.T) {
	for want, l := range map[time.Duration]Link{0: {}, time.Minute: {Latency: Fixed(time.Minute)}} {
		if takes, isSure := l.Sure(); !isSure || takes != want || NewDirection(&l, 1, "a", "b").Pass(start, 1000).Arrives.Sub(start) != want {
			t.Errorf("%+v: %v, %v", l, takes, isSure)
		}
	}
	for _, l := range []Link{{Jitter: 1}, {Bandwidth: 1}, {Loss: 0.1}, {Burst: &Burst{}}, {Latency: Uniform{1, 2}}} {
		if _, isSure := l.Sure(); isSure {
			t.Errorf("%+v is sure", l)
		}
	}
}

// Messages queue for the line of their direction only.
func TestQueue(t *testing.T) {
	l := &Link{Bandwidth: 8000, Latency: Fixed(time.Minute)}
	d, other := NewDirection(l, 1, "a", "b"), NewDirection(l, 1, "b", "a")
	for i := 1; i <= 3; i++ {
		if p := d.Pass(start, 1000); p.Arrives.Sub(start) != time.Minute+time.Duration(i)*time.Second {
			t.Errorf("message %d arrives after %v", i, p.Arrives.Sub(start))
		}
	}
	if p := d.Pass(start.Add(10*time.Second), 1000); p.Arrives.Sub(start) != time.Minute+11*time.Second {
		t.Errorf("a line that is free again: after %v", p.Arrives.Sub(start))
	}
	if p := other.Pass(start, 1000); p.Arrives.Sub(start) != time.Minute+time.Second {
		t.Errorf("the other direction: after %v", p.Arrives.Sub(start))
	}
}

// After k losses a message is 200 ms · (2^k - 1) late, and k has the geometric distribution.
func TestLoss(t *testing.T) {
	const n, loss = 100_000, 0.2
	counts := map[time.Duration]int{}
	for _, d := range times(&Link{Loss: loss}, n) {
		counts[d]++
	}
	for k := range 5 {
		p := math.Pow(loss, float64(k)) * (1 - loss)
		want, late := n*p, 200*time.Millisecond*(1<<k-1)
		if got := float64(counts[late]); math.Abs(got-want) > 5*math.Sqrt(want*(1-p)) {
			t.Errorf("%v messages are %v late, and not %v", got, late, want)
		}
	}
	if p := NewDirection(&Link{Loss: 1}, 1, "a", "b").Pass(start, 1); !p.Lost || p.Attempts != maxAttempts {
		t.Errorf("%+v", p)
	}
}

// Losses come in bursts of the mean length 1/leave, and as often as theory predicts.
func TestBurst(t *testing.T) {
	const n = 200_000
	d := NewDirection(&Link{Burst: &Burst{Enter: 0.01, Leave: 0.2, Loss: 1}}, 1, "a", "b")
	lost, bursts, before := 0, 0, false
	for range n {
		p := d.Pass(start, 1)
		if p.Lost {
			lost++
		}
		if p.Lost && !before {
			bursts++
		}
		before = p.Lost
	}
	if share, want := float64(lost)/n, 0.01/0.21; math.Abs(share-want) > 0.1*want {
		t.Errorf("%f are lost, and not %f", share, want)
	}
	if length := float64(lost) / float64(bursts); math.Abs(length-5) > 0.5 {
		t.Errorf("bursts have %f messages, and not 5", length)
	}
}

// The fate of the n-th message depends on the seed, the ends in their order, and n.
func TestDrawnByName(t *testing.T) {
	l := &Link{Latency: Uniform{0, time.Hour}}
	draw := func(seed uint64, from, to string) [2]time.Time {
		d := NewDirection(l, seed, from, to)
		return [2]time.Time{d.Pass(start, 1).Arrives, d.Pass(start, 1).Arrives}
	}
	if first, again := draw(1, "a", "b"), draw(1, "a", "b"); first != again {
		t.Errorf("the same differs: %v, %v", first, again)
	}
	seen := map[time.Time]bool{}
	for _, pair := range [][2]time.Time{draw(1, "a", "b"), draw(1, "b", "a"), draw(2, "a", "b"), draw(1, "a\" \"b", "")} {
		seen[pair[0]], seen[pair[1]] = true, true
	}
	if len(seen) != 8 {
		t.Errorf("8 draws gave %d values", len(seen))
	}
	if NewDirection(l, 1, "a", "b").lots != (lots{0x97820caa03347f54, 0x988775ef0a9f3f6c}) {
		t.Errorf("the key of a direction has changed: %#x", NewDirection(l, 1, "a", "b").lots)
	}
}

func TestParseMeasured(t *testing.T) {
	got, err := ParseMeasured([]byte("# ping\n12.5\n\n 1s # slow\n0\n"))
	if err != nil || !slices.Equal(got, Measured{12500 * time.Microsecond, time.Second, 0}) {
		t.Errorf("%v, %v", got, err)
	}
	for text, says := range map[string]string{
		"": "1: there are no values", "1\n-1": `2: "-1ms" is not a time`, "x": `1: "x" is not a time`, "25h": "1:",
		"nan": "1:", "1e300": "1:", strings.Repeat("1", 1<<17): "1: ", strings.Repeat("1\n", maxMeasured+1): "1000001: there are more",
	} {
		if _, err := ParseMeasured([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzParseMeasured(f *testing.F) {
	f.Add([]byte("1\n2ms\n#"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMeasured(text)
		if (err == nil) == (len(m) == 0) {
			t.Errorf("%v, %v", m, err)
		}
	})
}
