package protocol

import "errors"

// SuiteNames returns the names of all suites, in the order of [Suites].
func SuiteNames() []string {
	names := make([]string, len(Suites))
	for i, s := range Suites {
		names[i] = s.Name()
	}
	return names
}

// MakesKeysFromPads reports whether keys of the suite can be made from pads, without a source of
// random bytes.
func MakesKeysFromPads(s Suite) bool {
	_, _, err := s.FromPads(nil, nil, 1, 1)
	return !errors.Is(err, errors.ErrUnsupported)
}
