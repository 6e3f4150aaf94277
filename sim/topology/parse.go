package topology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxFile is how long a file may be, in bytes. It is far more than a hundred thousand clients need, and
// bounds the memory that the parser takes, up to a hundred times as much.
const maxFile = 16 << 20

// maxDepth is how deep a file may be nested. A topology takes five levels; thousands cost the parser
// quadratic time.
const maxDepth = 20

// fault is what is wrong with a file, and in which line.
type fault struct {
	line int // counts from 1
	text string
}

func (f *fault) Error() string { return fmt.Sprintf("%d: %s", f.line, f.text) }

func faultf(line int, format string, args ...any) error {
	return &fault{line, fmt.Sprintf(format, args...)}
}

// parse returns the top node of the one document in a file. Aliases are still aliases in it, so its
// size is bounded by that of the file.
func parse(data []byte) (*yaml.Node, error) {
	if len(data) > maxFile {
		return nil, faultf(1, "the file has %d bytes: a topology has at most %d", len(data), maxFile)
	}
	if err := checkText(data); err != nil {
		return nil, err
	}
	limits := yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth)))
	loader, err := yaml.NewLoader(bytes.NewReader(data), limits)
	if err != nil {
		return nil, syntaxFault(err)
	}
	return onlyDocument(loader)
}

func onlyDocument(loader *yaml.Loader) (*yaml.Node, error) {
	var document, second yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) {
		return nil, emptyFault(1)
	} else if err != nil {
		return nil, syntaxFault(err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, faultf(second.Line, "a second YAML document starts here: put one topology into a file")
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxFault(err)
	}
	if root := document.Content[0]; root.ShortTag() != "!!null" {
		return root, nil
	}
	return nil, emptyFault(document.Line)
}

// checkText refuses what the parser would refuse too, but without naming a line.
func checkText(data []byte) error {
	line := 1
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && size == 1:
			return faultf(line, "byte 0x%02x is not UTF-8: save the file as UTF-8 text", rest[0])
		case r < ' ' && r != '\t' && r != '\r', r == 0xfffe, r == 0xffff:
			return faultf(line, "character %U is not allowed: save the file as plain text", r)
		}
		rest = rest[size:]
	}
	return nil
}

func emptyFault(line int) error {
	return faultf(line, "the file is empty: list hubs and clients")
}

// syntaxFault turns an error of the parser into a sentence that starts with the place.
func syntaxFault(err error) error {
	var syntax *yaml.LoadError
	if !errors.As(err, &syntax) {
		return faultf(1, "not valid YAML: %v", err)
	}
	what := strings.TrimSpace(syntax.Message + " " + syntax.ContextMsg)
	if begin := syntax.ContextMark.Line; begin > 0 && begin != syntax.Mark.Line {
		what += fmt.Sprintf(" that starts in line %d", begin)
	}
	return faultf(max(1, syntax.Mark.Line), "not valid YAML: %s", what)
}
