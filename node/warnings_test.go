package node

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dske/protocol"
)

// Each reason has one line a second, which says how many lines were left out.
func TestWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := slog.New(slog.NewTextHandler(&text, nil))
		var w Warnings
		for range 2 {
			for n := range 1000 {
				w.Warn(log, fmt.Errorf("%w: %d", protocol.ErrMalformed, n), "refused", "client", "carol")
			}
			w.Warn(log, protocol.ErrSignature, "refused", "client", "carol")
			time.Sleep(warnEvery)
		}
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		if len(lines) != 4 || !strings.HasSuffix(lines[2], ": 0\" left_out=999") || strings.Contains(lines[3], "left_out") {
			t.Errorf("the log is\n%s", &text)
		}
	})
}
