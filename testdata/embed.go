// Package testdata holds the topologies that come with the program, so that the file that a person
// reads, the one that tests load and the one inside the binary are the same.
//
// The go command leaves directories of this name out of patterns such as ./..., so name this one
// where it matters: go vet ./... ./testdata.
package testdata

import "embed"

// Topologies holds the files of the directory topologies, under names such as
// "topologies/reference.yaml".
//
//go:embed topologies/*.yaml
var Topologies embed.FS
