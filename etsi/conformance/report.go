package conformance

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"time"
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

// WriteJUnit writes a report as JUnit XML: a suite for each standard, with the exchanges of what
// failed.
func WriteJUnit(w io.Writer, r Report) error {
	var all junitSuites
	for _, result := range r.Results {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != result.Standard {
			all.Suites = append(all.Suites, junitSuite{Name: result.Standard})
		}
		all.Suites[len(all.Suites)-1].add(result)
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

func (s *junitSuite) add(r Result) {
	c := junitCase{Name: r.Clause + " " + r.Name, Class: r.Standard, Time: fmt.Sprintf("%.3f", r.Duration.Seconds())}
	switch {
	case r.Err != nil:
		c.Failure = &junitNote{Message: r.Err.Error()}
		for _, e := range r.Exchanges {
			c.Failure.Text += fmt.Sprintf("%s\n%s\n%s\n%s\n", e.Request, e.RequestBody, e.Answer, e.AnswerBody)
		}
		s.Failures++
	case r.Skipped != "":
		c.Skipped = &junitNote{Message: r.Skipped}
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
	s.Tests++
}
