package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"dske/protocol"
	"dske/sim"
	"dske/sim/adversary"
)

func tap(c call) (string, error) {
	if len(c.args) > 0 {
		return "", errUsage
	}
	_, err := c.listen()
	return "", err
}

// listen returns the network with the adversary listening on its wires.
func (w *world) listen() (*sim.Network, error) {
	n, err := w.network()
	if err != nil || w.adversary != nil {
		return n, err
	}
	o := n.Overview()
	suite := w.suite
	if suite == nil {
		if suite, err = protocol.SuiteNamed(o.Suite); err != nil {
			return nil, err
		}
	}
	a := adversary.New(suite, o.Threshold)
	n.Wire().Tap(a.Tap)
	w.adversary = a
	return n, nil
}

func compromise(c call) (string, error) {
	n, err := c.listen()
	if err != nil {
		return "", err
	}
	return "", c.eachHub(func(name string) error {
		for range 2 { // twice, for a block that came before the adversary read the hub's messages
			leak, err := n.Leak("hub/" + name)
			if err != nil {
				return err
			}
			c.adversary.Compromise(name, leak.Blocks, leak.Shares)
		}
		return nil
	})
}

// eachHub calls do for every hub in the arguments.
func (c call) eachHub(do func(name string) error) error {
	names, err := c.nodes(c.args)
	if err != nil {
		return err
	}
	for _, full := range names {
		name, isHub := strings.CutPrefix(full, "hub/")
		if !isHub {
			return mistakef("%s is not a hub", full)
		}
		if err := do(name); err != nil {
			return fmt.Errorf("%s: %w", full, err)
		}
	}
	return nil
}

func attack(c call) (string, error) {
	if len(c.args) != 1 {
		return "", errUsage
	}
	keys := c.keys[c.args[0]]
	switch {
	case c.adversary == nil:
		return "", mistakef("there is no tap yet; begin with tap")
	case keys == nil:
		return "", mistakef("no get-key has as=%s", c.args[0])
	}
	var out strings.Builder
	for _, k := range keys {
		result := c.adversary.Attack(k.ID)
		if result.Recovered() && k.Key.Key.Reveal() != nil && !bytes.Equal(result.Key.Reveal(), k.Key.Key.Reveal()) {
			return out.String(), errors.New("the adversary recovered a wrong key")
		}
		fmt.Fprintln(&out, result)
	}
	return out.String(), nil
}

func printAudit(c call) (string, error) {
	n, err := c.network()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, v := range n.TakeViolations() {
		fmt.Fprintln(&out, v)
	}
	return out.String(), nil
}
