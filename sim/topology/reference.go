package topology

import _ "embed"

// referenceFile is the file of the reference topology.
//
//go:embed reference.yaml
var referenceFile []byte

// Reference returns a new copy of the default topology of a network: the five hubs and five clients
// of reference.yaml beside this file.
func Reference() *Topology {
	t, err := Load("reference.yaml", referenceFile)
	if err != nil {
		panic(err) // the file is part of the program, and a test loads it
	}
	return t
}
