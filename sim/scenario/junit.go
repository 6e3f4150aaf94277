package scenario

import (
	"cmp"
	"io"

	"dske/etsi/junit"
)

// WriteJUnit writes results as JUnit XML: a suite for each scenario, a case for each section.
func WriteJUnit(w io.Writer, results []*Result) error {
	var suites []junit.Suite
	for _, r := range results {
		suites = append(suites, suiteOf(r))
	}
	return junit.Write(w, suites)
}

func suiteOf(r *Result) junit.Suite {
	suite := junit.Suite{Name: r.File, Time: junit.Seconds(r.Duration)}
	for _, s := range r.Sections {
		c := junit.Case{Name: cmp.Or(s.Title, r.Title, "script"), Class: r.File, Time: junit.Seconds(s.Duration)}
		if f := s.Failure; f != nil {
			c.Failure = &junit.Note{Message: f.Reason, Text: f.String()}
		}
		suite.Add(c)
	}
	if r.Skipped != "" {
		suite.Add(junit.Case{Name: "rest", Class: r.File, Skipped: &junit.Note{Message: r.Skipped}})
	}
	if r.Err != nil {
		suite.Add(junit.Case{Name: "network", Class: r.File, Failure: &junit.Note{Message: r.Err.Error()}})
	}
	return suite
}
