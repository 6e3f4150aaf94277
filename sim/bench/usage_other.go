//go:build !unix

package bench

import "time"

func cpuTime() time.Duration { return 0 }

// PeakMemory returns the largest resident set size of this process so far, in bytes, or 0 if it is
// unknown.
func PeakMemory() int64 { return 0 }
