package protocol_test

import (
	"slices"
	"testing"

	"dske/protocol"
)

func TestNamesOfSuites(t *testing.T) {
	names := protocol.SuiteNames()
	for i, name := range names {
		if s, err := protocol.SuiteNamed(name); err != nil || s != protocol.Suites[i] {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(protocol.Suites) {
		t.Errorf("the names are %q", names)
	}
	if protocol.MakesKeysFromPads(protocol.Python) || !protocol.MakesKeysFromPads(protocol.ITS) {
		t.Error("the wrong suite makes keys from pads")
	}
}
