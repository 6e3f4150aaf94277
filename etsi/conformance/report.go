package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"dske/etsi/junit"
)

// Report is the results of a suite.
type Report struct {
	Title   string // such as the URLs of the KMEs
	Made    time.Time
	Results []Result
}

// Count returns how many results conform, failed and were skipped.
func (r Report) Count() (conform, failed, skipped int) {
	for _, result := range r.Results {
		switch {
		case result.Err != nil:
			failed++
		case result.Skipped != "":
			skipped++
		default:
			conform++
		}
	}
	return conform, failed, skipped
}

// The JSON form of a report.
type (
	jsonReport struct {
		Title   string      `json:"title"`
		Made    time.Time   `json:"made"`
		Conform int         `json:"conform"`
		Failed  int         `json:"failed"`
		Skipped int         `json:"skipped"`
		Checks  []jsonCheck `json:"checks"`
	}
	jsonCheck struct {
		Standard  string     `json:"standard"`
		Clause    string     `json:"clause"`
		Name      string     `json:"name"`
		Outcome   string     `json:"outcome"` // conforms, FAILED or skipped
		Reason    string     `json:"reason,omitempty"`
		Seconds   float64    `json:"seconds"`
		Exchanges []Exchange `json:"exchanges"`
	}
)

// WriteJSON writes a report in JSON.
func WriteJSON(w io.Writer, r Report) error {
	form := jsonReport{Title: r.Title, Made: r.Made, Checks: []jsonCheck{}}
	form.Conform, form.Failed, form.Skipped = r.Count()
	for _, result := range r.Results {
		outcome, why := result.Outcome()
		exchanges := append([]Exchange{}, result.Exchanges...)
		form.Checks = append(form.Checks, jsonCheck{result.Standard, result.Clause, result.Name, outcome, why, result.Duration.Seconds(), exchanges})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(form)
}

// WriteJUnit writes a report as JUnit XML: a suite for each standard, with the exchanges of what
// failed.
func WriteJUnit(w io.Writer, r Report) error {
	var suites []junit.Suite
	for _, result := range r.Results {
		if n := len(suites); n == 0 || suites[n-1].Name != result.Standard {
			suites = append(suites, junit.Suite{Name: result.Standard})
		}
		suite := &suites[len(suites)-1]
		suite.Add(caseOf(result))
		suite.Time += junit.Seconds(result.Duration)
	}
	return junit.Write(w, suites)
}

func caseOf(r Result) junit.Case {
	c := junit.Case{Name: r.Clause + " " + r.Name, Class: r.Standard, Time: junit.Seconds(r.Duration)}
	switch {
	case r.Err != nil:
		c.Failure = &junit.Note{Message: r.Err.Error()}
		for _, e := range r.Exchanges {
			c.Failure.Text += fmt.Sprintf("%s\n%s\n%s\n%s\n", e.Request, e.RequestBody, e.Answer, e.AnswerBody)
		}
	case r.Skipped != "":
		c.Skipped = &junit.Note{Message: r.Skipped}
	}
	return c
}
