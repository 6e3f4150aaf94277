package scenario

import (
	"fmt"
	"strings"

	"dske/sim/fault"
)

func addFault(c call) (string, error) {
	words := c.args
	if len(words) > 1 && words[0] == "partition" { // A,B|C,D may be a separate word
		words = append([]string{"partition=" + words[1]}, words[2:]...)
	}
	text := strings.Join(words, " ")
	if _, err := fault.Parse(text); err != nil {
		return "", mistake{err}
	}
	return "", c.remote.AddFault(c.Context(), text)
}

func faults(c call) (string, error) {
	if len(c.args) > 0 {
		return "", errUsage
	}
	list, err := c.remote.Faults(c.Context())
	var out strings.Builder
	for _, f := range list {
		fmt.Fprintln(&out, f)
	}
	return out.String(), err
}

func clearFaults(c call) (string, error) {
	if len(c.args) > 0 {
		return "", errUsage
	}
	return "", c.remote.ClearFaults(c.Context())
}

func printLog(c call) (string, error) {
	if _, err := c.network(); err != nil {
		return "", err
	}
	return c.log.take(), nil
}
