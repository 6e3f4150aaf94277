package scenario

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rsc.io/script"
)

// guard lets a command of the engine run only with reasonable arguments.
func guard(name string, cmd script.Cmd, w *world) script.Cmd {
	check := map[string]func(args []string) error{
		"help": checkHelp, "stdout": checkPattern, "stderr": checkPattern,
	}[name]
	if check == nil {
		return cmd
	}
	return script.Command(*cmd.Usage(), func(s *script.State, args ...string) (script.WaitFunc, error) {
		err := check(args)
		if errors.Is(err, errUsage) {
			err = fmt.Errorf("usage: %s %s", name, cmd.Usage().Args)
		}
		if err != nil {
			w.mistake = mistake{err}
			return nil, w.mistake
		}
		return cmd.Run(s, args...)
	})
}

func checkHelp(args []string) error {
	for _, arg := range args {
		if !slices.Contains(commandNames(), arg) {
			return unknownCommand(arg)
		}
	}
	return nil
}

// checkPattern refuses patterns that decide nothing: invalid ones, and those that match everything.
func checkPattern(args []string) error {
	if len(args) > 1 && strings.HasPrefix(args[0], "-count=") {
		if n, err := strconv.Atoi(strings.TrimPrefix(args[0], "-count=")); err != nil || n < 1 {
			return fmt.Errorf("%s: write a whole number over 0", args[0])
		}
		args = args[1:]
	}
	if len(args) != 1 {
		return errUsage
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	switch {
	case err != nil:
		return err
	case pattern.MatchString("") && pattern.MatchString("\n") && pattern.MatchString("x\n"):
		return fmt.Errorf("pattern %q matches everything", args[0])
	}
	return nil
}
