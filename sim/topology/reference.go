package topology

import _ "embed"

// referenceFile is the file of the reference topology, as users and tests read it.
//
//go:embed reference.yaml
var referenceFile []byte

// Reference returns a new copy of the topology that a network has when nobody names another one:
// the five hubs and five clients of reference.yaml beside this file.
func Reference() *Topology {
	t, err := Load("reference.yaml", referenceFile)
	if err != nil {
		panic(err) // the file is part of the program, and a test loads it
	}
	return t
}
