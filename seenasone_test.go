package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// page is the stream of events of an open page of a network.
type page struct {
	*testing.T
	lines *bufio.Scanner
}

// open opens the page of a network until the test ends.
func (n *network) open() page {
	n.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	n.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+"/dashboard/v1/stream", nil)
	if err != nil {
		n.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		n.Fatal(err, response)
	}
	n.Cleanup(func() { response.Body.Close() })
	return newPage(n.T, response.Body)
}

func newPage(t *testing.T, stream io.Reader) page {
	p := page{t, bufio.NewScanner(stream)}
	p.lines.Buffer(nil, 1<<20)
	return p
}

// next reads events of a name until isWanted, which looks at the last one, returns true.
func (p page) next(name string, event any, isWanted func() bool) {
	p.Helper()
	for p.lines.Scan() {
		if p.lines.Text() != "event: "+name || !p.lines.Scan() {
			continue
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(p.lines.Text(), "data: ")), event); err != nil {
			p.Fatal(err)
		}
		if isWanted() {
			return
		}
	}
	p.Fatalf("the page does not show it: %v, last %+v", p.lines.Err(), event)
}

// shown has the parts that the tests read of an exchange on a page.
type shown struct {
	Origin  string
	Outcome struct {
		Kind  string
		Liars []string
	}
	Master, Slave struct{ KeyID, Fingerprint string }
	Hubs          []struct {
		Name    string
		Placed  bool
		Arrived int
	}
}

// isWhole reports whether the part of every hub in the exchange is known.
func (s *shown) isWhole() bool {
	for _, h := range s.Hubs {
		if !h.Placed || h.Arrived == 0 {
			return false
		}
	}
	return s.Outcome.Kind == "made" && s.Origin == "outside" && s.Master.Fingerprint == s.Slave.Fingerprint
}

// The page of a process shows the keys that encryptors make at another one, with all messages
// between other processes, faults included.
func seenAsOne(t *testing.T, watched, used *network) {
	p := watched.open()
	p.next("attack", new(any), func() bool { return true }) // now it watches
	used.dske("etsi-qkd", "get-key-pair", "sam", "sofia")
	var s shown
	p.next("exchange", &s, func() bool { return s.isWhole() && len(s.Hubs) == 3 })
	if len(s.Master.Fingerprint) != 16 {
		t.Errorf("%+v", s)
	}
	used.dske("fault", "add", "drop", "from=client/connie", "to=hub/helen")
	var state struct{ Faults []struct{ Spec string } }
	p.next("state", &state, func() bool { return len(state.Faults) == 1 })
	ladder := watched.dske("ladder", "sam", "sofia")
	if strings.Count(ladder, "POST key-share") != 3 || strings.Count(ladder, "GET key-share") < 3 || !strings.Contains(ladder, "no answer (drop)") {
		t.Errorf("the ladder: %s", ladder)
	}
	if out := used.dske("fault", "list"); !strings.Contains(out, "drop from=client/connie to=hub/helen") || strings.Contains(out, "  0  ") {
		t.Errorf("the fault fired elsewhere, and the list here says %s", out)
	}
	watched.dske("fault", "remove", "--all")
}
