package sim

import (
	"fmt"

	"dske/node"
	"dske/node/client"
	"dske/sim/topology"
)

// enrol makes the directory that all nodes of the network share. It is called when the port is
// open, since hubs reach clients there, and before any node runs.
func (n *Network) enrol() error {
	t := n.config.Topology
	enrolled := make([]node.Enrolment, 0, len(t.Clients))
	for _, c := range t.Clients {
		e := node.Enrolment{Name: c.Name, Encryptors: client.Registers(c.Name, c.SAEs()), Hubs: c.Hubs}
		var err error
		if e.Recipient, err = n.recipientOf(c.Name, c.Recipient); err != nil {
			return fmt.Errorf("enrolment: %w", err)
		}
		if c.External {
			e.Token, e.URL = c.Token, c.URL
			e.Certified = n.certified() && c.Token != ""
		} else {
			e.URL = n.at("client/" + c.Name).base()
			e.Certified = n.certified()
			// A proxy between the processes may terminate TLS and start it anew. Files have a MAC
			// made with the token.
			if !e.Certified || n.IsPart() || n.byHand() {
				if e.Token, err = n.tokenOf(c.Name); err != nil {
					return fmt.Errorf("enrolment: %w", err)
				}
			}
		}
		enrolled = append(enrolled, e)
	}
	var err error
	if n.directory, err = node.NewDirectory(t.Enrolment == topology.EnrolmentOpen, enrolled); err != nil {
		return fmt.Errorf("enrolment: %w", err)
	}
	return nil
}

// tokenOf returns the token of a client of the network. It is the same in all processes of a
// network.
func (n *Network) tokenOf(name string) (string, error) {
	if n.config.Tokens != nil {
		return n.config.Tokens(name), nil
	}
	return n.recall("client/"+name, func() string { return n.Text("client/" + name + " token") })
}
