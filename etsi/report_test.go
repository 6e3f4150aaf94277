package etsi_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dske/etsi/conformance"
	"dske/etsi/report"
)

// reportOf runs a suite.
func reportOf(t *testing.T, suite conformance.Suite) report.Report {
	t.Helper()
	r := report.Report{Title: "carol & connie", Made: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)}
	for result := range suite.Run(t.Context()) {
		r.Results = append(r.Results, result)
	}
	return r
}

func TestReportsTellEverythingButKeys(t *testing.T) {
	suite := testSuite(t)
	var values []string
	remember := func(_ *http.Request, status int, body string) (int, string) {
		for _, match := range regexp.MustCompile(`"key":"([^"]+)"`).FindAllStringSubmatch(body, -1) {
			values = append(values, match[1])
		}
		return status, strings.ReplaceAll(body, "size shall", "<b>size</b> must")
	}
	suite.Master.HTTP = &http.Client{Transport: fault(remember)}
	r := reportOf(t, suite)
	r.Results = append(r.Results, report.Result{Standard: "X", Clause: "1", Name: "skipped", Skipped: "why < not"},
		report.Result{Standard: "X", Clause: "2", Name: "failed", Err: errors.New("a\x00b")})
	if n := r.Count(); n.Conform < 60 || n.Failed < 2 || n.Skipped < 2 || len(values) < 100 {
		t.Fatalf("%v, with %d keys", n, len(values))
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"JSON":  func(b *bytes.Buffer) error { return report.WriteJSON(b, r) },
		"JUnit": func(b *bytes.Buffer) error { return report.WriteJUnit(b, r) },
		"HTML":  func(b *bytes.Buffer) error { return report.WriteHTML(b, r) },
	} {
		var text bytes.Buffer
		if err := write(&text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, value := range values {
			if strings.Contains(text.String(), value) {
				t.Fatalf("%s has the key %s", name, value)
			}
		}
		for _, want := range []string{"another SAE gets 401", "5 dec_keys", "/api/v1/keys/sofia/enc_keys?size=129", "why"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
		if strings.Contains(text.String(), "<b>") && name != "JSON" {
			t.Errorf("%s has markup of the KME's", name)
		}
	}
}

func TestReportsAreWellFormed(t *testing.T) {
	r := reportOf(t, testSuite(t))
	var text bytes.Buffer
	if err := report.WriteJSON(&text, r); err != nil {
		t.Fatal(err)
	}
	var form struct {
		Conform int
		Checks  []struct {
			Standard, Clause, Name, Outcome string
			Exchanges                       []report.Exchange
		}
	}
	if err := json.Unmarshal(text.Bytes(), &form); err != nil || len(form.Checks) != len(r.Results) {
		t.Fatalf("%d checks, %v", len(form.Checks), err)
	}
	for _, c := range form.Checks {
		if c.Outcome == "conforms" && (len(c.Exchanges) == 0 || c.Exchanges[0].Request == "" || c.Exchanges[0].Answer == "") {
			t.Errorf("%s %s: nothing was asked", c.Clause, c.Name)
		}
	}
	text.Reset()
	if err := report.WriteJUnit(&text, r); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Suites []struct {
			Tests int `xml:"tests,attr"`
			Cases []struct {
				Name string `xml:"name,attr"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text.Bytes(), &suites); err != nil || len(suites.Suites) != 2 {
		t.Fatalf("%+v, %v", suites, err)
	}
	for _, suite := range suites.Suites {
		if suite.Tests != len(suite.Cases) || suite.Cases[0].Name == "" {
			t.Errorf("%+v", suite)
		}
	}
	if n := suites.Suites[0].Tests + suites.Suites[1].Tests; n != len(r.Results) {
		t.Errorf("%d cases, want %d", n, len(r.Results))
	}
}

// The schemas for answers. They state clause 6 of the standard.
var schemas = map[string]string{
	"status.json": `{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
		"required": ["source_KME_ID", "target_KME_ID", "key_size", "stored_key_count"],
		"properties": {"source_KME_ID": {"type": "string"}, "key_size": {"type": "integer"}}}`,
	"key_container.schema.json": `{"type": "object", "required": ["keys"],
		"properties": {"keys": {"type": "array", "items": {"$ref": "key-part.json"}}}}`,
	"key-part.json":         `{"type": "object", "required": ["key_ID", "key"]}`,
	"gs-qkd-014-error.json": `{"title": "Error", "type": "object", "required": ["message"], "properties": {"details": {"type": "array"}}}`,
	"README.md":             "not a schema",
}

// publish writes schemas to a directory.
func publish(t *testing.T, changed map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range schemas {
		if other, ok := changed[name]; ok {
			text = other
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAnswersAreComparedWithSchemas(t *testing.T) {
	suite := testSuite(t)
	for name, test := range map[string]struct {
		changed map[string]string
		finds   string
	}{
		"as they are":         {nil, ""},
		"another key":         {map[string]string{"key-part.json": `{"required": ["key_ID", "value"]}`}, "all answers are as key_container.schema.json has it"},
		"another status":      {map[string]string{"status.json": `{"properties": {"key_size": {"type": "string"}}}`}, "all answers are as status.json has it"},
		"another error":       {map[string]string{"gs-qkd-014-error.json": `{"title": "Error", "required": ["code"]}`}, "all answers are as gs-qkd-014-error.json has it"},
		"not for this answer": {map[string]string{"status.json": `{"title": "Other"}`}, ""},
	} {
		var err error
		if suite.Schemas, err = conformance.LoadSchemas(publish(t, test.changed)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var failed []string
		compared := 0
		for _, result := range reportOf(t, suite).Results {
			if result.Standard == "schemas" && result.Skipped == "" {
				compared++
			}
			if result.Err != nil {
				failed = append(failed, result.Name)
			}
		}
		if compared != 3 || strings.Join(failed, "; ") != test.finds {
			t.Errorf("%s: of %d schemas failed %q, want %q", name, compared, failed, test.finds)
		}
	}
}

func TestSchemasThatCannotBeUsed(t *testing.T) {
	for name, changed := range map[string]map[string]string{
		"malformed":         {"status.json": `{`},
		"two of a form":     {"key-part.json": `{"title": "Status"}`},
		"no schema":         {"status.json": `{"type": "nonsense"}`},
		"refers to nowhere": {"status.json": `{"$ref": "no-such-file.json"}`},
		"refers to the web": {"status.json": `{"$ref": "https://schema.example/status.json"}`},
	} {
		if _, err := conformance.LoadSchemas(publish(t, changed)); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
	if _, err := conformance.LoadSchemas(t.TempDir()); err == nil || !strings.Contains(err.Error(), "keycontainer") {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := conformance.LoadSchemas(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("no directory: loaded")
	}
}
