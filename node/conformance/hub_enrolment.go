package conformance

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"dske/protocol"
)

const (
	pythonServesAnybody = "hubs of dske-python serve anybody in any name"
	pythonStatuses      = "hubs of dske-python answer with other statuses"
	pythonLacks         = "hubs of dske-python have no such request"
)

var (
	enrolled  = wire("Enrolment")
	outOfBand = wire("Out of band")
)

// Which clients are served.
var enrolmentChecks = []check[*hubSession]{
	{enrolled, "a client that is not enrolled is 403", nil, pythonServesAnybody, func(s *hubSession) error {
		if s.open {
			return skip("anybody may register with this hub")
		}
		a, err := s.register(s.other)
		if err == nil {
			err = a.want(http.StatusForbidden)
		}
		if err == nil && !strings.Contains(strings.ToLower(a.message()), "client is not enrolled") {
			err = fmt.Errorf("the message is %q", a.message())
		}
		return err
	}},
	{enrolled, "a name with another token, or none, is 403, and nothing changes", nil, pythonServesAnybody, otherToken},
	{enrolled, "an encryptor of another client is 403", nil, pythonServesAnybody, func(s *hubSession) error {
		foreign := s.Slave
		foreign.Encryptor = s.Master.Encryptor
		a, err := s.register(foreign)
		if err != nil {
			return err
		}
		return a.want(http.StatusForbidden)
	}},
	{enrolled, "a share for a slave SAE that no client serves is 404", nil, "hubs of dske-python take shares for anybody", func(s *hubSession) error {
		m, value := s.newShare()
		m.SlaveSAE = "conformance-nobody"
		return s.refusesPost(m, value, http.StatusNotFound)
	}},
}

// otherToken succeeds if nobody else can act for the master out of band.
func otherToken(s *hubSession) error {
	if s.Master.Token == "" || s.Master.Certified {
		return skip("takes a client whose only proof is a token")
	}
	purpose := protocol.PurposesOf(s.Suite)[0]
	for _, r := range []request{registering(s.Master), s.master.psrdRequest(protocol.OwnerClient, purpose, 64), asking(s.Master.Name), unregistering(s.Master.Name)} {
		for _, token := range []string{rand.Text(), ""} {
			a, err := send(s.ctx, s.Master.HTTP, s.URL, r.with(protocol.TokenHeader, token), s.record)
			if err != nil {
				return err
			}
			if err := a.want(http.StatusForbidden); err != nil {
				return fmt.Errorf("%s %s: %w", r.method, r.path, err)
			}
		}
	}
	_, _, err := s.give()
	return err
}
