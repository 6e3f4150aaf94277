package etsi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Client is an SAE's end of the interface: it calls one KME. It is safe for concurrent use. The
// time that a call may take is limited by its context and by HTTP.
//
// Over TLS the certificate in HTTP identifies the caller to the KME:
//
//	sam := &etsi.Client{
//		URL:  "https://kme.example:9000",
//		HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: config}},
//	}
//	keys, err := sam.GetKey(ctx, "sofia", etsi.KeyRequest{Number: 2, Size: 256})
//
// An answer other than 200 is returned as an [*Error]. Failed calls are repeated according to
// [Client.Retries].
type Client struct {
	URL  string       // of the KME, up to /api/v1/keys, as in http://host/client/carol/etsi
	SAE  string       // the ID to call as, sent in the Authorization header; not sent if empty
	HTTP *http.Client // http.DefaultClient if nil

	Retries Retries // of calls that fail for a temporary reason; none by default
}

// The maximum sizes of answers, in bytes.
const (
	maxBody = 1 << 20 // a status or an error
	maxKey  = 1 << 10 // a key in a container, without its value
)

// Status asks for the status of keys between this SAE and slave.
func (c *Client) Status(ctx context.Context, slave string) (Status, error) {
	var status Status
	err := c.call(ctx, call{peer: slave, name: "status", limit: maxBody}, &status)
	return status, err
}

// GetKey asks for new keys to share with slave. The KME chooses the members of request that are 0:
// one key, of the size in its status.
func (c *Client) GetKey(ctx context.Context, slave string, request KeyRequest) ([]Key, error) {
	asked := call{peer: slave, name: "enc_keys"}
	if len(request.AdditionalSlaves) > 0 { // which a GET cannot express
		asked.body = keyRequest{request.Number, request.Size, request.AdditionalSlaves}
	} else {
		asked.query = request.query()
	}
	return c.getKeys(ctx, asked, max(request.Number, 1))
}

// GetKeyWithKeyIDs fetches the keys that master shares with this SAE, in the order of ids, in one
// call. It fetches all of them or none. Keys that were fetched are gone from the KME.
func (c *Client) GetKeyWithKeyIDs(ctx context.Context, master string, ids ...uuid.UUID) ([]Key, error) {
	asked := call{peer: master, name: "dec_keys"}
	switch len(ids) {
	case 0:
		return nil, nil
	case 1:
		asked.query = url.Values{"key_ID": {ids[0].String()}}
	default:
		asked.body = newKeyIDs(ids)
	}
	keys, err := c.getKeys(ctx, asked, len(ids))
	if err != nil {
		return nil, err
	}
	return inOrder(keys, ids)
}

// inOrder returns keys in the order of ids, since a KME may use another order.
func inOrder(keys []Key, ids []uuid.UUID) ([]Key, error) {
	ordered := make([]Key, len(ids))
	for i, id := range ids {
		at := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id })
		if at < 0 {
			return nil, fmt.Errorf("the KME did not deliver key %v", id)
		}
		ordered[i] = keys[at]
	}
	return ordered, nil
}

// getKeys makes a call that must bring a number of keys, at least one.
func (c *Client) getKeys(ctx context.Context, asked call, number int) ([]Key, error) {
	perKey := base64.StdEncoding.EncodedLen(MaxKeySize/8) + maxKey
	asked.limit = min(number, MaxKeyPerRequest) * perKey
	var container KeyContainer
	if err := c.call(ctx, asked, &container); err != nil {
		return nil, err
	}
	if len(container.Keys) != number {
		return nil, fmt.Errorf("the KME delivered %d keys, not %d", len(container.Keys), number)
	}
	return container.Keys, nil
}

// call is a request to a KME about another SAE.
type call struct {
	peer  string
	name  string // status, enc_keys or dec_keys
	query url.Values
	body  any // unless nil, it is sent as JSON with POST
	limit int // of the answer, in bytes
}

// request makes the HTTP request of a call to the KME at base.
func (asked call) request(ctx context.Context, base string) (*http.Request, error) {
	address := strings.TrimSuffix(base, "/") + "/api/v1/keys/" + url.PathEscape(asked.peer) + "/" + asked.name
	if len(asked.query) > 0 {
		address += "?" + asked.query.Encode()
	}
	if asked.body == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	}
	body, err := json.Marshal(asked.body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err == nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, err
}

// once makes a call and decodes the answer.
func (c *Client) once(ctx context.Context, asked call, answer any) error {
	request, err := asked.request(ctx, c.URL)
	if err != nil {
		return err
	}
	if c.SAE != "" {
		request.Header.Set("Authorization", c.SAE)
	}
	response, err := c.http().Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return readError(response)
	}
	if err := decode(response.Body, asked.limit, answer); err != nil {
		return fromElsewhere(response, err)
	}
	return nil
}

func (c *Client) http() *http.Client {
	if c.HTTP == nil {
		return http.DefaultClient
	}
	return c.HTTP
}

// readError makes an [*Error] of an answer, with as much of its body as has the form of the
// standard.
func readError(response *http.Response) *Error {
	e := &Error{}
	_ = decode(response.Body, maxBody, e) // if it is a proxy's page, or empty, the status must do
	e.Status = response.StatusCode
	return e
}

// decode reads JSON of at most limit bytes.
func decode(body io.Reader, limit int, into any) error {
	data, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	if err != nil {
		return err
	}
	if len(data) > limit {
		return fmt.Errorf("the KME's answer is longer than %d bytes", limit)
	}
	if keys, ok := into.(*KeyContainer); ok {
		err = keys.UnmarshalJSON(data) // json.Unmarshal would do the same after a pass over the data
	} else {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("cannot read the KME's answer: %w", err)
	}
	return nil
}
