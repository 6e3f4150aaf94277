// Package report is the outcome of conformance checks: a [Result] for each, and a [Report] of all
// of them, with requests and answers, that [WriteJSON], [WriteJUnit] and [WriteHTML] write. Secrets
// are left out.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"dske/etsi/junit"
)

// Result is the outcome of a check.
type Result struct {
	Standard  string // short name, such as ETSI 014
	Clause    string // of the standard
	Name      string // the rule
	Err       error  // why the rule is broken; nil: it is not
	Expected  string // why an error is expected here, so that it does not count as a failure; empty: no error is expected
	Skipped   string // why it was not checked; empty if it was
	Exchanges []Exchange
	Duration  time.Duration
}

// Outcome is conforms, FAILED, expected or skipped; why is the reason for all except the first.
func (r Result) Outcome() (outcome, why string) {
	switch {
	case r.Err != nil && r.Expected != "":
		return "expected", fmt.Sprintf("%s (%v)", r.Expected, r.Err)
	case r.Err != nil:
		return "FAILED", r.Err.Error()
	case r.Skipped != "":
		return "skipped", r.Skipped
	}
	return "conforms", ""
}

// Report is the results of a suite of checks.
type Report struct {
	Title   string // what was checked, such as the URLs of the KMEs
	Made    time.Time
	Results []Result
}

// Count is the number of results with each outcome.
type Count struct {
	Conform  int `json:"conform"`
	Failed   int `json:"failed"`
	Expected int `json:"expected"` // failed as expected
	Skipped  int `json:"skipped"`
}

func (c Count) String() string {
	text := fmt.Sprintf("%d conform, %d failed, ", c.Conform, c.Failed)
	if c.Expected > 0 {
		text += fmt.Sprintf("%d failed as expected, ", c.Expected)
	}
	return text + fmt.Sprintf("%d skipped", c.Skipped)
}

// Count counts the results.
func (r Report) Count() Count {
	var c Count
	for _, result := range r.Results {
		switch outcome, _ := result.Outcome(); outcome {
		case "FAILED":
			c.Failed++
		case "expected":
			c.Expected++
		case "skipped":
			c.Skipped++
		default:
			c.Conform++
		}
	}
	return c
}

// The JSON form of a report.
type (
	jsonReport struct {
		Title string    `json:"title"`
		Made  time.Time `json:"made"`
		Count
		Checks []jsonCheck `json:"checks"`
	}
	jsonCheck struct {
		Standard  string     `json:"standard"`
		Clause    string     `json:"clause"`
		Name      string     `json:"name"`
		Outcome   string     `json:"outcome"` // conforms, FAILED, expected or skipped
		Reason    string     `json:"reason,omitempty"`
		Seconds   float64    `json:"seconds"`
		Exchanges []Exchange `json:"exchanges"`
	}
)

// WriteJSON writes a report in JSON.
func WriteJSON(w io.Writer, r Report) error {
	form := jsonReport{Title: r.Title, Made: r.Made, Count: r.Count(), Checks: []jsonCheck{}}
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

// WriteJUnit writes a report as JUnit XML: a suite for each standard, with the exchanges of failed
// checks. Checks that failed as expected are written as skipped, since JUnit has no such outcome.
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
	switch outcome, why := r.Outcome(); outcome {
	case "FAILED":
		c.Failure = &junit.Note{Message: why}
		for _, e := range r.Exchanges {
			c.Failure.Text += fmt.Sprintf("%s\n%s\n%s\n%s\n", e.Request, e.RequestBody, e.Answer, e.AnswerBody)
		}
	case "expected":
		c.Skipped = &junit.Note{Message: "failed as expected: " + why}
	case "skipped":
		c.Skipped = &junit.Note{Message: why}
	}
	return c
}
