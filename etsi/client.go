package etsi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Client is an SAE's end of the interface: it calls one KME. It may be used by several goroutines at
// once. How long a call may take is up to its context and to HTTP.
//
// An answer other than 200 is returned as an [*Error].
type Client struct {
	URL  string       // of the KME: what comes before /api/v1/keys, as in http://host/client/carol/etsi
	SAE  string       // the ID to call as, sent in the Authorization header; not sent if empty
	HTTP *http.Client // http.DefaultClient if nil
}

// The longest answers that are read, in bytes.
const (
	maxBody = 1 << 20 // a status or an error
	maxKey  = 1 << 10 // a key in a container, but for its value
)

// Status asks how things stand between this SAE and slave.
func (c *Client) Status(ctx context.Context, slave string) (Status, error) {
	var status Status
	err := c.get(ctx, slave, "status", nil, maxBody, &status)
	return status, err
}

// GetKey asks for new keys to share with slave. What request leaves at 0 is for the KME to choose: one
// key, of the size in its status.
func (c *Client) GetKey(ctx context.Context, slave string, request KeyRequest) ([]Key, error) {
	query := url.Values{}
	if request.Number != 0 {
		query.Set("number", strconv.Itoa(request.Number))
	}
	if request.Size != 0 {
		query.Set("size", strconv.Itoa(request.Size))
	}
	return c.getKeys(ctx, slave, "enc_keys", query, max(request.Number, 1))
}

// GetKeyWithKeyIDs fetches the keys that master shares with this SAE, in the order of ids, one call
// for each. A KME delivers a key only once, so with an error come the keys that were fetched before it.
func (c *Client) GetKeyWithKeyIDs(ctx context.Context, master string, ids ...uuid.UUID) ([]Key, error) {
	var fetched []Key
	for _, id := range ids {
		keys, err := c.getKeys(ctx, master, "dec_keys", url.Values{"key_ID": {id.String()}}, 1)
		if err != nil {
			return fetched, err
		}
		if keys[0].ID != id {
			return fetched, fmt.Errorf("the KME delivered key %v, not %v", keys[0].ID, id)
		}
		fetched = append(fetched, keys[0])
	}
	return fetched, nil
}

// getKeys makes a call that is to bring a number of keys, at least one.
func (c *Client) getKeys(ctx context.Context, peer, call string, query url.Values, number int) ([]Key, error) {
	perKey := base64.StdEncoding.EncodedLen(MaxKeySize/8) + maxKey
	limit := min(number, MaxKeyPerRequest) * perKey
	var container KeyContainer
	if err := c.get(ctx, peer, call, query, limit, &container); err != nil {
		return nil, err
	}
	if len(container.Keys) != number {
		return nil, fmt.Errorf("the KME delivered %d keys, not %d", len(container.Keys), number)
	}
	return container.Keys, nil
}

// get makes a call about peer and decodes an answer of at most limit bytes.
func (c *Client) get(ctx context.Context, peer, call string, query url.Values, limit int, answer any) error {
	address := strings.TrimSuffix(c.URL, "/") + "/api/v1/keys/" + url.PathEscape(peer) + "/" + call
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
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
	return decode(response.Body, limit, answer)
}

func (c *Client) http() *http.Client {
	if c.HTTP == nil {
		return http.DefaultClient
	}
	return c.HTTP
}

// readError makes an [*Error] of an answer, with as much of its body as is of the standard's form.
func readError(response *http.Response) *Error {
	e := &Error{}
	_ = decode(response.Body, maxBody, e) // a proxy's page, or nothing: the status has to do
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
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("cannot read the KME's answer: %w", err)
	}
	return nil
}
