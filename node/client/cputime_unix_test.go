//go:build unix

package client

import (
	"syscall"
	"time"
)

// cpuTime returns the CPU time that this process has used so far, on all processors together.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
