package conformance

import (
	"fmt"
	"net/http"
	"strings"
)

// The functions in this file make the checks of the lists: each returns a check that succeeds if a
// call gets a certain answer. The call is built when the check is made, since it depends on the
// suite.

// delivers succeeds if a call of the master brings a number of keys of the given number of bits
// each, or of the default size if bits is 0.
func delivers(number, bits int, build func(*session) call) func(*session) error {
	return func(s *session) error {
		status, err := s.status()
		if err != nil {
			return err
		}
		keys, err := s.keys(build(s), number)
		if err != nil {
			return err
		}
		want := bits
		if want == 0 {
			want = status.KeySize
		}
		for _, k := range keys {
			if got := 8 * len(k.Value); got != want {
				return fmt.Errorf("a key of %d bits, not %d", got, want)
			}
		}
		return nil
	}
}

// refuses succeeds if a call is answered with 400 and an error, with that message unless it is
// empty.
func refuses(message string, build func(*session) call) func(*session) error {
	return func(s *session) error {
		got, _, err := s.refused(build(s), http.StatusBadRequest)
		if err == nil && message != "" && got != message {
			err = fmt.Errorf("message %q, not %q", got, message)
		}
		return err
	}
}

// byQuery builds a Get key with that query.
func byQuery(query string) func(*session) call {
	return func(s *session) call { return s.encKeys(query, "") }
}

// byBody builds a Get key with that body.
func byBody(body string) func(*session) call {
	return func(s *session) call { return s.encKeys("", body) }
}

// idsByBody builds a Get key with key IDs with that body.
func idsByBody(body string) func(*session) call {
	return func(s *session) call { return s.decKeys("", body) }
}

// hasString succeeds if a member of the status is a string and, unless want is nil, has the value
// of want.
func hasString(name string, want func(*session) string) func(*session) error {
	return func(s *session) error {
		status, err := s.object(call{from: s.Master, peer: s.Slave.SAE, name: "status"})
		if err != nil {
			return err
		}
		got, ok := status[name].(string)
		if !ok || got == "" || want != nil && got != want(s) {
			return fmt.Errorf("%s is %v", name, status[name])
		}
		return nil
	}
}

// hasInteger succeeds if a member of the status is an integer of at least a value, which may be
// that of another member.
func hasInteger(name string, least func(status map[string]any) float64) func(*session) error {
	return func(s *session) error {
		status, err := s.object(call{from: s.Master, peer: s.Slave.SAE, name: "status"})
		if err != nil {
			return err
		}
		got, ok := status[name].(float64)
		if !ok || got != float64(int(got)) || got < least(status) {
			return fmt.Errorf("%s is %v, not an integer of at least %v", name, status[name], least(status))
		}
		return nil
	}
}

func number(n float64) func(map[string]any) float64 {
	return func(map[string]any) float64 { return n }
}

// member returns the value of a member that is a number, or 0.
func member(name string) func(map[string]any) float64 {
	return func(status map[string]any) float64 {
		value, _ := status[name].(float64)
		return value
	}
}

// quoted returns a JSON array of strings.
func quoted(items ...string) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, fmt.Sprintf("%q", item))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
