package bench

import (
	"runtime"
	"time"
)

// Usage is the resources that this process has used, load generator included.
type Usage struct {
	CPU         time.Duration // in user and system mode; 0 if unknown
	Allocations uint64
	Bytes       uint64 // allocated
}

// Used returns the usage of this process since it started.
func Used() Usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Usage{CPU: cpuTime(), Allocations: m.Mallocs, Bytes: m.TotalAlloc}
}

// Plus returns the sum of both.
func (u Usage) Plus(v Usage) Usage {
	return Usage{u.CPU + v.CPU, u.Allocations + v.Allocations, u.Bytes + v.Bytes}
}

// Minus returns the difference to an earlier time.
func (u Usage) Minus(v Usage) Usage {
	return Usage{u.CPU - v.CPU, u.Allocations - v.Allocations, u.Bytes - v.Bytes}
}
