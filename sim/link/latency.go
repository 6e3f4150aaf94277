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

// Latency is how long messages take. It is one of the types below.
type Latency interface {
	// draw returns a time for two independent numbers from 0 to below 1.
	draw(u, v float64) time.Duration
}

// The distributions. What they draw below 0 counts as 0.
type (
	Fixed   time.Duration                       // always the same
	Uniform struct{ From, To time.Duration }    // as likely everywhere in between
	Normal  struct{ Mean, Sigma time.Duration } // with its standard deviation

	// Lognormal is that of which the logarithm is normal: half of the times are over Median, and
	// Sigma is the standard deviation of the logarithm.
	Lognormal struct {
		Median time.Duration
		Sigma  float64
	}

	Measured []time.Duration // one of those, as likely as each other
)

func (f Fixed) draw(_, _ float64) time.Duration { return time.Duration(f) }

func (d Uniform) draw(u, _ float64) time.Duration { return d.From + scaled(d.To-d.From, u) }

func (d Normal) draw(u, v float64) time.Duration { return d.Mean + scaled(d.Sigma, normal(u, v)) }

func (d Lognormal) draw(u, v float64) time.Duration {
	return scaled(d.Median, math.Exp(d.Sigma*normal(u, v)))
}

func (d Measured) draw(u, _ float64) time.Duration { return d[int(u*float64(len(d)))] }

// maxLatency bounds what is drawn. A lognormal time could be longer than a Duration.
const maxLatency = 24 * time.Hour

func scaled(d time.Duration, by float64) time.Duration {
	return time.Duration(min(float64(d)*by, float64(maxLatency)))
}

// normal returns a number of the standard normal distribution for two uniform ones, by the method
// of Box and Muller.
func normal(u, v float64) float64 { return math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v) }

// maxMeasured bounds the values of a file.
const maxMeasured = 1_000_000

// ParseMeasured reads measured latencies: one a line, such as 12.5ms, or as ping prints them, 12.5,
// in milliseconds. Empty lines and what follows a # are left out. An error starts with the line.
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
			return nil, fmt.Errorf("%d: these are more than %d values", number, maxMeasured)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("1: %w", err)
	}
	if len(m) == 0 {
		return nil, fmt.Errorf("1: there are no values: write one a line, such as 12.5ms")
	}
	return m, nil
}
