package ladder

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dske/sim/wire"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// example returns an exchange with two hubs, one of which is down. The answer to one message was
// lost.
func example() Ladder {
	const us = time.Microsecond
	const post = "/dske/api/v1/key-share"
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return Ladder{
		Title:        "Key exchange of sam and sofia",
		Participants: []string{"sae/sam", "client/carol", "hub/hank", "hub/helen", "client/connie", "sae/sofia"},
		Start:        began,
		Messages: []Message{
			{Event: wire.Event{From: "sae/sam", To: "client/carol", Method: "GET", Path: "/etsi/api/v1/keys/sofia/enc_keys", Start: began, Duration: 900 * us, Status: 200}},
			{Event: wire.Event{From: "client/carol", To: "hub/hank", Method: "POST", Path: post, Start: began.Add(100 * us), Duration: 300 * us, Status: 200}},
			{Event: wire.Event{From: "client/carol", To: "hub/helen", Method: "POST", Path: post, Start: began.Add(120 * us), Duration: 80 * us, Status: 503}, Note: "Node is stopped."},
			{Event: wire.Event{From: "sae/sofia", To: "client/connie", Method: "GET", Path: "/etsi/api/v1/keys/sam/dec_keys", Start: began.Add(time.Millisecond), Duration: 20 * time.Millisecond, Status: 200}},
			{Event: wire.Event{From: "client/connie", To: "hub/hank", Method: "GET", Path: post, Start: began.Add(1100 * us), Duration: 5 * time.Second, Fault: "drop"}},
		},
	}
}

func TestGolden(t *testing.T) {
	l := example()
	for file, got := range map[string]string{"ladder.txt": l.Text(), "ladder.mmd": l.Mermaid(), "ladder.svg": l.SVG()} {
		path := "testdata/" + file
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; go test ./sim/ladder -update writes it anew. Got\n%s", file, got)
		}
	}
}

// element is an element of XML.
type element struct {
	name, class string
}

// elements returns the elements of a document, or an error if it is not well formed.
func elements(text string) (all []element, err error) {
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok {
			e := element{name: start.Name.Local}
			for _, a := range start.Attr {
				if a.Name.Local == "class" {
					e.class = a.Value
				}
			}
			all = append(all, e)
		}
	}
}

func TestSVGIsOne(t *testing.T) {
	all, err := elements(example().SVG())
	if err != nil {
		t.Fatal(err)
	}
	count := map[element]int{}
	for _, e := range all {
		count[e]++
	}
	for e, want := range map[element]int{
		{"svg", "ladder"}: 1, {"desc", ""}: 1, {"style", ""}: 1, {"g", "message"}: 3, {"g", "message failed"}: 2,
		{"line", "life"}: 6, {"line", "request"}: 5, {"line", "answer"}: 5, {"path", "lost"}: 1, {"script", ""}: 0,
	} {
		if count[e] != want {
			t.Errorf("%d times %v, want %d", count[e], e, want)
		}
	}
}

// Names can be any text, and no name is taken for a part of the picture.
func TestHostileNames(t *testing.T) {
	name := `sae/</text><script>alert(1)</script>&"';#end` + "\x1b[31m\x00\xff"
	l := Ladder{Title: name, Participants: []string{name, "client/end"}, Error: name,
		Messages: []Message{{Event: wire.Event{From: name, To: "client/end", Method: name, Path: name, Status: 400, Fault: name}, Note: name}}}
	all, err := elements(l.SVG())
	if err != nil || slices.ContainsFunc(all, func(e element) bool { return e.name == "script" }) {
		t.Errorf("%v, %v", err, all)
	}
	if text := l.Text(); strings.ContainsAny(text, "\x1b\x00") {
		t.Errorf("%q", text)
	}
	_, diagram, _ := strings.Cut(l.Mermaid(), "sequenceDiagram\n")
	for _, line := range strings.Split(strings.TrimSpace(diagram), "\n") {
		line = strings.TrimSpace(line)
		if strings.ContainsAny(line, `<>"'&`+"\x00\x1b") && !strings.HasPrefix(line, "p0->>p1: ") && !strings.HasPrefix(line, "p1-->>p0: ") {
			t.Errorf("%q", line)
		}
		_, text, _ := strings.Cut(line, ": ")
		if strings.Contains(strings.ReplaceAll(text, "#101;nd", ""), "end") {
			t.Errorf("the text of %q ends a block", line)
		}
	}
}

// Messages of parties that are not in the picture are not drawn. An empty ladder is valid, too.
func TestStrangers(t *testing.T) {
	l := Ladder{Title: "none", Participants: []string{"hub/hank"}, Messages: []Message{{Event: wire.Event{From: "hub/hank", To: "hub/helen", Method: "GET", Path: "/x"}}}}
	for _, l := range []Ladder{l, {}} {
		if strings.Contains(l.Text(), "GET x") || strings.Contains(l.Mermaid(), "GET x") {
			t.Errorf("%s", l.Text())
		}
		if _, err := elements(l.SVG()); err != nil {
			t.Error(err)
		}
	}
}

// A ladder can come from another process.
func FuzzPictures(f *testing.F) {
	for _, l := range []Ladder{example(), {}} {
		text, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"participants": ["", "a/"], "messages": [{"from": "", "to": "", "start": "0001-01-01T00:00:00Z", "duration": 9000000000000000000, "status": -1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var l Ladder
		if json.Unmarshal(text, &l) != nil {
			return
		}
		if l.Text() == "" || l.Mermaid() == "" {
			t.Error("nothing is drawn")
		}
		if _, err := elements(l.SVG()); err != nil {
			t.Error(err)
		}
	})
}
