// Command dske runs a whole Distributed Symmetric Key Establishment network in one process, and
// talks to one that runs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"dske/sim/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)   // a second signal ends the process at once
	signal.Ignore(syscall.SIGPIPE) // without a reader, a write fails instead of ending the process
	os.Exit(command.Run(ctx, os.Args))
}
