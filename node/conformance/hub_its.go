package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// authenticationChecks are for what a tag of suite its covers.
var authenticationChecks = []check[*hubSession]{
	{rule: its("Message authentication"), name: "the tag covers the path", run: func(s *hubSession) error {
		return s.otherContext(func(r *request) { r.path = protocol.PathKeyShares })
	}},
	{rule: its("Message authentication"), name: "the tag covers the question mark and all of the query", run: func(s *hubSession) error {
		return s.otherContext(func(r *request) { r.query += "&color=blue" })
	}},
	{rule: its("Message authentication"), name: "no header stands for the method", run: func(s *hubSession) error {
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

// otherContext is right if a message that is changed after it was signed is 401.
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
		spare[len(spare)-3]++ // the last two bits of a tag of 16 bytes are in its first two
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

var refusals = its("Refusals are signed")

// refusalChecks are for what is signed, and what comes again.
var refusalChecks = []check[*hubSession]{
	{rule: refusals, name: "404 for an unknown key is signed", run: func(s *hubSession) error {
		return s.signsRefusal(s.slave, http.StatusNotFound, getting(s.wanted(uuid.New())))
	}},
	{rule: refusals, name: "403 for another's share is signed", run: func(s *hubSession) error {
		m, _, err := s.give()
		if err != nil {
			return err
		}
		q := s.wanted(m.KeyID)
		q.ClientName = s.Master.Name
		return s.signsRefusal(s.master, http.StatusForbidden, getting(q))
	}},
	{rule: refusals, name: "409 for a second share is signed", run: func(s *hubSession) error {
		m, value, err := s.give()
		if err != nil {
			return err
		}
		if m.SealedShare, err = s.master.seal(random(len(value))); err != nil {
			return err
		}
		return s.signsRefusal(s.master, http.StatusConflict, posting(protocol.PathKeyShare, m))
	}},
	{rule: refusals, name: "400 for what cannot be read is signed", run: func(s *hubSession) error {
		return s.signsRefusal(s.master, http.StatusBadRequest, request{method: http.MethodPost, path: protocol.PathKeyShare, body: []byte(`{"master_client_name":"` + s.Master.Name + `"}`)})
	}},
	{rule: refusals, name: "what was not verified is answered unsigned", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		unknown := s.master.slot()
		unknown.Block = uuid.New()
		wrong := s.master.slot()
		for _, r := range []request{r, s.master.signWith(r, unknown), r.spelled(header(random(s.Suite.TagSize()), wrong)), r.spelled("nonsense")} {
			a, err := s.as(s.Master, r)
			if err == nil && (a.status < http.StatusBadRequest || a.header.Values(protocol.SignatureHeader) != nil) {
				err = fmt.Errorf("status %d, %s", a.status, a.signatures())
			}
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{rule: refusals, name: "GET registration tells what the hub lacked for an answer", run: func(s *hubSession) error {
		return s.lacking(func(request, answer) error {
			seen, err := s.association()
			if want := (protocol.Lack{Purpose: psrd.ForKeys, Bytes: protocol.SigningKeySize}); err == nil && !slices.Contains(seen.Lacks, want) {
				err = fmt.Errorf("lacks are %+v", seen.Lacks)
			}
			return err
		})
	}},
	{rule: refusals, name: "a request that comes again byte for byte gets the same bytes", run: func(s *hubSession) error {
		m, value := s.newShare()
		post, err := s.master.post(m, value)
		if err != nil {
			return err
		}
		get, err := s.slave.sign(getting(s.wanted(m.KeyID)))
		if err != nil {
			return err
		}
		unknown, err := s.slave.sign(getting(s.wanted(uuid.New())))
		if err != nil {
			return err
		}
		for _, r := range []request{post, get, unknown} {
			first, err := s.as(s.Master, r)
			if err != nil {
				return err
			}
			second, err := s.as(s.Master, r)
			if err != nil {
				return err
			}
			if first.status != second.status || !bytes.Equal(first.body, second.body) || first.signatures() != second.signatures() {
				return fmt.Errorf("%s: %d %.100q%s, then %d %.100q%s", r.method, first.status, first.body, first.signatures(), second.status, second.body, second.signatures())
			}
		}
		return s.slave.opens(get, m, value)
	}},
}

// signsRefusal is right if a request is refused with a status, and that is signed.
func (s *hubSession) signsRefusal(p *peer, status int, r request) error {
	r, err := p.sign(r)
	if err != nil {
		return err
	}
	a, err := p.refused(r, status)
	if err == nil {
		_, err = p.verify(r, a)
	}
	return err
}

// lockOutChecks are for those who are a nuisance.
var lockOutChecks = []check[*hubSession]{
	{rule: its("No lock-out"), name: "nobody is refused for wrong tags", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		f := s.master.slot()
		for range 100 {
			if _, err := s.master.refused(r.spelled(header(random(s.Suite.TagSize()), f)), http.StatusUnauthorized); err != nil {
				return err
			}
		}
		m, value, err := s.give()
		if err != nil {
			return err
		}
		return s.fetches(m, value)
	}},
	{rule: its("No lock-out"), name: "a body over 4 MiB is 413", run: func(s *hubSession) error {
		r := request{method: http.MethodPost, path: protocol.PathKeyShare, body: bytes.Repeat([]byte(" "), 4<<20+1)}
		a, err := s.as(s.Master, r.spelled(header(random(s.Suite.TagSize()), s.master.slot())))
		if err != nil {
			return err
		}
		return a.want(http.StatusRequestEntityTooLarge)
	}},
	{rule: its("No lock-out"), name: "a GET over 16 KiB is refused", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		r.query += "&color=" + strings.Repeat("b", 16<<10)
		_, err := s.master.refused(s.master.signWith(r, s.master.slot()), http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge)
		return err
	}},
}

// termsChecks are for what comes with a share of suite its.
var termsChecks = []check[*hubSession]{
	{rule: its("On the wire"), name: "the answer to PUT registration names suite its, version 2", run: func(s *hubSession) error {
		var registered protocol.Registered
		a, err := s.register(s.Master)
		if err == nil {
			err = errors.Join(a.want(http.StatusOK), a.read(&registered))
		}
		if err != nil {
			return err
		}
		return registered.CheckSuite(s.Suite)
	}},
	{rule: its("On the wire"), name: "a share comes with the terms that it was given with", run: func(s *hubSession) error {
		m, _, err := s.give()
		if err != nil {
			return err
		}
		r, err := s.slave.sign(getting(s.wanted(m.KeyID)))
		if err != nil {
			return err
		}
		a, _, err := s.slave.accepted(r)
		if err != nil {
			return err
		}
		reply, err := protocol.ParseShareReply(a.body)
		if t := reply.Terms; err == nil && (t.Suite != m.Suite || t.Version != m.Version || t.KeySize != m.KeySize || t.Threshold != m.Threshold || !bytes.Equal(t.SecretTag, m.SecretTag)) {
			err = fmt.Errorf("they are %+v, not %+v", t, m.Terms)
		}
		return err
	}},
	{rule: its("On the wire"), name: "a message of another suite or version is 400", run: func(s *hubSession) error {
		return s.refusesTerms(
			func(m *protocol.PostShare) { m.Suite = protocol.SuitePython },
			func(m *protocol.PostShare) { m.Suite = "" },
			func(m *protocol.PostShare) { m.Version = 1 },
			func(m *protocol.PostShare) { m.Version = 3 })
	}},
	{rule: its("On the wire"), name: "a tag of the size of another suite's is 400", run: func(s *hubSession) error {
		r := getting(s.ownWanted(uuid.New()))
		_, err := s.master.refused(r.spelled(header(random(protocol.Python.TagSize()), s.master.slot())), http.StatusBadRequest)
		return err
	}},
	{rule: its("Shares"), name: "terms that do not fit the share are 400", run: func(s *hubSession) error {
		return s.refusesTerms(
			func(m *protocol.PostShare) { m.KeySize = 0 },
			func(m *protocol.PostShare) { m.KeySize = 16 },
			func(m *protocol.PostShare) { m.Threshold = 1 },
			func(m *protocol.PostShare) { m.SecretTag = m.SecretTag[:15] },
			func(m *protocol.PostShare) { m.SecretTag = nil })
	}},
	{rule: its("Shares"), name: "a share_index other than the hub's number is 400", run: func(s *hubSession) error {
		return s.refusesTerms(func(m *protocol.PostShare) { m.ShareIndex = (s.number + 1) % protocol.MaxHubs })
	}},
	{rule: its("Key from the pads"), name: "nobody else's share for a key ID stands in the way", run: sharesByMaster},
}

// refusesTerms is right if a share that is changed in any of these ways is 400, and not kept.
func (s *hubSession) refusesTerms(changes ...func(*protocol.PostShare)) error {
	for _, change := range changes {
		m, value := s.newShare()
		change(&m)
		if err := s.refusesPost(m, value, http.StatusBadRequest); err != nil {
			return fmt.Errorf("index %d, %+v: %w", m.ShareIndex, m.Terms, err)
		}
		if err := s.hasNo(m); err != nil {
			return err
		}
	}
	return nil
}

// sharesByMaster is right if both clients can give the hub a share with the same key ID, and each
// gets that of the other.
func sharesByMaster(s *hubSession) error {
	m, value, err := s.give()
	if err != nil {
		return err
	}
	back, other := s.newShare()
	back.ClientName, back.MasterSAE, back.SlaveSAE, back.KeyID = s.Slave.Name, s.Slave.Encryptor, s.Master.Encryptor, m.KeyID
	r, err := s.slave.post(back, other)
	if err == nil {
		_, _, err = s.slave.accepted(r)
	}
	if err != nil {
		return err
	}
	if err := s.fetches(m, value); err != nil {
		return err
	}
	if r, err = s.master.sign(getting(s.ownWanted(m.KeyID))); err != nil {
		return err
	}
	return s.master.opens(r, back, other)
}
