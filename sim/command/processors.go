package command

import "runtime"

// tuneProcessors limits the program to one processor for each bubble that runs at the same time,
// until release is called. In a bubble, short steps wait for each other. With a second processor a
// run takes a quarter longer, and half as much CPU time again, because it has to be woken so often.
func tuneProcessors(bubbles int) (release func()) {
	before := runtime.GOMAXPROCS(0)
	if bubbles >= before {
		return func() {}
	}
	runtime.GOMAXPROCS(max(1, bubbles))
	return func() { runtime.GOMAXPROCS(before) }
}
