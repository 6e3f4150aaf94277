package experiment

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Print prints a table with a row for each point: the means over its runs, and the 95 % confidence
// interval of the availability. Then it prints how long PSRD would last at the demand of the first
// point.
func (r *Result) Print(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	head := append(slices.Clone(r.Experiment.Varied), "runs", "keys", "availability", "95 %", "delivery errors", "enc_keys mean", "99 %", "dec_keys mean", "99 %", "restored after")
	fmt.Fprintln(table, strings.Join(head, "\t"))
	for i := range r.Points {
		p := &r.Points[i]
		mean := func(name string) string {
			f := figureNamed(name)
			return f.show(p.over(f.of).Mean)
		}
		a := p.over((*Run).Availability)
		row := append(slices.Clone(p.Point.Values), strconv.Itoa(len(p.Runs)), mean("wanted"), percent(a.Mean), "±"+percent(a.High-a.Mean),
			mean("delivery_error_ratio"), mean("enc_keys_delay_mean_s"), mean("enc_keys_delay_p99_s"), mean("dec_keys_delay_mean_s"),
			mean("dec_keys_delay_p99_s"), mean("restoration_time_mean_s"))
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return r.Points[0].Point.forecast(to, r.Seed)
}

func figureNamed(name string) figure {
	return figures[slices.IndexFunc(figures, func(f figure) bool { return f.name == name })]
}

// Write writes runs.csv, series.csv, summary.json and report.html into a directory, which it
// creates if necessary.
func (r *Result) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{{"runs.csv", r.writeRuns}, {"series.csv", r.writeSeries}, {"summary.json", r.writeSummary}, {"report.html", r.writeReport}} {
		if err := writeFile(filepath.Join(dir, file.name), file.write); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush(), f.Close())
}

// writeRuns writes a row for each run.
func (r *Result) writeRuns(to io.Writer) error {
	w := csv.NewWriter(to)
	head := append(slices.Clone(r.Experiment.Varied), "seed")
	for _, f := range figures {
		head = append(head, f.name)
	}
	w.Write(append(head, "failures"))
	for _, p := range r.Points {
		for _, run := range p.Runs {
			row := append(slices.Clone(p.Point.Values), strconv.FormatUint(run.Seed, 10))
			for _, f := range figures {
				row = append(row, number64(f.of(run)))
			}
			var failures []string
			for _, f := range run.Failures {
				failures = append(failures, fmt.Sprintf("%s: %d", f.Reason, f.Count))
			}
			w.Write(append(row, strings.Join(failures, "; ")))
		}
	}
	w.Flush()
	return w.Error()
}

// writeSeries writes a row for each hour of each run.
func (r *Result) writeSeries(to io.Writer) error {
	w := csv.NewWriter(to)
	w.Write(append(slices.Clone(r.Experiment.Varied), "seed", "hours", "psrd_lowest_bytes", "psrd_median_bytes", "keys", "hubs_up", "clients_up"))
	for _, p := range r.Points {
		for _, run := range p.Runs {
			for _, row := range run.Series {
				w.Write(append(slices.Clone(p.Point.Values), strconv.FormatUint(run.Seed, 10), number64(row.At.Hours()), strconv.Itoa(row.Lowest),
					strconv.Itoa(row.Median), strconv.FormatInt(row.Fetched, 10), strconv.Itoa(row.HubsUp), strconv.Itoa(row.ClientsUp)))
			}
		}
	}
	w.Flush()
	return w.Error()
}

// summary is the content of summary.json.
type summary struct {
	Experiment string         `json:"experiment"`
	Title      string         `json:"title,omitempty"`
	Seed       uint64         `json:"seed"` // of the first run of each point
	Points     []summaryPoint `json:"points"`
}

type summaryPoint struct {
	Values  map[string]string   `json:"values,omitempty"` // varied values
	Seconds float64             `json:"seconds"`          // virtual duration of a run
	Runs    int                 `json:"runs"`
	Figures map[string]interval `json:"figures"`
}

type interval struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"` // bounds of the 95 % confidence interval
	High float64 `json:"high"`
}

func (r *Result) writeSummary(to io.Writer) error {
	s := summary{Experiment: r.Experiment.Name, Title: r.Experiment.Title, Seed: r.Seed}
	for i := range r.Points {
		p := &r.Points[i]
		point := summaryPoint{Seconds: p.Point.For.Seconds(), Runs: len(p.Runs), Figures: map[string]interval{}, Values: map[string]string{}}
		for j, path := range r.Experiment.Varied {
			point.Values[path] = p.Point.Values[j]
		}
		for _, f := range figures {
			point.Figures[f.name] = interval(p.over(f.of))
		}
		s.Points = append(s.Points, point)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		_, err = to.Write(append(text, '\n'))
	}
	return err
}
