package ladder

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// narrowest is the minimum distance between two participants, in columns of text.
const narrowest = len("encryptor") + 1

// Text draws the ladder with characters: time runs down, labels are on the right, and failed
// messages are marked with ✗.
func (l Ladder) Text() string {
	var out strings.Builder
	width := l.columnWidth()
	fmt.Fprintf(&out, "%s\n\n", l.Title)
	for _, head := range []func(string) string{kindOf, nameOf} {
		line := strings.Repeat(" ", 11)
		for _, p := range l.Participants {
			line += pad(head(p), width)
		}
		fmt.Fprintln(&out, strings.TrimRight(line, " "))
	}
	for _, s := range l.steps() {
		mark := " "
		if s.isAnswer && s.Failed() {
			mark = "✗"
		}
		fmt.Fprintf(&out, "%10s %s%s %s\n", milliseconds(s.at), l.rung(s, width), mark, s.caption())
	}
	fmt.Fprintf(&out, "\n%s\n", l.Summary())
	return printable(out.String())
}

// printable replaces characters that could control a terminal, since the ladder may come from
// another process.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// columnWidth returns the distance between two participants, in columns of text.
func (l Ladder) columnWidth() int {
	width := narrowest
	for _, p := range l.Participants {
		width = max(width, utf8.RuneCountInString(nameOf(p))+2)
	}
	return width
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// rung draws the arrow of a step across the lines of the participants.
func (l Ladder) rung(s step, width int) string {
	line := []rune(strings.Repeat(pad("│", width), len(l.Participants)))
	line = line[:len(line)-width+1]
	from, to := l.ends(s)
	left, right := min(from, to)*width, max(from, to)*width
	shaft := '─'
	if s.isAnswer {
		shaft = '╌'
	}
	for i := left + 1; i < right; i++ {
		line[i] = shaft
	}
	switch {
	case s.isAnswer && s.Status == 0:
		line[(left+right)/2] = '✗'
	case from < to:
		line[right-1] = '▶'
	case from > to:
		line[left+1] = '◀'
	}
	return string(line)
}
