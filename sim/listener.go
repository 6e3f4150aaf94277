package sim

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"
)

// ListenError is the error of [Network.Run] for an address that it cannot listen on.
type ListenError struct {
	Address string // as in the Config
	Err     error  // the cause
}

func (e *ListenError) Error() string { return fmt.Sprintf("cannot listen on %s: %v", e.Address, e.Err) }

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// warnEvery is how often the log says that no connection can be accepted. The server retries up to
// 200 times per second.
const warnEvery = 10 * time.Second

// watchedListener warns when it cannot accept a connection because the process may not open more
// files.
type watchedListener struct {
	net.Listener
	logger *slog.Logger
	warned time.Time // only Accept uses it, and the server calls that from one goroutine
}

func (l *watchedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	exhausted := errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
	if exhausted && time.Since(l.warned) >= warnEvery {
		l.warned = time.Now()
		l.logger.Warn("no more connections: the process has no file descriptors left", "listen", l.Addr().String(),
			"hint", "raise the limit with ulimit -n, close connections, or use --transport memory")
	}
	return c, err
}
