//go:build !linux

package command

import "os"

// room cannot tell on this system.
func room(*os.File, int64) error { return nil }
