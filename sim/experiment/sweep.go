package experiment

import (
	"cmp"
	"context"
	"io"
	"math"
	"sync"
	"time"
)

// Result has the results of an experiment, with the points in the order of the file.
type Result struct {
	Experiment *Experiment
	Seed       uint64
	Points     []PointResult
}

// PointResult has the results of one point, with the runs in the order of their seeds.
type PointResult struct {
	Point *Point
	Runs  []*Run
}

// Run runs all points with all seeds, several at a time. It fails with the first error of a run,
// including a violation that the audit found.
func (e *Experiment) Run(ctx context.Context, o Options) (*Result, error) {
	runs := e.runs(o)
	result := &Result{Experiment: e, Seed: o.Seed}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, max(1, o.Jobs))
	var all sync.WaitGroup
	for i := range e.Points {
		p := e.Points[i]
		if o.For > 0 {
			p.For = o.For
		}
		result.Points = append(result.Points, PointResult{&p, make([]*Run, runs)})
		into := result.Points[i].Runs
		for j := range runs {
			all.Go(func() {
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				defer func() { <-slots }()
				var trace io.Writer
				if i == 0 && j == 0 {
					trace = o.Trace
				}
				r, err := p.simulate(ctx, o.Seed+uint64(j), &o, trace)
				if err == nil {
					err = r.problems()
				}
				if into[j] = r; err != nil {
					cancel(err)
				}
			})
		}
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return result, nil
}

// Length returns the virtual time of all runs of the experiment together.
func (e *Experiment) Length(o Options) time.Duration {
	var sum time.Duration
	for _, p := range e.Points {
		each := p.For
		if o.For > 0 {
			each = o.For
		}
		sum += each * time.Duration(e.runs(o))
	}
	return sum
}

// Number returns the number of runs, over all points.
func (e *Experiment) Number(o Options) int { return len(e.Points) * e.runs(o) }

// runs returns the number of runs of each point.
func (e *Experiment) runs(o Options) int { return cmp.Or(max(0, o.Runs), e.Runs) }

// Interval is a mean over runs with a 95 % confidence interval, by Student's distribution: runs are
// independent of each other, but events within a run are not.
type Interval struct {
	Mean, Low, High float64
}

// over returns the interval of a figure over the runs. With one run, both bounds equal the mean.
func (p *PointResult) over(figure func(*Run) float64) Interval {
	n := float64(len(p.Runs))
	var sum, squares float64
	for _, r := range p.Runs {
		sum += figure(r)
	}
	mean := sum / n
	for _, r := range p.Runs {
		squares += (figure(r) - mean) * (figure(r) - mean)
	}
	if n < 2 {
		return Interval{mean, mean, mean}
	}
	half := student(len(p.Runs)-1) * math.Sqrt(squares/(n-1)/n)
	return Interval{mean, mean - half, mean + half}
}

// student returns the 97.5 % quantile of Student's distribution, by the expansion of Cornish and
// Fisher (Abramowitz and Stegun 26.7.5), which is accurate to a percent from three degrees of
// freedom on.
func student(freedom int) float64 {
	switch freedom {
	case 1:
		return 12.706
	case 2:
		return 4.303
	}
	const z = 1.959964
	n := float64(freedom)
	z3, z5, z7 := z*z*z, z*z*z*z*z, z*z*z*z*z*z*z
	return z + (z3+z)/(4*n) + (5*z5+16*z3+3*z)/(96*n*n) + (3*z7+19*z5+17*z3-15*z)/(384*n*n*n)
}
