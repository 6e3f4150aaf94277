//go:build unix

package client

import (
	"syscall"
	"time"
)

// cpuTime returns how long this process has computed so far, on all processors together.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
