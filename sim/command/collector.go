package command

import (
	"os"
	"runtime"
	"runtime/debug"
)

// tuneCollector lets garbage grow to 64 MiB, and a quarter of what is in use beyond that, before it
// is collected: a small network would otherwise spend an eighth of its time on collecting a few
// megabytes, and a large one take twice its memory. It does nothing if the environment sets GOGC.
// Release undoes it.
//
// The collector goes by a percentage of what is in use. The ballast counts as in use, but since
// nobody touches it, it takes no memory.
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
