package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"dske/etsi"
)

// maxAnswer is the maximum size of an answer that is read, in bytes.
const maxAnswer = 64 << 20

// session is the session of one check.
type session struct {
	Suite
	ctx      context.Context
	record   *record
	compared comparison
}

// call is one request. The path below the URL of the KME is built from peer, name and query.
type call struct {
	from   Party
	method string // GET if empty
	skip   string // path of a call over SKIP, in place of peer and name
	peer   string // the SAE in the path
	name   string // status, enc_keys or dec_keys
	query  string
	body   string // sent with a Content-Type of JSON, if not empty
}

// answer is an answer of a KME.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request.
func (s *session) do(c call) (answer, error) {
	address := c.address()
	request, err := http.NewRequestWithContext(s.ctx, cmp.Or(c.method, http.MethodGet), address, strings.NewReader(c.body))
	if err != nil {
		return answer{}, err
	}
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if !c.from.isTLS() && c.from.SAE != "" {
		request.Header.Set("Authorization", c.from.SAE)
	}
	response, err := cmp.Or(c.from.HTTP, http.DefaultClient).Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	a := answer{response.StatusCode, response.Header, body}
	s.record.add(request.Method+" "+address, c.body, a)
	s.compared.add(formOf(c, a), a.body, s.record.exchanges[len(s.record.exchanges)-1])
	return a, err
}

// address returns the URL of a call.
func (c call) address() string {
	address := strings.TrimSuffix(c.from.SKIP, "/") + c.skip
	if c.skip == "" {
		address = strings.TrimSuffix(c.from.URL, "/") + "/api/v1/keys/" + url.PathEscape(c.peer) + "/" + c.name
	}
	if c.query != "" {
		address += "?" + c.query
	}
	return address
}

// expect returns an error unless an answer has a status.
func (a answer) expect(status int) error {
	if a.status != status {
		return fmt.Errorf("status %d %.200q, not %d", a.status, a.body, status)
	}
	return nil
}

// object makes a call that must be answered with a JSON object.
func (s *session) object(c call) (map[string]any, error) {
	a, err := s.do(c)
	if err == nil {
		err = a.expect(http.StatusOK)
	}
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(a.body, &object); err != nil || object == nil {
		return nil, fmt.Errorf("the body is not a JSON object (%v)", err)
	}
	return object, nil
}

// status returns the status that the master gets.
func (s *session) status() (etsi.Status, error) {
	var status etsi.Status
	a, err := s.do(toStatus("")(s))
	if err == nil {
		err = a.expect(http.StatusOK)
	}
	if err == nil {
		err = json.Unmarshal(a.body, &status)
	}
	return status, err
}

// key is a key as delivered.
type key struct {
	ID    string
	Value []byte
}

// keys makes a call that must be answered with a number of keys in the form of the standard.
func (s *session) keys(c call, number int) ([]key, error) {
	object, err := s.object(c)
	if err != nil {
		return nil, err
	}
	items, ok := object["keys"].([]any)
	if !ok || len(items) != number {
		return nil, fmt.Errorf("keys is not an array of %d", number)
	}
	keys := make([]key, number)
	for i, item := range items {
		if keys[i], err = readKey(item); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func readKey(item any) (key, error) {
	members, _ := item.(map[string]any)
	id, _ := members["key_ID"].(string)
	if _, err := uuid.Parse(id); err != nil || len(id) != 36 {
		return key{}, fmt.Errorf("key_ID %q is not a UUID of 36 characters", id)
	}
	text, ok := members["key"].(string)
	value, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(value) == 0 {
		return key{}, fmt.Errorf("the key of %s is not in padded base64", id)
	}
	return key{id, value}, nil
}

// encKeys returns a Get key of the master; a body makes it a POST.
func (s *session) encKeys(query, body string) call {
	return call{from: s.Master, method: methodFor(body), peer: s.Slave.SAE, name: "enc_keys", query: query, body: body}
}

// decKeys returns a Get key with key IDs of the slave; a body makes it a POST.
func (s *session) decKeys(query, body string) call {
	return call{from: s.Slave, method: methodFor(body), peer: s.Master.SAE, name: "dec_keys", query: query, body: body}
}

func methodFor(body string) string {
	if body != "" {
		return http.MethodPost
	}
	return http.MethodGet
}

// makeKeys gets a number of keys of the default size.
func (s *session) makeKeys(number int) ([]key, error) {
	return s.keys(s.encKeys(fmt.Sprintf("number=%d", number), ""), number)
}

// keyIDs returns the body of a Get key with key IDs.
func keyIDs(ids ...string) string {
	var items []string
	for _, id := range ids {
		items = append(items, fmt.Sprintf(`{"key_ID": %q}`, id))
	}
	return `{"key_IDs": [` + strings.Join(items, ", ") + `]}`
}

func idsOf(keys []key) []string {
	var ids []string
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids
}

// sameKeys returns an error unless both sides have the same keys, in any order.
func sameKeys(made, fetched []key) error {
	values := map[string][]byte{}
	for _, k := range fetched {
		values[strings.ToLower(k.ID)] = k.Value
	}
	for _, k := range made {
		if !bytes.Equal(values[strings.ToLower(k.ID)], k.Value) {
			return fmt.Errorf("key %s is not the same on both sides", k.ID)
		}
	}
	return nil
}

// refused makes a call that must be refused, and returns the content of the refusal.
func (s *session) refused(c call, status int) (message string, details []any, err error) {
	a, err := s.do(c)
	if err == nil {
		err = a.expect(status)
	}
	if err != nil {
		return "", nil, err
	}
	return a.refusal()
}

// refusal reads the body of an error.
func (a answer) refusal() (message string, details []any, err error) {
	var e struct {
		Message *string
		Details []any
	}
	if err := json.Unmarshal(a.body, &e); err != nil || e.Message == nil || *e.Message == "" {
		return "", nil, fmt.Errorf("%.200q is not an error with a message (%v)", a.body, err)
	}
	return *e.Message, e.Details, nil
}
