package etsi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"dske/etsi"
)

// answers is a KME that gives one answer after the other, and then repeats the last one.
type answers struct {
	list  []string // status and body; empty: the connection ends
	calls int
}

// RoundTrip implements [http.RoundTripper].
func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	text := a.list[min(a.calls, len(a.list)-1)]
	a.calls++
	if text == "" {
		return nil, errors.New("the connection ended")
	}
	var status int
	var body string
	fmt.Sscanf(text, "%d %s", &status, &body)
	w.Header().Set("Content-Type", "application/json")
	if body == "<html>" {
		w.Header().Set("Content-Type", "text/html")
	}
	w.WriteHeader(status)
	w.WriteString(body)
	return w.Result(), nil
}

func TestRetries(t *testing.T) {
	const good = `200 {"source_KME_ID":"carol"}`
	for _, test := range []struct {
		list   []string
		most   int
		passed time.Duration
		calls  int
		fails  bool
	}{
		{[]string{good}, 3, 0, 1, false},
		{[]string{"503 {}", "", "200 <html>", good}, 3, 700 * time.Millisecond, 4, false},
		{[]string{"429 {}", `400 {"message":"one_or_more"}`}, 3, 100 * time.Millisecond, 2, true},
		{[]string{"401 {}"}, 3, 0, 1, true},
		{[]string{"200 {"}, 3, 0, 1, true},
		{[]string{"500 {}"}, 2, 300 * time.Millisecond, 3, true},
		{[]string{"500 {}"}, 0, 0, 1, true},
		{[]string{"500 {}"}, 100, time.Minute, 17, true}, // until its context ends: 0.1, 0.2, … 3.2, then 5 s each
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			kme, began := &answers{list: test.list}, time.Now()
			c := &etsi.Client{URL: "http://kme", HTTP: &http.Client{Transport: kme}, Retries: etsi.Retries{Most: test.most}}
			_, err := c.Status(ctx, "sofia")
			if (err != nil) != test.fails || kme.calls != test.calls || time.Since(began) != test.passed {
				t.Errorf("%q: %d calls in %v, %v", test.list, kme.calls, time.Since(began), err)
			}
		})
	}
}
