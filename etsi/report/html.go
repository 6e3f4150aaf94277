package report

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed report.html
var page string

// WriteHTML writes a report as one page without scripts or other files.
func WriteHTML(w io.Writer, r Report) error {
	t, err := template.New("report").Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, htmlReport(r))
}

// htmlPage and its rows are the content of the page.
type htmlPage struct {
	Report
	Counted Count
	Rows    []htmlRow
}

type htmlRow struct {
	Result
	Outcome, Why string
}

func htmlReport(r Report) htmlPage {
	p := htmlPage{Report: r, Counted: r.Count()}
	for _, result := range r.Results {
		outcome, why := result.Outcome()
		p.Rows = append(p.Rows, htmlRow{result, outcome, why})
	}
	return p
}
