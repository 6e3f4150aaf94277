package scenario

import (
	"errors"
	"os"
	"regexp"
	"strings"
)

// statement is a line of a script, parsed like the engine does.
type statement struct {
	want       string   // "!": must fail; "?": may fail; "": must succeed
	conditions []string // without brackets, such as !suite:its
	command    string
	args       []word
}

// word is a word of a line, in fragments.
type word []fragment

type fragment struct {
	text   string
	quoted bool // variables are not expanded
}

// String returns the text of the word, without quotes.
func (w word) String() string {
	var text strings.Builder
	for _, f := range w {
		text.WriteString(f.text)
	}
	return text.String()
}

// variables returns the names of the variables in the word.
func (w word) variables() []string {
	var names []string
	for _, f := range w {
		if !f.quoted {
			os.Expand(f.text, func(name string) string {
				names = append(names, name)
				return ""
			})
		}
	}
	return names
}

// fragmentForm matches the parts of a line: quoted text, other text, white space, and a comment.
var fragmentForm = regexp.MustCompile(`'[^']*'?|[^ \t\r#']+|[ \t\r]+|#.*`)

// words splits a line. A quoted text with a doubled quote is split into two fragments, without that
// quote.
func words(line string) ([]word, error) {
	var list []word
	apart := true
	for _, text := range fragmentForm.FindAllString(line, -1) {
		var f fragment
		switch text[0] {
		case '#':
			return list, nil
		case ' ', '\t', '\r':
			apart = true
			continue
		case '\'':
			if len(text) == 1 || text[len(text)-1] != '\'' {
				return nil, errors.New("unterminated quoted argument")
			}
			f = fragment{text[1 : len(text)-1], true}
		default:
			f = fragment{text, false}
		}
		if apart {
			list = append(list, nil)
		}
		list[len(list)-1] = append(list[len(list)-1], f)
		apart = false
	}
	return list, nil
}

// readStatement parses a line, and returns nil if it has only white space and a comment.
func readStatement(line string) (*statement, error) {
	list, err := words(line)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	s := &statement{}
	for i, w := range list {
		text := w.String()
		inner, isCondition := strings.CutPrefix(text, "[")
		isCondition = isCondition && strings.HasSuffix(inner, "]")
		switch {
		case (text == "!" || text == "?") && s.want != "":
			return nil, errors.New("there is more than one ! or ?: keep one")
		case text == "!" || text == "?":
			s.want = text
		case isCondition:
			s.conditions = append(s.conditions, strings.TrimSuffix(inner, "]"))
		default:
			s.command, s.args = text, list[i+1:]
			return s, nil
		}
	}
	return nil, errors.New("there is no command in this line")
}
