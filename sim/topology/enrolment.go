package topology

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"dske/protocol"
)

// Own returns all clients except external ones, wherever they run.
func (t *Topology) Own() []Client {
	return slices.DeleteFunc(slices.Clone(t.Clients), func(c Client) bool { return c.External })
}

// Local returns the clients that run in this process.
func (t *Topology) Local() []Client {
	return slices.DeleteFunc(t.Own(), func(c Client) bool { return c.Elsewhere })
}

func enrolmentFlaw(t *Topology) *flaw {
	if t.Enrolment != EnrolmentClosed && t.Enrolment != EnrolmentOpen {
		return flawf(at("enrolment"), "enrolment is %.64q: set it to %s or %s", t.Enrolment, EnrolmentClosed, EnrolmentOpen)
	}
	for i, c := range t.Clients {
		if f := clientEnrolmentFlaw(t, i, c); f != nil {
			return f
		}
	}
	return nil
}

func clientEnrolmentFlaw(t *Topology, i int, c Client) *flaw {
	path := func(member string) []any { return at("clients", i, member) }
	u, err := url.Parse(c.URL)
	if !c.External && c.URL != "" {
		if f := urlFlaw(path("url"), "client", c.Name, c.URL); f != nil {
			return f
		}
	}
	switch {
	case !c.External && c.Token != "":
		return flawf(path("token"), "client %q belongs to the network, which gives it its token: remove it, or set external", c.Name)
	case c.External && c.Token == "" && t.Suite != protocol.SuitePython:
		return flawf(path("external"), "client %q runs elsewhere and needs a token in suite %s: give it one", c.Name, t.Suite)
	case c.URL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https"):
		return flawf(path("url"), "the url of client %q is %.64q: write one such as http://192.0.2.7:8100/client/%s", c.Name, c.URL, c.Name)
	case len(c.Token) > protocol.MaxToken || strings.ContainsFunc(c.Token, unicode.IsControl):
		return flawf(path("token"), "the token of client %q is too long or not plain text: use up to %d bytes", c.Name, protocol.MaxToken)
	}
	return nil
}
