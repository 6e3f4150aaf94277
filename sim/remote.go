package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"dske/node"
)

// Remote is a network that runs in another process.
type Remote struct {
	URL  string       // of its port, e.g. http://127.0.0.1:8100
	HTTP *http.Client // http.DefaultClient if nil
}

// Topology asks for the network's description.
func (r Remote) Topology(ctx context.Context) (Overview, error) {
	var o Overview
	body, err := r.call(ctx, http.MethodGet, "/sim/v1/topology")
	if err == nil {
		err = json.Unmarshal(body, &o)
	}
	return o, err
}

// Start starts a node, for example hub/hank.
func (r Remote) Start(ctx context.Context, name string) error {
	_, err := r.call(ctx, http.MethodPost, "/sim/v1/nodes/"+name+"/start")
	return err
}

// Stop stops a node and returns when it has stopped.
func (r Remote) Stop(ctx context.Context, name string) error {
	_, err := r.call(ctx, http.MethodPost, "/sim/v1/nodes/"+name+"/stop")
	return err
}

// Status returns the management status of a node, in JSON.
func (r Remote) Status(ctx context.Context, name string) ([]byte, error) {
	return r.call(ctx, http.MethodGet, "/"+name+"/mgmt/v1/status")
}

// ClientOf returns the name of the client that serves an encryptor.
func (o Overview) ClientOf(encryptor string) (string, error) {
	for _, c := range o.Clients {
		if slices.Contains(c.Encryptors, encryptor) {
			return c.Name, nil
		}
	}
	return "", fmt.Errorf("no client has encryptor %q; there are %s", encryptor, strings.Join(o.Encryptors(), ", "))
}

// Encryptors returns the IDs of all encryptors.
func (o Overview) Encryptors() []string {
	var names []string
	for _, c := range o.Clients {
		names = append(names, c.Encryptors...)
	}
	return names
}

// call makes a request and returns the body of the response; a status other than 200 is a
// [node.Error].
func (r Remote) call(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.URL+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := cmp.Or(r.HTTP, http.DefaultClient).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = node.DecodeError(response.StatusCode, body)
	}
	return body, err
}
