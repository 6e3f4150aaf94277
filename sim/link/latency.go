package link

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Latency is a distribution of how long messages take. It is one of the types below.
type Latency interface {
	// draw returns a time for two independent uniform numbers in [0, 1).
	draw(u, v float64) time.Duration
}

// The distributions. Negative draws count as 0.
type (
	Fixed   time.Duration                       // always the same
	Uniform struct{ From, To time.Duration }    // uniform between both
	Normal  struct{ Mean, Sigma time.Duration } // mean and standard deviation

	// The logarithm of a lognormal time is normally distributed: half of the times are over Median,
	// and Sigma is the standard deviation of the logarithm.
	Lognormal struct {
		Median time.Duration
		Sigma  float64
	}

	Measured []time.Duration // one of these, with equal probability
)

func (f Fixed) draw(_, _ float64) time.Duration { return time.Duration(f) }

func (d Uniform) draw(u, _ float64) time.Duration { return d.From + scale(d.To-d.From, u) }

func (d Normal) draw(u, v float64) time.Duration { return d.Mean + scale(d.Sigma, normal(u, v)) }

func (d Lognormal) draw(u, v float64) time.Duration {
	return scale(d.Median, math.Exp(d.Sigma*normal(u, v)))
}

func (d Measured) draw(u, _ float64) time.Duration { return d[int(u*float64(len(d)))] }

// maxLatency limits the drawn values. A lognormal time could be longer than a Duration.
const maxLatency = 24 * time.Hour

func scale(d time.Duration, by float64) time.Duration {
	return time.Duration(min(float64(d)*by, float64(maxLatency)))
}

// normal returns a number with the standard normal distribution for two uniform ones, by the method
// of Box and Muller.
func normal(u, v float64) float64 { return math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v) }

// maxMeasured limits the number of values in a file.
const maxMeasured = 1_000_000

// ParseMeasured parses measured latencies, one per line: such as 12.5ms, or as ping prints them,
// 12.5, in milliseconds. Empty lines and comments after # are ignored. An error starts with the
// line number.
func ParseMeasured(text []byte) (Measured, error) {
	var m Measured
	lines := bufio.NewScanner(bytes.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if _, err := strconv.ParseFloat(line, 64); err == nil {
			line += "ms"
		}
		d, err := time.ParseDuration(line)
		if err != nil || d < 0 || d > maxLatency {
			return nil, fmt.Errorf("%d: %.64q is not a time such as 12.5ms, of at most %v", number, line, maxLatency)
		}
		if m = append(m, d); len(m) > maxMeasured {
			return nil, fmt.Errorf("%d: there are more than %d values", number, maxMeasured)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("1: %w", err)
	}
	if len(m) == 0 {
		return nil, fmt.Errorf("1: there are no values: write one per line, such as 12.5ms")
	}
	return m, nil
}
