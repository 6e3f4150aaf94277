package experiment

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The size of a plot.
const (
	plotWidth  = 8 * vg.Inch
	plotHeight = 3.5 * vg.Inch
	margin     = vg.Length(16) // for the labels at the end of an axis
)

// maxLines is the maximum number of lines in a plot.
const maxLines = 8

// colours are those of Okabe and Ito, which people with any kind of colour vision can distinguish.
var colours = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff}, color.RGBA{0xcc, 0x79, 0xa7, 0xff},
	color.RGBA{0xe6, 0x9f, 0x00, 0xff}, color.RGBA{0x56, 0xb4, 0xe9, 0xff}, color.RGBA{0x80, 0x80, 0x80, 0xff}, color.RGBA{0x00, 0x00, 0x00, 0xff},
}

// plots draws all plots of the report.
func (r *Result) plots() ([]reportPlot, error) {
	var all []reportPlot
	for _, draw := range []func() (*chart, string){r.plotAvailability, r.plotLevels, r.plotDelays, r.plotOutages} {
		p, caption := draw()
		if p == nil {
			continue
		}
		text, err := svg(p)
		if err != nil {
			return nil, err
		}
		all = append(all, reportPlot{p.Title.Text, caption, text, p.legend})
	}
	return all, nil
}

// svg draws a plot as part of a page.
func svg(p *chart) (template.HTML, error) {
	c := vgsvg.New(plotWidth, plotHeight)
	titled := *p.Plot
	titled.Title.Text = "" // the page shows the title
	titled.Draw(draw.Crop(draw.New(c), 0, -margin, margin, -margin))
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return "", err
	}
	_, text, _ := strings.Cut(out.String(), "<svg") // without the header of a file
	return template.HTML("<svg" + text), nil        // the library has escaped the texts in it
}

// chart is a plot with its legend. The page shows the legend, where it has as much room as it
// needs.
type chart struct {
	*plot.Plot
	legend []legendEntry
}

// legendEntry explains a colour.
type legendEntry struct{ Name, Colour string }

func newPlot(title, x, y string) *chart {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Add(plotter.NewGrid())
	return &chart{Plot: p}
}

// intervals has points with error bars.
type intervals struct {
	plotter.XYs
	plotter.YErrors
}

// plotAvailability plots the availability against the first varied value, with a line for each
// combination of the others. It returns nil if nothing is varied.
func (r *Result) plotAvailability() (*chart, string) {
	if len(r.Experiment.Varied) == 0 {
		return nil, ""
	}
	p := newPlot("Availability", r.Experiment.Varied[0], "availability")
	var values, lines []string
	lowest := 0.9 // at most, so that invisibly small differences look small
	of := map[string]*intervals{}
	for i := range r.Points {
		point := &r.Points[i]
		x := place(&values, point.Point.Values[0])
		rest := Point{Values: point.Point.Values[1:]}
		name := rest.Label(r.Experiment.Varied[1:])
		if place(&lines, name); of[name] == nil {
			of[name] = &intervals{}
		}
		a := point.over((*Run).Availability)
		of[name].XYs = append(of[name].XYs, plotter.XY{X: float64(x), Y: a.Mean})
		low, high := max(0, a.Low), min(1, a.High) // limits of a share
		lowest = min(lowest, low)
		of[name].YErrors = append(of[name].YErrors, struct{ Low, High float64 }{a.Mean - low, high - a.Mean})
	}
	for i, name := range lines[:min(len(lines), maxLines)] {
		addLine(p, of[name].XYs, i, name)
		if bars, err := plotter.NewYErrorBars(of[name]); err == nil {
			bars.Color = colours[i]
			p.Add(bars)
		}
	}
	p.NominalX(values...)
	p.Y.Min, p.Y.Max = lowest, 1
	return p, "Share of the keys wanted that both ends got. Bars are 95 % confidence intervals over the runs."
}

// place returns the index of a value in a list, and appends it if it is missing.
func place(list *[]string, value string) int {
	for i, v := range *list {
		if v == value {
			return i
		}
	}
	*list = append(*list, value)
	return len(*list) - 1
}

// addLine adds a line to a plot, and its name to the legend unless it is empty.
func addLine(p *chart, points plotter.XYs, number int, name string) {
	line, err := plotter.NewLine(points)
	if err != nil {
		return // no points
	}
	line.Color, line.Width = colours[number%len(colours)], vg.Points(1.5)
	p.Add(line)
	if name != "" {
		r, g, b, _ := line.Color.RGBA()
		p.legend = append(p.legend, legendEntry{name, fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)})
	}
}

// plotLevels plots the lowest level of PSRD over time, for the first run of each point.
func (r *Result) plotLevels() (*chart, string) {
	p := newPlot("PSRD levels over time", "days", "bytes")
	for i := range r.Points[:min(len(r.Points), maxLines)] {
		point := &r.Points[i]
		var points plotter.XYs
		for _, row := range thin(point.Runs[0].Series) {
			points = append(points, plotter.XY{X: row.At.Hours() / 24, Y: float64(row.Lowest)})
		}
		addLine(p, points, i, point.Point.Label(r.Experiment.Varied))
	}
	return p, "Bytes in the emptiest pool of all associations, in the first run of each point. It is 0 where a node is down."
}

// thin leaves out rows if there are more than can be seen, but keeps the lowest of each group.
func thin(rows []Row) []Row {
	const most = 1000
	bin := (len(rows) + most - 1) / most
	if bin <= 1 {
		return rows
	}
	var kept []Row
	for from := 0; from < len(rows); from += bin {
		least := rows[from]
		for _, row := range rows[from:min(from+bin, len(rows))] {
			if row.Lowest < least.Lowest {
				least = row
			}
		}
		kept = append(kept, least)
	}
	return kept
}

// plotDelays plots the distribution of the time that keys took.
func (r *Result) plotDelays() (*chart, string) {
	p := newPlot("Key supply response delay", "milliseconds", "share of answers")
	for i := range r.Points[:min(len(r.Points), maxLines/2)] {
		run := r.Points[i].Runs[0]
		for j, d := range []*Delays{&run.Making, &run.Fetching} {
			var points plotter.XYs
			for q := 0.0; q <= 1; q += 0.01 {
				points = append(points, plotter.XY{X: float64(d.Quantile(q)) / float64(time.Millisecond), Y: q})
			}
			name := []string{"enc_keys", "dec_keys"}[j] + " " + r.Points[i].Point.Label(r.Experiment.Varied)
			addLine(p, points, 2*i+j, strings.TrimSpace(name))
		}
	}
	p.X.Min = 0
	p.X.Max = max(p.X.Max, 1)
	return p, "Share of the answers with keys that took no longer, in the first run of each of the first few points."
}

// plotOutages plots what was down when, in the first run of the first point. It returns nil if
// nothing ever was.
func (r *Result) plotOutages() (*chart, string) {
	run, length := r.Points[0].Runs[0], r.Points[0].Point.For
	if len(run.Events) == 0 {
		return nil, ""
	}
	p := newPlot("Outages", "days", "")
	const most = 30
	var names []string
	down := map[string]time.Duration{}
	bar := func(name string, from, to time.Duration) {
		row := place(&names, name)
		if row >= most {
			return
		}
		y := float64(row)
		days := func(at time.Duration) float64 { return min(at, length).Hours() / 24 } // some keys are fetched later
		addLine(p, plotter.XYs{{X: days(from), Y: y}, {X: days(to), Y: y}}, 1, "")
	}
	for _, e := range run.Events {
		if e.Up {
			place(&names, e.Name)
		} else {
			down[e.Name] = e.At
			continue
		}
		if from, wasDown := down[e.Name]; wasDown {
			bar(e.Name, from, e.At)
			delete(down, e.Name)
		}
	}
	for _, e := range run.Events { // targets that never came back
		if from, isDown := down[e.Name]; isDown {
			bar(e.Name, from, length)
			delete(down, e.Name)
		}
	}
	names = names[:min(len(names), most)]
	p.NominalY(names...)
	p.X.Min, p.X.Max = 0, length.Hours()/24
	p.Y.Min, p.Y.Max = -0.5, float64(len(names))-0.5
	return p, "A bar for each time that something was down, in the first run of the first point."
}
