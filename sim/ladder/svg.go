package ladder

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Style is the style sheet in every picture of [Ladder.SVG], with light and dark colours.
const Style = `
.ladder { font: 12px system-ui, sans-serif; --paper: #ffffff; --ink: #1b1f24; --faint: #5c6570; --line: #c5ccd3; --go: #0b57a4; --fail: #b3261e }
@media (prefers-color-scheme: dark) {
.ladder { --paper: #15191e; --ink: #e8ebee; --faint: #a3adb8; --line: #47505a; --go: #7fb8f5; --fail: #ff8a80 } }
.ladder .paper { fill: var(--paper) }
.ladder text { fill: var(--ink); stroke: var(--paper); stroke-width: 4px; paint-order: stroke; stroke-linejoin: round }
.ladder .kind, .ladder .time { fill: var(--faint); font-size: 11px }
.ladder .name { font-weight: 600 }
.ladder .life { stroke: var(--line) }
.ladder .request, .ladder .answer { stroke: var(--go); stroke-width: 1.5 }
.ladder .answer { stroke-dasharray: 4 3 }
.ladder .head { fill: var(--go); stroke: none }
.ladder .failed .answer { stroke: var(--fail) }
.ladder .failed .answer-head { fill: var(--fail) }
.ladder .failed .lost { stroke: var(--fail); stroke-width: 2 }
.ladder .failed .outcome { fill: var(--fail); font-weight: 600 }
`

// StyleHash returns the hash of [Style] in the form for a Content-Security-Policy.
func StyleHash() string {
	sum := sha256.Sum256([]byte(Style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Distances in the picture, in pixels.
const (
	timeWidth  = 76 // width of the left column
	leastWidth = 112
	rowHeight  = 30
	headHeight = 52
	glyph      = 6.6 // approximate width of a character
	maxCaption = 44  // characters
)

// SVG draws the ladder as a standalone picture, for light and dark surroundings. Each message is a
// group with the class message and, if it failed, also the class failed.
func (l Ladder) SVG() string {
	d := drawing{Ladder: l, column: leastWidth}
	for _, p := range l.Participants {
		d.column = max(d.column, int(glyph*float64(utf8.RuneCountInString(nameOf(p))))+16)
	}
	d.width = timeWidth + d.column*max(1, len(l.Participants))
	d.height = headHeight + rowHeight*(2*len(l.Messages)+1)
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="ladder" role="img" viewBox="0 0 %d %d" width="%[1]d" height="%d" aria-labelledby="ladder-title ladder-desc">`, d.width, d.height)
	d.printf("<title id=\"ladder-title\">%s</title>\n<desc id=\"ladder-desc\">%s</desc>\n<style>%s</style>\n", escapeXML(l.Title), escapeXML(l.Summary()), Style)
	d.printf(`<rect class="paper" width="%d" height="%d"/>`+"\n", d.width, d.height)
	d.drawParticipants()
	d.drawMessages()
	d.printf("</svg>\n")
	return d.out.String()
}

// drawing is a picture under construction.
type drawing struct {
	Ladder
	column        int // width
	width, height int
	out           strings.Builder
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.out, format, args...) }

// x returns the horizontal position of the line of a participant.
func (d *drawing) x(participant int) int { return timeWidth + d.column*participant + d.column/2 }

func (d *drawing) drawParticipants() {
	for i, p := range d.Participants {
		x := d.x(i)
		d.printf(`<text class="kind" x="%d" y="18" text-anchor="middle">%s</text>`, x, kindOf(p))
		d.printf(`<text class="name" x="%d" y="34" text-anchor="middle">%s</text>`, x, escapeXML(nameOf(p)))
		d.printf(`<line class="life" x1="%d" y1="42" x2="%[1]d" y2="%d"/>`+"\n", x, d.height-10)
	}
}

// drawMessages draws both rungs of each message in one group, each at its place in time.
func (d *drawing) drawMessages() {
	rungs := make([][2]string, len(d.Messages))
	for row, s := range d.steps() {
		rung := 0
		if s.isAnswer {
			rung = 1
		}
		rungs[s.message][rung] = d.rung(s, headHeight+rowHeight*row+rowHeight/2+8)
	}
	for i, m := range d.Messages {
		class := "message"
		if m.Failed() {
			class += " failed"
		}
		d.printf("<g class=\"%s\"><title>%s</title>%s%s</g>\n", class, escapeXML(m.String()), rungs[i][0], rungs[i][1])
	}
}

// rung draws the arrow of a step at height y, with its time and its caption.
func (d *drawing) rung(s step, y int) string {
	from, to := d.ends(s)
	x1, x2 := d.x(from), d.x(to)
	line, head, text := "request", "head", "label"
	if s.isAnswer {
		line, head, text = "answer", "head answer-head", "outcome"
	}
	caption := shorten(s.caption())
	return fmt.Sprintf(`<text class="time" x="8" y="%d">%s</text>`, y+4, milliseconds(s.at)) +
		fmt.Sprintf(`<line class="%s" x1="%d" y1="%d" x2="%d" y2="%[3]d"/>`, line, x1, y, x2) +
		tip(s, head, x1, x2, y) +
		fmt.Sprintf(`<text class="%s" x="%d" y="%d" text-anchor="middle">%s</text>`, text, d.within((x1+x2)/2, caption), y-5, escapeXML(caption))
}

// tip draws the end of an arrow: a head, or a cross half-way if no answer came.
func tip(s step, class string, x1, x2, y int) string {
	if s.isAnswer && s.Status == 0 {
		x := (x1 + x2) / 2
		return fmt.Sprintf(`<path class="lost" d="M%d %d l10 10 m0 -10 l-10 10"/>`, x-5, y-5)
	}
	back := -8
	if x2 < x1 {
		back = 8
	}
	return fmt.Sprintf(`<path class="%s" d="M%d %d l%d -4 v8 z"/>`, class, x2, y, back)
}

// within moves the middle of a text so that the text stays in the picture.
func (d *drawing) within(x int, text string) int {
	half := int(glyph*float64(utf8.RuneCountInString(text)))/2 + 4
	return max(timeWidth+half, min(x, d.width-half))
}

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= maxCaption {
		return text
	}
	return string([]rune(text)[:maxCaption-1]) + "…"
}

// escapeXML escapes text for XML.
func escapeXML(text string) string {
	var out strings.Builder
	xml.EscapeText(&out, []byte(text)) // a Builder never fails
	return out.String()
}
