package command

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"
)

// output is where commands print: standard output. It keeps the error of the first failed write, so
// that commands need not check each: [Run] checks at the end.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(text []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.to.Write(text)
	o.err = err
	return n, err
}

// written returns the error that kept output from arriving so far, or nil. Commands that print for
// long check it, and stop.
func written(c *cli.Context) error { return c.App.Writer.(*output).err }

// expect returns an error if it is already clear that so many bytes could not be printed. Commands
// call it before they fetch a key that can be fetched only once.
func expect(c *cli.Context, size int64) error {
	o := c.App.Writer.(*output)
	if f, isFile := o.to.(*os.File); isFile && o.err == nil {
		o.err = room(f, size)
	}
	return o.err
}

// isTerminal reports whether a file is a terminal that can move its cursor.
func isTerminal(f *os.File) bool {
	return isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb"
}

// hasColours reports whether a file is a terminal that may show colours; see no-color.org.
func hasColours(f *os.File) bool { return isTerminal(f) && os.Getenv("NO_COLOR") == "" }

// standardInput is the name of standard input in messages.
const standardInput = "standard input"

// readInput reads a file. The name - stands for standard input. It also returns the name of the
// file for messages.
func readInput(name string) (called string, data []byte, err error) {
	if name != "-" {
		data, err = os.ReadFile(name)
		return name, data, err
	}
	data, err = io.ReadAll(os.Stdin)
	return standardInput, data, err
}
