package scenario

import (
	"errors"

	"dske/sim/hunt"
)

// play runs steps as a hunt does.
func play(c call) (string, error) {
	if len(c.args) == 0 {
		return "", errUsage
	}
	n, err := c.network()
	if err != nil {
		return "", err
	}
	if !c.isVirtual {
		return "", mistake{errors.New("play takes hours: set time to virtual in network.yaml")}
	}
	var steps []hunt.Step
	for _, text := range c.args {
		s, err := hunt.ParseStep(text)
		if err != nil {
			return "", mistake{err}
		}
		steps = append(steps, s)
	}
	return "", hunt.Play(c.Context(), n, steps)
}
