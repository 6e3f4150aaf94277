//go:build !unix

package client

import "time"

var started = time.Now()

func cpuTime() time.Duration { return time.Since(started) }
