package conformance

import "dske/etsi/report"

// record is the exchanges of a check.
type record struct {
	exchanges []report.Exchange
}

func (r *record) add(request, body string, a answer) {
	r.exchanges = append(r.exchanges, report.NewExchange(request, []byte(body), a.status, a.header.Get("Content-Type"), a.body))
}
