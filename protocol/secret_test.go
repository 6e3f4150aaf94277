package protocol_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"dske/protocol"
)

const redacted = "[redacted]"

var treasure = []byte("the treasure is under the old oak")

// holder is a struct of another package. Package fmt prints the contents of its unexported fields
// without calling their methods.
type holder struct {
	Seen     protocol.Secret
	Pointer  *protocol.Secret
	Any      any
	hidden   protocol.Secret
	pointer  *protocol.Secret
	stringer fmt.Formatter
	slice    []protocol.Secret
	named    map[string]protocol.Secret
	deep     *holder
}

func newHolder(s protocol.Secret) holder {
	h := holder{s, &s, s, s, &s, s, []protocol.Secret{s}, map[string]protocol.Secret{"k": s}, nil}
	deep := h
	h.deep = &deep
	return h
}

// hiding returns values that hold the secret.
func hiding(s protocol.Secret) []any {
	h := newHolder(s)
	type embedding struct{ protocol.Secret }
	type embeddingPointer struct{ *protocol.Secret }
	channel := make(chan protocol.Secret, 1)
	channel <- s
	return []any{s, &s, [1]protocol.Secret{s}, []protocol.Secret{s}, []*protocol.Secret{&s}, map[string]protocol.Secret{"k": s},
		map[string]*protocol.Secret{"k": &s}, []any{s}, h, &h, []holder{h}, []*holder{&h}, map[int]holder{1: h}, map[int]*holder{1: &h},
		embedding{s}, &embedding{s}, embeddingPointer{&s}, struct{ hidden embedding }{embedding{s}}, channel,
		struct{ error }{fmt.Errorf("key %v", s)}, fmt.Errorf("key %x: %w", s, errors.New("no"))}
}

// formats returns every letter as a verb, with every flag.
func formats() []string {
	var formats []string
	for _, flags := range []string{"", "+", "#", "+#", " ", "# ", "-", "0", "80", ".40", "[1]"} {
		for verb := 'A'; verb <= 'z'; verb++ {
			if verb <= 'Z' || verb >= 'a' {
				formats = append(formats, "%"+flags+string(verb))
			}
		}
	}
	return formats
}

// traces returns parts of the treasure in the usual notations.
func traces() []string {
	middle := treasure[8:18]
	traces := []string{base64.StdEncoding.EncodeToString(treasure)[12:24], string(middle[:5])}
	for _, format := range []string{"%d", "%x", "%X", "% x", "%# x", "%o", "%b", "%c", "%U", "%q"} {
		traces = append(traces, strings.Trim(fmt.Sprintf(format, middle), `[]"`))
	}
	list, _ := json.Marshal([]int{int(middle[0]), int(middle[1]), int(middle[2])})
	return append(traces, strings.Trim(string(list), "[]"), strings.Trim(fmt.Sprintf("%#v", middle), "[]byte{}"))
}

// disclosed returns a trace of the treasure in the text, or "".
func disclosed(text string, traces []string) string {
	for _, trace := range traces {
		if strings.Contains(text, trace) {
			return trace
		}
	}
	return ""
}

func TestSecretIsNeverPrinted(t *testing.T) {
	traces := traces()
	for _, value := range hiding(protocol.NewSecret(treasure)) {
		for _, format := range formats() {
			text := fmt.Sprintf(format, value)
			if trace := disclosed(text, traces); trace != "" {
				t.Fatalf("%s of a %T shows %s: %s", format, value, trace, text)
			}
		}
		for _, text := range []string{fmt.Sprint(value), fmt.Sprintln(value), fmt.Sprint("a", value, 1), fmt.Sprintf("%d"+"%[1]*x", value, 1)} {
			if trace := disclosed(text, traces); trace != "" {
				t.Errorf("a %T shows %s: %s", value, trace, text)
			}
		}
	}
}

func TestSecretIsNeverLogged(t *testing.T) {
	traces := traces()
	var log bytes.Buffer
	options := &slog.HandlerOptions{AddSource: true, Level: slog.LevelDebug}
	handlers := map[string]slog.Handler{"text": slog.NewTextHandler(&log, options), "JSON": slog.NewJSONHandler(&log, options)}
	for name, handler := range handlers {
		for _, value := range hiding(protocol.NewSecret(treasure)) {
			log.Reset()
			logger := slog.New(handler).With("with", value).WithGroup("group")
			logger.Debug("key", "value", value, slog.Group("inner", "value", value), slog.Any("any", value))
			if log.Len() == 0 {
				t.Fatal("nothing was logged")
			}
			if trace := disclosed(log.String(), traces); trace != "" {
				t.Errorf("the %s log of a %T shows %s: %s", name, value, trace, &log)
			}
		}
	}
}

func TestSecretIsNeverMarshalled(t *testing.T) {
	traces := traces()
	for _, value := range hiding(protocol.NewSecret(treasure)) {
		asJSON, _ := json.Marshal(value)
		asXML, _ := xml.Marshal(value)
		for _, text := range []string{string(asJSON), string(asXML)} {
			if trace := disclosed(text, traces); trace != "" {
				t.Errorf("a %T shows %s: %s", value, trace, text)
			}
		}
	}
}

// Disclosed finds a secret that is there.
func TestDisclosed(t *testing.T) {
	traces := traces()
	type plain struct{ hidden []byte }
	value := plain{treasure}
	for _, format := range strings.Split("%v,%+v,%#v,%s,%q,%x,%X,% x,%# x,%d,%o,%b,%c,%U", ",") {
		if text := fmt.Sprintf(format, value); disclosed(text, traces) == "" {
			t.Errorf("%s goes unnoticed: %s", format, text)
		}
	}
	numbers := fmt.Sprint(treasure)
	asJSON, _ := json.Marshal(treasure)
	for _, text := range []string{string(asJSON), strings.ReplaceAll(numbers, " ", ",")} {
		if disclosed(text, traces) == "" {
			t.Errorf("%s goes unnoticed", text)
		}
	}
}

func TestSecretIsRedacted(t *testing.T) {
	s := protocol.NewSecret(treasure)
	for _, format := range formats() {
		if verb := format[len(format)-1]; verb == 'T' || verb == 'p' || verb == 'w' {
			continue // fmt handles these itself
		}
		for _, value := range []any{s, &s, protocol.Secret{}} {
			if got := fmt.Sprintf(format, value); got != redacted {
				t.Errorf("%s of a %T is %q, want %q", format, value, got, redacted)
			}
		}
	}
	exported := struct {
		A protocol.Secret   `json:"a"`
		B []protocol.Secret `json:"b"`
		C *protocol.Secret  `json:"c"`
	}{s, []protocol.Secret{s}, &s}
	if got, err := json.Marshal(exported); err != nil || string(got) != `{"a":"[redacted]","b":["[redacted]"],"c":"[redacted]"}` {
		t.Errorf("as JSON: %s, error %v", got, err)
	}
	if got := fmt.Sprintf("%v", exported.B); got != "[[redacted]]" {
		t.Errorf("slice is printed as %s", got)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "key", s)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "key", s)
	if got := log.String(); !strings.Contains(got, "key=[redacted]\n") || !strings.Contains(got, `"key":"[redacted]"}`) {
		t.Errorf("log is %s", got)
	}
	if got := s.LogValue().String(); got != redacted {
		t.Errorf("log value is %s", got)
	}
}

func TestReveal(t *testing.T) {
	value := bytes.Clone(treasure)
	s := protocol.NewSecret(value)
	if got := s.Reveal(); &got[0] != &value[0] || len(got) != len(value) {
		t.Errorf("got % x, want the very bytes % x", got, value)
	}
	if got := s.Size(); got != len(treasure) {
		t.Errorf("size is %d, want %d", got, len(treasure))
	}
	clear(value)
	if got := s.Reveal(); !bytes.Equal(got, make([]byte, len(value))) {
		t.Errorf("got % x after clearing", got)
	}
	var zero protocol.Secret
	if zero.Reveal() != nil || zero.Size() != 0 {
		t.Errorf("zero value reveals % x of %d bytes", zero.Reveal(), zero.Size())
	}
}
