package report_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"dske/etsi/report"
)

// A check that fails as expected is reported, and is not a failure.
func TestExpectedFailures(t *testing.T) {
	r := report.Report{Title: "a hub", Made: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC), Results: []report.Result{
		{Standard: "S", Clause: "1", Name: "one"},
		{Standard: "S", Clause: "2", Name: "two", Expected: "it never did"},
		{Standard: "S", Clause: "3", Name: "three", Expected: "it never did", Err: errors.New("status 200"),
			Exchanges: []report.Exchange{report.NewExchange("GET psrd", nil, 200, "application/json", []byte(`{"data": "c2VjcmV0"}`))}},
		{Standard: "S", Clause: "4", Name: "four", Err: errors.New("status 500")},
		{Standard: "S", Clause: "5", Name: "five", Skipped: "there is none"},
	}}
	if got := r.Count(); got != (report.Count{Conform: 2, Failed: 1, Expected: 1, Skipped: 1}) ||
		got.String() != "2 conform, 1 failed, 1 failed as expected, 1 skipped" {
		t.Errorf("counted %v", got)
	}
	for name, test := range map[string]struct {
		write func(io.Writer, report.Report) error
		says  []string
	}{
		"JSON":  {report.WriteJSON, []string{`"expected": 1`, `"outcome": "expected"`, "it never did (status 200)", "[8 characters]"}},
		"JUnit": {report.WriteJUnit, []string{`failures="1"`, `skipped="2"`, "failed as expected: it never did (status 200)"}},
		"HTML":  {report.WriteHTML, []string{"1 failed as expected", `class="expected"`, "it never did (status 200)", "[8 characters]"}},
	} {
		var text bytes.Buffer
		if err := test.write(&text, r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range test.says {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s lacks %q:\n%s", name, want, text.String())
			}
		}
		if strings.Contains(text.String(), "c2VjcmV0") {
			t.Errorf("%s shows PSRD", name)
		}
	}
}
