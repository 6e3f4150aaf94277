package command

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// room returns an error if it is clear beforehand that so many bytes cannot be written to a file:
// its file system has no space left, its pipe has no reader, or its device takes nothing. At most
// it writes a line break to a device that is not a terminal.
func room(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fd := int(f.Fd())
	switch mode := info.Mode(); {
	case mode.IsRegular():
		err = unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, info.Size(), size)
		if !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EDQUOT) && !errors.Is(err, unix.EFBIG) {
			return nil // or the file system cannot tell
		}
	case mode&(fs.ModeNamedPipe|fs.ModeSocket) != 0:
		ends := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		if _, err := unix.Poll(ends, 0); err == nil && ends[0].Revents&unix.POLLERR != 0 {
			return &fs.PathError{Op: "write", Path: f.Name(), Err: unix.EPIPE}
		}
		return nil
	case mode&fs.ModeCharDevice != 0 && !isTerminal(f):
		_, err := f.WriteString("\n")
		return err
	default:
		return nil
	}
	return &fs.PathError{Op: "write", Path: f.Name(), Err: err}
}
