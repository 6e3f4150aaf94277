package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
)

// authenticationChecks are for the coverage of a tag in suite its.
var authenticationChecks = []check[*hubSession]{
	{rule: its("Message authentication"), name: "the tag covers the path", run: func(s *hubSession) error {
		return s.otherContext(func(r *request) { r.path = protocol.PathKeyShares })
	}},
	{rule: its("Message authentication"), name: "the tag covers the question mark and all of the query", run: func(s *hubSession) error {
		return s.otherContext(func(r *request) { r.query += "&color=blue" })
	}},
	{rule: its("Message authentication"), name: "no header overrides the method", run: func(s *hubSession) error {
		r := s.master.signWith(getting(s.ownWanted(uuid.New())), s.master.slot()).with("X-HTTP-Method-Override", http.MethodPost).with("X-HTTP-Method", http.MethodPost)
		_, err := s.master.refused(r, http.StatusNotFound)
		return err
	}},
	{rule: its("Message authentication"), name: "a path in another spelling is 404", run: func(s *hubSession) error {
		for _, path := range []string{"/dske/api/v1/key%2Dshare", "/dske/api/v1//key-share", "/dske/api//v1/key-share", "/dske/api/v1/key-share/", "/dske/api/v1/Key-share", "/dske/api/v1/%6bey-share"} {
			r := getting(s.ownWanted(uuid.New()))
			signed := s.master.signWith(r, s.master.slot())
			signed.path = path
			a, err := s.as(s.Master, signed)
			if err == nil {
				err = a.want(http.StatusNotFound)
			}
			if err == nil && a.header.Values(protocol.SignatureHeader) != nil {
				err = errors.New("it was taken for the usual spelling")
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	}},
	{rule: its("Message authentication"), name: "a POST with a query is 400", run: func(s *hubSession) error {
		for _, query := range []string{"a=b", ""} {
			m, value := s.newShare()
			r, err := s.master.post(m, value)
			if err != nil {
				return err
			}
			if r.query = query; query == "" {
				r.path += "?"
			}
			if _, err := s.master.refused(r, http.StatusBadRequest); err != nil {
				return err
			}
		}
		return nil
	}},
	{rule: its("Message authentication"), name: "a GET with a body is 400", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		r.body = []byte("{}")
		_, err := s.master.refused(s.master.signWith(r, s.master.slot()), http.StatusBadRequest)
		return err
	}},
	{rule: its("Message authentication"), name: "a message with a Content-Encoding is 400", run: func(s *hubSession) error {
		m, value := s.newShare()
		r, err := s.master.post(m, value)
		if err == nil {
			_, err = s.master.refused(r.with("Content-Encoding", "identity"), http.StatusBadRequest)
		}
		return err
	}},
}

// otherContext succeeds if a message that is changed after signing is 401.
func (s *hubSession) otherContext(change func(*request)) error {
	r := s.master.signWith(getting(s.ownWanted(uuid.New())), s.master.slot())
	change(&r)
	_, err := s.master.refused(r, http.StatusUnauthorized, http.StatusBadRequest)
	return err
}

// spellingChecks are for the one spelling of a signature.
var spellingChecks = []check[*hubSession]{
	{rule: its("Message authentication"), name: "a signature in another spelling is 400", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		f := s.master.slot()
		tag := s.master.tag(r, f)
		right, id := encoded(tag), f.Block.String()
		spare := []byte(right)
		spare[len(spare)-3]++ // the last character has two bits of a tag of 16 bytes, and spare bits
		named := func(start, size string) string { return id + ":" + start + ":" + size + "%" + right }
		start := fmt.Sprint(f.Start)
		for _, bad := range []string{
			strings.ToUpper(id) + named(start, "32")[len(id):], "{" + id + "}" + named(start, "32")[len(id):], strings.ReplaceAll(id, "-", "") + named(start, "32")[len(id):],
			named("0"+start, "32"), named("+"+start, "32"), named(start, "032"), named(start, "+32"), named(start, "32 "), named(" "+start, "32"),
			id + ":" + start + ":32%" + string(spare), id + ":" + start + ":32%" + strings.TrimRight(right, "="), named(start, "32") + "%",
		} {
			if _, err := s.master.refused(r.spelled(bad), http.StatusBadRequest); err != nil {
				return fmt.Errorf("%q: %w", bad, err)
			}
		}
		_, err := s.master.refused(s.master.signWith(r, f), http.StatusNotFound) // nothing was spent
		return err
	}},
}
