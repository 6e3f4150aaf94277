package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dske/protocol"
	"dske/sim/spelling"
	"dske/sim/yamlfile"
)

// check looks for mistakes before anything runs, so that they are also found in lines whose
// condition does not hold, or that follow a skip. An error starts with the line.
func (p *parsed) check() error {
	c := checker{known: map[string]bool{"/": true, ":": true}} // defined by the engine
	for _, s := range p.sections {
		for i, line := range strings.Split(s.text, "\n") {
			if err := c.line(line); err != nil {
				return yamlfile.Errorf(s.line+i, "%s: %w", strings.TrimSpace(line), err)
			}
		}
	}
	if c.commands == 0 {
		return yamlfile.Errorf(1, "there are no commands; dske scenario help lists them")
	}
	return nil
}

type checker struct {
	known    map[string]bool // names of variables that have been set
	commands int             // number of lines with a command
	prints   bool            // the last command, whose output checks look at, can have printed something
}

func (c *checker) line(line string) error {
	s, err := readStatement(line)
	if s == nil || err != nil {
		return err
	}
	c.commands++
	for _, condition := range s.conditions {
		if err := checkCondition(condition); err != nil {
			return err
		}
	}
	if !canHold(s.conditions) {
		return fmt.Errorf("[%s] never hold together: remove one", strings.Join(s.conditions, "] ["))
	}
	if err := s.checkCommand(); err != nil {
		return err
	}
	switch s.command {
	case "skip":
	case "stdout", "stderr":
		if !c.prints {
			return fmt.Errorf("the command before %s prints nothing: put it behind one that does", s.command)
		}
	default:
		c.prints = s.canPrint() || c.prints && s.leavesOutput()
	}
	for _, w := range s.args {
		for _, name := range w.variables() {
			if !c.known[name] {
				return fmt.Errorf("there is no variable $%s: give a key this name with as=%[1]s, or put '…' around a $ that means the end of a line", name)
			}
		}
	}
	return c.define(s)
}

// checkCondition returns an error unless a condition, without its brackets, can hold.
func checkCondition(condition string) error {
	name, suffix, hasSuffix := strings.Cut(strings.TrimPrefix(condition, "!"), ":")
	switch {
	case (name == "own" || name == "safe") && !hasSuffix:
		return nil
	case name == "suite" && hasSuffix:
		_, err := protocol.SuiteNamed(suffix)
		return err
	}
	return fmt.Errorf("unknown condition %q: use own, safe or suite:NAME", condition)
}

// canHold reports whether all of the conditions can hold in one network. Only a network with the
// suite its can be safe.
func canHold(conditions []string) bool {
	for _, suite := range protocol.Suites {
		for _, own := range []bool{false, true} {
			for _, safe := range []bool{false, suite == protocol.ITS} {
				holds := map[string]bool{"own": own, "safe": safe, "suite:" + suite.Name(): true}
				fails := func(condition string) bool {
					name, not := strings.CutPrefix(condition, "!")
					return holds[name] == not
				}
				if !slices.ContainsFunc(conditions, fails) {
					return true
				}
			}
		}
	}
	return false
}

// checkCommand returns an error if the command is unknown, or if the prefix makes it ineffective.
func (s *statement) checkCommand() error {
	switch {
	case !slices.Contains(commandNames(), s.command):
		return unknownCommand(s.command)
	case s.command == "skip" && s.want != "":
		return fmt.Errorf("with %s in front, skip does nothing: remove it", s.want)
	case (s.command == "stdout" || s.command == "stderr") && s.want == "?":
		return fmt.Errorf("with ? in front, %s checks nothing: remove it", s.command)
	}
	return nil
}

// canPrint reports whether the command can print an output or an error. The scenario ends if one
// fails that must not.
func (s *statement) canPrint() bool {
	if s.want != "" {
		return true
	}
	return !isSilent(s.command) && !s.setsVariables()
}

// leavesOutput reports whether checks may still look at the output of the command before this one.
func (s *statement) leavesOutput() bool { return len(s.conditions) > 0 || s.setsVariables() }

// setsVariables reports whether the command sets variables and does nothing else.
func (s *statement) setsVariables() bool {
	prints := func(w word) bool { return !strings.Contains(w.String(), "=") }
	return s.command == "env" && len(s.args) > 0 && !slices.ContainsFunc(s.args, prints)
}

func unknownCommand(name string) error {
	if meant := spelling.Nearest(name, commandNames()); meant != "" {
		return fmt.Errorf("unknown command %q; did you mean %s?", name, meant)
	}
	return fmt.Errorf("unknown command %q; dske scenario help lists them", name)
}

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// define adds the variables that a line sets if it succeeds.
func (c *checker) define(s *statement) error {
	for _, w := range s.args {
		name, value, isSet := strings.Cut(w.String(), "=")
		switch {
		case s.command == "env" && isSet:
		case slices.Contains([]string{"get-key", "get-key-pair", "mitm"}, s.command) && name == "as":
			name = value
		default:
			continue
		}
		if !variableForm.MatchString(name) {
			return fmt.Errorf("%q cannot be the name of a variable: use letters, digits and _", name)
		}
		c.known[name] = c.known[name] || s.want != "!"
	}
	return nil
}
