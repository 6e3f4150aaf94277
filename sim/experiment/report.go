package experiment

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed report.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Parse(reportPage))

// report has the content of the page, which is one file without scripts, and loads nothing.
type report struct {
	*Result
	Figures []string
	Rows    []reportRow
	Plots   []reportPlot
}

type reportRow struct {
	Values  []string
	Runs    int
	Figures []string
}

// reportPlot is a plot with an explanation.
type reportPlot struct {
	Title, Caption string
	SVG            template.HTML
	Legend         []legendEntry
}

func (r *Result) writeReport(to io.Writer) error {
	page := report{Result: r}
	for _, f := range figures {
		page.Figures = append(page.Figures, f.text)
	}
	for i := range r.Points {
		p := &r.Points[i]
		row := reportRow{Values: p.Point.Values, Runs: len(p.Runs)}
		for _, f := range figures {
			row.Figures = append(row.Figures, f.show(p.over(f.of).Mean))
		}
		page.Rows = append(page.Rows, row)
	}
	var err error
	if page.Plots, err = r.plots(); err != nil {
		return err
	}
	return reportTemplate.Execute(to, page)
}
