package ladder

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Mermaid returns the ladder as a sequence diagram in the language of Mermaid
// (https://mermaid.js.org). Failed messages have a red background.
func (l Ladder) Mermaid() string {
	var out strings.Builder
	fmt.Fprintf(&out, "---\ntitle: %q\n---\nsequenceDiagram\n", l.Title)
	for i, p := range l.Participants {
		fmt.Fprintf(&out, "    participant p%d as %s %s\n", i, kindOf(p), escapeMermaid(nameOf(p)))
	}
	for _, s := range l.steps() {
		from, to := l.ends(s)
		line := fmt.Sprintf("p%d%sp%d: %s", from, arrow(s), to, escapeMermaid(s.caption()))
		if s.isAnswer && s.Failed() {
			line = "rect rgba(255, 0, 0, 0.2)\n    " + line + "\n    end"
		}
		fmt.Fprintf(&out, "    %s\n", line)
	}
	if l.Error != "" && len(l.Participants) > 0 {
		fmt.Fprintf(&out, "    Note over p0: %s\n", escapeMermaid(l.Error))
	}
	return out.String()
}

func arrow(s step) string {
	switch {
	case !s.isAnswer:
		return "->>"
	case s.Status == 0:
		return "--x"
	default:
		return "-->>"
	}
}

var keyword = regexp.MustCompile(`(?i)\bend\b`)

// escapeMermaid replaces by entities what Mermaid could take for its own syntax.
func escapeMermaid(text string) string {
	text = keyword.ReplaceAllStringFunc(text, func(end string) string { return "\x00" + end })
	var out strings.Builder
	for i, r := range text {
		switch isKeyword := i > 0 && text[i-1] == 0; {
		case r == 0:
		case !isKeyword && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ._/()-,", r)):
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, "#%d;", r)
		}
	}
	return out.String()
}
