package conformance

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"dske/etsi/report"
)

// comparison records, by form, how the answers of a suite match the schemas; empty without schemas.
type comparison map[string]*compared

type compared struct {
	schema
	answers, wrong int
	first          error // the first mismatch, and its exchange
	exchange       report.Exchange
}

func (s *Schemas) comparison() comparison {
	c := comparison{}
	if s == nil {
		return c
	}
	for form, schema := range s.byForm {
		c[form] = &compared{schema: schema}
	}
	return c
}

// add compares an answer.
func (c comparison) add(form string, body []byte, exchange report.Exchange) {
	to := c[form]
	if to == nil {
		return
	}
	to.answers++
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = to.Validate(value)
	}
	if err == nil {
		return
	}
	if to.wrong++; to.first == nil {
		to.first, to.exchange = err, exchange
	}
}

// results returns a result for each schema, in the order of forms.
func (c comparison) results() []report.Result {
	var results []report.Result
	for _, form := range forms {
		of := c[form]
		if of == nil {
			continue
		}
		r := report.Result{Standard: "schemas", Clause: form, Name: "all answers are as " + of.file + " has it"}
		switch {
		case of.answers == 0:
			r.Skipped = "there was none"
		case of.wrong > 0:
			why := strings.Join(strings.Fields(of.first.Error()), " ")
			r.Err = fmt.Errorf("%d of %d do not match; the first: %s", of.wrong, of.answers, why)
			r.Exchanges = []report.Exchange{of.exchange}
		}
		results = append(results, r)
	}
	return results
}
