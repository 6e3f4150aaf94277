package etsi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
)

var treasure = []byte("the treasure is under the old oak")

// holder is a struct of another package, whose unexported fields fmt prints without calling their
// methods.
type holder struct {
	Seen   etsi.Key
	hidden etsi.Key
	secret etsi.Secret
}

// disclosed reports whether text shows a part of the treasure in some common form.
func disclosed(text string) bool {
	part := treasure[4:10]
	lower := strings.ToLower(text)
	return strings.Contains(text, string(part)) ||
		strings.Contains(lower, hex.EncodeToString(part)) ||
		strings.Contains(lower, fmt.Sprintf("% x", part)) ||
		strings.Contains(text, strings.Trim(fmt.Sprint(part), "[]")) ||
		strings.Contains(text, base64.StdEncoding.EncodeToString(treasure)[:12])
}

func TestSecretIsRedacted(t *testing.T) {
	key := etsi.Key{ID: uuid.Nil, Key: etsi.NewSecret(treasure)}
	h := holder{key, key, key.Key}
	values := []any{key.Key, &key.Key, key, &key, []etsi.Key{key}, map[string]etsi.Key{"k": key},
		etsi.KeyContainer{Keys: []etsi.Key{key}}, h, &h, []*holder{&h}, []holder{h}}
	var log bytes.Buffer
	loggers := []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil))}
	for _, value := range values {
		for _, verb := range strings.Split("%v %+v %#v %s %q %x %X % x %d %o %b %c %t %U %e %T %p", " %") {
			verb = "%" + strings.TrimPrefix(verb, "%")
			if text := fmt.Sprintf(verb, value); disclosed(text) {
				t.Errorf("%s of %T discloses: %s", verb, value, text)
			}
		}
		for _, logger := range loggers {
			log.Reset()
			logger.Info("key", "value", value, slog.Group("group", "value", value))
			if disclosed(log.String()) {
				t.Errorf("a log of %T discloses: %s", value, &log)
			}
		}
		if _, delivery := value.(etsi.KeyContainer); delivery {
			continue
		}
		if data, _ := json.Marshal(value); disclosed(string(data)) {
			t.Errorf("JSON of %T discloses: %s", value, data)
		}
	}
}

func TestRedactedForms(t *testing.T) {
	key := etsi.Key{ID: uuid.Nil, Key: etsi.NewSecret(treasure)}
	const id = "00000000-0000-0000-0000-000000000000"
	if got, want := fmt.Sprint(key), "{"+id+" [redacted]}"; got != want {
		t.Errorf("printed %s, want %s", got, want)
	}
	data, err := json.Marshal(key)
	if want := `{"key_ID":"` + id + `","key":"[redacted]"}`; err != nil || string(data) != want {
		t.Errorf("JSON %s, %v, want %s", data, err, want)
	}
	if !disclosed(fmt.Sprint(treasure)) || !disclosed(fmt.Sprintf("%X", treasure)) {
		t.Error("disclosed sees nothing")
	}
}

func TestReveal(t *testing.T) {
	if got := etsi.NewSecret(treasure).Reveal(); !bytes.Equal(got, treasure) {
		t.Errorf("revealed %q", got)
	}
	if got := (etsi.Secret{}).Reveal(); got != nil {
		t.Errorf("the zero secret revealed %q", got)
	}
}
