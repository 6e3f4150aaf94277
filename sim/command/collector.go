package command

import (
	"os"
	"runtime"
	"runtime/debug"
)

// tuneCollector lets the heap grow by 64 MiB, and by a quarter of what is in use beyond that,
// before the garbage is collected. Otherwise a small network would spend an eighth of its time on
// collecting a few megabytes, and a large one would take twice its memory. It does nothing if the
// environment sets GOGC. The caller calls release to undo it.
//
// The collector works with a percentage of the memory in use. The ballast counts as in use, but
// takes no memory, since nothing touches it.
func tuneCollector() (release func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	const percent, garbage = 25, 64 << 20
	ballast := make([]byte, garbage*100/percent)
	before := debug.SetGCPercent(percent)
	return func() {
		debug.SetGCPercent(before)
		runtime.KeepAlive(ballast)
	}
}
