package scenario

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
)

// The JUnit form, as far as test viewers agree on it.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string     `xml:"name,attr"`
		Class   string     `xml:"classname,attr"`
		Time    string     `xml:"time,attr"`
		Failure *junitNote `xml:"failure"`
		Skipped *junitNote `xml:"skipped"`
	}
	junitNote struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes results as JUnit XML: a suite for each scenario, a case for each section.
func WriteJUnit(w io.Writer, results []*Result) error {
	var all junitSuites
	for _, r := range results {
		all.Suites = append(all.Suites, suiteOf(r))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func suiteOf(r *Result) junitSuite {
	suite := junitSuite{Name: r.File, Time: fmt.Sprintf("%.3f", r.Duration.Seconds())}
	add := func(c junitCase) {
		c.Class = r.File
		suite.Cases = append(suite.Cases, c)
		suite.Tests++
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Skipped != nil {
			suite.Skipped++
		}
	}
	for _, s := range r.Sections {
		c := junitCase{Name: cmp.Or(s.Title, r.Title, "script"), Time: fmt.Sprintf("%.3f", s.Duration.Seconds())}
		if f := s.Failure; f != nil {
			c.Failure = &junitNote{f.Reason, f.String()}
		}
		add(c)
	}
	if r.Skipped != "" {
		add(junitCase{Name: "rest", Time: "0", Skipped: &junitNote{Message: r.Skipped}})
	}
	if r.Err != nil {
		add(junitCase{Name: "network", Time: "0", Failure: &junitNote{r.Err.Error(), ""}})
	}
	return suite
}
