package command

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v2"
)

// output is where commands print: standard output. It keeps the error of the first write that
// fails, so that no command has to look at each: [Run] does at the end.
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

// written returns why what a command printed so far did not arrive, if so. Commands that print for
// long ask it, and stop.
func written(c *cli.Context) error { return c.App.Writer.(*output).err }

// expect returns why so many bytes would not arrive, as far as that can be told before they are
// printed. Who asks for a key that is there but once asks that first.
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

// hasColours reports whether a file is a terminal on which colours are welcome; see no-color.org.
func hasColours(f *os.File) bool { return isTerminal(f) && os.Getenv("NO_COLOR") == "" }

// standardInput is what a file is called that comes from there.
const standardInput = "standard input"

// readInput reads a file. The name - stands for standard input. It returns what messages call the
// file.
func readInput(name string) (called string, data []byte, err error) {
	if name != "-" {
		data, err = os.ReadFile(name)
		return name, data, err
	}
	data, err = io.ReadAll(os.Stdin)
	return standardInput, data, err
}
