// Package yamlfile reads YAML that people have written: strictly, so that nothing in a file is
// ignored, and with errors that start with the line and say what to do.
//
// [Parse] returns the top node of a file. [Members], [List], [Text] and the others read nodes into
// Go values. The library's own decoder would do that too, but its errors are about Go types.
package yamlfile

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

// MaxSize is the maximum size of a file, in bytes. It is far more than the topology of a hundred
// thousand clients needs, and bounds the memory of the parser, which is up to a hundred times as
// much.
const MaxSize = 16 << 20

// maxDepth is the maximum nesting depth of a file. A topology needs five levels; thousands would
// cost the parser quadratic time.
const maxDepth = 20

// Errorf returns an error whose text starts with a line number, counted from 1: "12: what is
// wrong".
func Errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%d: %w", line, fmt.Errorf(format, args...))
}

// Parse returns the top node of the one document in a file. Expected says what the file must
// contain, for the error about an empty one. Aliases remain aliases in the node, so its size is
// bounded by that of the file. Leading empty lines count, so that the lines of a section can be
// those of the file that it is in.
func Parse(data []byte, expected string) (*yaml.Node, error) {
	if len(data) > MaxSize {
		return nil, Errorf(1, "the file has %d bytes: use at most %d", len(data), MaxSize)
	}
	if err := CheckText(data); err != nil {
		return nil, err
	}
	limits := yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth)))
	loader, err := yaml.NewLoader(bytes.NewReader(data), limits)
	if err != nil {
		return nil, syntaxFault(err)
	}
	root, err := onlyDocument(loader)
	if err == nil && (root == nil || root.ShortTag() == "!!null") {
		empty := len(data) - len(bytes.TrimLeft(data, "\n"))
		return nil, Errorf(1+empty, "the file is empty: %s", expected)
	}
	return root, err
}

// onlyDocument returns the top node of the only document, or nil if there is none.
func onlyDocument(loader *yaml.Loader) (*yaml.Node, error) {
	var document, second yaml.Node
	if err := loader.Load(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, syntaxFault(err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, Errorf(second.Line, "a second YAML document starts here: put only one into a file")
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxFault(err)
	}
	return document.Content[0], nil
}

// CheckText returns an error unless data is plain UTF-8 text, with a byte order mark at most at the
// beginning. The YAML parser would refuse the same texts, but without naming a line, and take a mark
// elsewhere, which nobody sees, for part of a word.
func CheckText(data []byte) error {
	line := 1
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && size == 1:
			return Errorf(line, "byte 0x%02x is not UTF-8: save the file as UTF-8 text", rest[0])
		case r == '\ufeff' && len(rest) < len(data):
			return Errorf(line, "a byte order mark (%U) is inside the file: remove it", r)
		case r < ' ' && r != '\t' && r != '\r', r == 0xfffe, r == 0xffff:
			return Errorf(line, "character %U is not allowed: save the file as plain text", r)
		}
		rest = rest[size:]
	}
	return nil
}

// syntaxFault turns an error of the parser into a sentence that starts with the place.
func syntaxFault(err error) error {
	var syntax *yaml.LoadError
	if !errors.As(err, &syntax) {
		return Errorf(1, "not valid YAML: %v", err)
	}
	what := strings.TrimSpace(syntax.Message + " " + syntax.ContextMsg)
	if begin := syntax.ContextMark.Line; begin > 0 && begin != syntax.Mark.Line {
		what += fmt.Sprintf(" that starts in line %d", begin)
	}
	return Errorf(max(1, syntax.Mark.Line), "not valid YAML: %s", what)
}
