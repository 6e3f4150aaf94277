// Package ladder draws a ladder diagram of messages: who sent what to whom, when, and how it ended.
// A [Ladder] has the data; [Ladder.Text], [Ladder.SVG] and [Ladder.Mermaid] draw it in three forms.
package ladder

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"dske/sim/wire"
)

// Ladder is messages among participants.
type Ladder struct {
	Title        string    `json:"title"`
	Start        time.Time `json:"start"`        // time at the top
	Participants []string  `json:"participants"` // from left to right: kind and name, such as hub/hank
	Messages     []Message `json:"messages"`     // in the order of their start; messages of others are not drawn
	Error        string    `json:"error,omitempty"`
}

// Message is a message as reported by the wire, with the reason of a failure from the answer.
type Message struct {
	wire.Event
	Note string `json:"note,omitempty"` // why it failed
}

// label returns a short name of the request, such as POST key-share.
func (m Message) label() string { return m.Method + " " + m.Path[strings.LastIndex(m.Path, "/")+1:] }

// Failed reports whether the sender did not get what it asked for.
func (m Message) Failed() bool { return m.Status != http.StatusOK }

// Outcome returns in a few words how the message ended.
func (m Message) Outcome() string {
	words := []string{"no answer"}
	if m.Status != 0 {
		words[0] = fmt.Sprint(m.Status)
	}
	if m.Note != "" {
		words = append(words, m.Note)
	}
	if m.Fault != "" {
		words = append(words, "("+m.Fault+")")
	}
	return strings.Join(words, " ")
}

// String describes the message in one line.
func (m Message) String() string {
	return fmt.Sprintf("%s to %s: %s, %s after %s", m.From, m.To, m.label(), m.Outcome(), milliseconds(m.Duration))
}

// Failures returns the number of failed messages.
func (l Ladder) Failures() int {
	n := 0
	for _, m := range l.Messages {
		if m.Failed() {
			n++
		}
	}
	return n
}

// Summary describes the diagram in a sentence.
func (l Ladder) Summary() string {
	text := fmt.Sprintf("%d messages among %d participants, %d of them failed.", len(l.Messages), len(l.Participants), l.Failures())
	if l.Error != "" {
		text += " " + l.Error
	}
	return text
}

// step is one rung: a message that leaves, or its answer that arrives.
type step struct {
	Message
	message  int // index
	isAnswer bool
	at       time.Duration
}

// steps returns the rungs in the order of time. At the same time, departures come before arrivals.
func (l Ladder) steps() []step {
	var steps []step
	for i, m := range l.Messages {
		if !slices.Contains(l.Participants, m.From) || !slices.Contains(l.Participants, m.To) {
			continue
		}
		start := max(0, m.Start.Sub(l.Start))
		steps = append(steps, step{m, i, false, start}, step{m, i, true, start + m.Duration})
	}
	slices.SortStableFunc(steps, func(a, b step) int {
		if a.at == b.at && a.isAnswer != b.isAnswer {
			return map[bool]int{false: -1, true: 1}[a.isAnswer]
		}
		return cmp.Compare(a.at, b.at)
	})
	return steps
}

// ends returns the indices of the participants at the start and the end of the rung.
func (l Ladder) ends(s step) (from, to int) {
	from, to = slices.Index(l.Participants, s.From), slices.Index(l.Participants, s.To)
	if s.isAnswer {
		return to, from
	}
	return from, to
}

// caption returns the text on the rung.
func (s step) caption() string {
	if !s.isAnswer {
		return s.label()
	}
	return s.Outcome() + " in " + milliseconds(s.Duration)
}

// milliseconds formats a duration with a reasonable number of digits.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.0f ms", ms)
	}
}

// nameOf returns the name of a participant such as hub/hank, without its kind.
func nameOf(participant string) string {
	_, name, _ := strings.Cut(participant, "/")
	return name
}

// kindOf returns the kind of a participant as a word for readers.
func kindOf(participant string) string {
	kind, _, _ := strings.Cut(participant, "/")
	if kind == "sae" {
		return "encryptor"
	}
	return kind
}
