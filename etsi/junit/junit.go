// Package junit writes the outcome of checks as JUnit XML, as far as test viewers agree on it.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// Suite is cases that belong together. Name and Time are for whoever makes it to set; the rest is
// for [Suite.Add].
type Suite struct {
	Name     string  `xml:"name,attr"`
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Skipped  int     `xml:"skipped,attr"`
	Time     Seconds `xml:"time,attr"`
	Cases    []Case  `xml:"testcase"`
}

// Case is one check. It passed if it neither failed nor was skipped.
type Case struct {
	Name    string  `xml:"name,attr"`
	Class   string  `xml:"classname,attr"`
	Time    Seconds `xml:"time,attr"`
	Failure *Note   `xml:"failure"`
	Skipped *Note   `xml:"skipped"`
}

// Note says why a check failed or was skipped: in a line, and at length.
type Note struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// Seconds is a time that is written in seconds.
type Seconds time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (s Seconds) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(s).Seconds()), nil
}

// Add adds a case.
func (s *Suite) Add(c Case) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Skipped != nil {
		s.Skipped++
	}
}

// Write writes suites.
func Write(w io.Writer, suites []Suite) error {
	all := struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []Suite  `xml:"testsuite"`
	}{Suites: suites}
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
