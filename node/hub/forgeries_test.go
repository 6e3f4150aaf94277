package hub

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"dske/node"
	"dske/protocol"
)

// When forgeries in the name of a client amount to 2^-80, a hub warns once. It refuses nobody.
func TestForgeryWarning(t *testing.T) {
	var log bytes.Buffer
	h, err := New(Config{Name: "hank", Directory: Everybody, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.register(t.Context(), protocol.Registration{ClientName: "carol"}, node.Proof{Token: "t"}); err != nil {
		t.Fatal(err)
	}
	h.forgeriesOf("carol").bytes.Store(1<<52 - 1<<20)
	h.noteForgery("carol", &protocol.WrongTagError{Body: 1000})
	if strings.Contains(log.String(), "chance") {
		t.Errorf("warned too early: %s", &log)
	}
	for range 2 {
		h.noteForgery("carol", &protocol.WrongTagError{Body: 1 << 20})
	}
	if n := strings.Count(log.String(), "chance=2^-79.99"); n != 1 {
		t.Errorf("%d warnings: %s", n, &log)
	}
}
