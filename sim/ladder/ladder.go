// Package ladder draws a ladder diagram of messages: who told whom what, when, and how it ended. A
// [Ladder] is what happened; [Ladder.Text], [Ladder.SVG] and [Ladder.Mermaid] are three pictures of
// it.
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
	Start        time.Time `json:"start"`        // at the top
	Participants []string  `json:"participants"` // from left to right: kind and name, such as hub/hank
	Messages     []Message `json:"messages"`     // in the order of their start; those of strangers are not drawn
	Error        string    `json:"error,omitempty"`
}

// Message is a message as the wire tells of it, with what an answer says of a failure.
type Message struct {
	wire.Event
	Note string `json:"note,omitempty"` // why it failed
}

// label says what was sent, such as POST key-share.
func (m Message) label() string { return m.Method + " " + m.Path[strings.LastIndex(m.Path, "/")+1:] }

// Failed reports whether the sender did not get what it asked for.
func (m Message) Failed() bool { return m.Status != http.StatusOK }

// Outcome says in a few words how the message ended.
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

// String puts the message in a line.
func (m Message) String() string {
	return fmt.Sprintf("%s to %s: %s, %s after %s", m.From, m.To, m.label(), m.Outcome(), milliseconds(m.Duration))
}

// Failures returns how many messages failed.
func (l Ladder) Failures() int {
	n := 0
	for _, m := range l.Messages {
		if m.Failed() {
			n++
		}
	}
	return n
}

// Summary says in a sentence what there is to see.
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

// steps returns the rungs in the order of time. What leaves comes before what arrives.
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

// ends returns the positions of the participants between which the rung is, from where to where.
func (l Ladder) ends(s step) (from, to int) {
	from, to = slices.Index(l.Participants, s.From), slices.Index(l.Participants, s.To)
	if s.isAnswer {
		return to, from
	}
	return from, to
}

// caption says what is on the rung.
func (s step) caption() string {
	if !s.isAnswer {
		return s.label()
	}
	return s.Outcome() + " in " + milliseconds(s.Duration)
}

// milliseconds prints a duration, with as many digits as make sense.
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

// nameOf returns what follows the kind of a participant, which is hub/hank or the like.
func nameOf(participant string) string {
	_, name, _ := strings.Cut(participant, "/")
	return name
}

// kindOf returns the kind in a word for readers.
func kindOf(participant string) string {
	kind, _, _ := strings.Cut(participant, "/")
	if kind == "sae" {
		return "encryptor"
	}
	return kind
}
