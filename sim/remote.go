package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dske/node"
	"dske/sim/fault"
	"dske/sim/wire"
)

// maxAnswer is the size of the largest answer that is read, in bytes.
const maxAnswer = 64 << 20

// Remote drives a network over HTTP, usually one in another process.
type Remote struct {
	URL  string       // of its port, e.g. http://127.0.0.1:8100
	HTTP *http.Client // http.DefaultClient if nil
}

// Topology returns the description of the network.
func (r Remote) Topology(ctx context.Context) (Overview, error) {
	var o Overview
	err := r.get(ctx, "/sim/v1/topology", &o)
	return o, err
}

// Snapshot returns the state of every node.
func (r Remote) Snapshot(ctx context.Context) (Snapshot, error) {
	var s Snapshot
	err := r.get(ctx, "/sim/v1/nodes", &s)
	return s, err
}

// Start starts a node, for example hub/hank.
func (r Remote) Start(ctx context.Context, name string) error {
	return r.change(ctx, name, "start")
}

// Stop stops a node and returns when it has stopped.
func (r Remote) Stop(ctx context.Context, name string) error {
	return r.change(ctx, name, "stop")
}

// Crash crashes a node; see [Network.Crash].
func (r Remote) Crash(ctx context.Context, name string) error { return r.change(ctx, name, "crash") }

// Copy copies the disk of a node; see [Network.Copy].
func (r Remote) Copy(ctx context.Context, name string) error { return r.change(ctx, name, "copy") }

// Restore puts back the copy of a node's disk; see [Network.Restore].
func (r Remote) Restore(ctx context.Context, name string) error {
	return r.change(ctx, name, "restore")
}

func (r Remote) change(ctx context.Context, name, verb string) error {
	_, err := r.call(ctx, http.MethodPost, "/sim/v1/nodes/"+name+"/"+verb, "")
	return err
}

// Status returns the management status of a node, in JSON.
func (r Remote) Status(ctx context.Context, name string) ([]byte, error) {
	return r.call(ctx, http.MethodGet, "/"+name+"/mgmt/v1/status", "")
}

// Corrupt makes a hub lie; see [Network.Corrupt].
func (r Remote) Corrupt(ctx context.Context, name string) error {
	_, err := r.call(ctx, http.MethodPut, "/sim/v1/nodes/"+name+"/corrupt", "")
	return err
}

// MakeHonest makes a hub honest again.
func (r Remote) MakeHonest(ctx context.Context, name string) error {
	_, err := r.call(ctx, http.MethodDelete, "/sim/v1/nodes/"+name+"/corrupt", "")
	return err
}

// RemoveFault removes the fault with an ID.
func (r Remote) RemoveFault(ctx context.Context, id string) error {
	_, err := r.call(ctx, http.MethodDelete, "/sim/v1/faults/"+url.PathEscape(id), "")
	return err
}

// AddFault adds a fault between the nodes; see [wire.Wire.AddFault].
func (r Remote) AddFault(ctx context.Context, spec string) error {
	return r.Post(ctx, "/sim/v1/faults", FaultRequest{spec}, &struct{}{})
}

// Faults returns the faults, with how often each fired.
func (r Remote) Faults(ctx context.Context) ([]fault.Status, error) {
	var list FaultList
	err := r.get(ctx, "/sim/v1/faults", &list)
	return list.Faults, err
}

// ClearFaults removes all faults.
func (r Remote) ClearFaults(ctx context.Context) error {
	_, err := r.call(ctx, http.MethodDelete, "/sim/v1/faults", "")
	return err
}

// Events returns all messages sent since an earlier call; see [wire.Wire.Events].
func (r Remote) Events(ctx context.Context, after int) (EventList, error) {
	all := EventList{Next: after}
	for {
		var list EventList
		if err := r.get(ctx, fmt.Sprintf("/sim/v1/events?after=%d", all.Next), &list); err != nil {
			return all, err
		}
		all.Events, all.Next = append(all.Events, list.Events...), list.Next
		if len(list.Events) < wire.MaxEvents {
			return all, nil
		}
	}
}

// WaitReady waits until every running client is ready.
func (r Remote) WaitReady(ctx context.Context) error {
	_, err := r.call(ctx, http.MethodGet, "/sim/v1/ready", "")
	return err
}

// WaitIdle waits until no client does anything in the background; see [Network.WaitIdle].
func (r Remote) WaitIdle(ctx context.Context) error {
	_, err := r.call(ctx, http.MethodGet, "/sim/v1/idle", "")
	return err
}

// get makes a GET request and decodes the JSON answer.
func (r Remote) get(ctx context.Context, path string, answer any) error {
	body, err := r.call(ctx, http.MethodGet, path, "")
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
}

// Post sends a value as JSON and decodes the answer. It is for the interfaces of a network's pages.
func (r Remote) Post(ctx context.Context, path string, content, answer any) error {
	return r.send(ctx, http.MethodPost, path, content, answer)
}

// Put is like [Remote.Post].
func (r Remote) Put(ctx context.Context, path string, content, answer any) error {
	return r.send(ctx, http.MethodPut, path, content, answer)
}

// Get decodes the answer of an interface of a network's pages.
func (r Remote) Get(ctx context.Context, path string, answer any) error {
	return r.get(ctx, path, answer)
}

// Delete sends a DELETE request to an interface of a network's pages.
func (r Remote) Delete(ctx context.Context, path string) error {
	_, err := r.call(ctx, http.MethodDelete, path, "")
	return err
}

func (r Remote) send(ctx context.Context, method, path string, content, answer any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	body, err := r.call(ctx, method, path, string(text))
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
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

// StreamsOf returns the host and port of the streams of the client that serves an encryptor, or ""
// if it has none.
func (o Overview) StreamsOf(encryptor string) string {
	for _, c := range o.Clients {
		if slices.Contains(c.Encryptors, encryptor) {
			return c.Streams
		}
	}
	return ""
}

// KMEURL returns the base URL of a client's ETSI API, without /api/v1/keys: under the URL of the
// network's port, or at the process of the client.
func (o Overview) KMEURL(network, client string) string {
	for _, c := range o.Clients {
		if c.Name == client && c.URL != "" {
			return c.URL + pathETSI
		}
	}
	return KMEURL(network, client)
}

// Encryptors returns the IDs of all encryptors.
func (o Overview) Encryptors() []string {
	var names []string
	for _, c := range o.Clients {
		names = append(names, c.Encryptors...)
	}
	return names
}

// call makes a request and returns the body of the response. A status other than 200 is a
// [node.Error].
func (r Remote) call(ctx context.Context, method, path, content string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.URL+path, strings.NewReader(content))
	if err != nil {
		return nil, err
	}
	response, err := cmp.Or(r.HTTP, http.DefaultClient).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	if err == nil && response.StatusCode != http.StatusOK {
		err = node.DecodeError(response.StatusCode, body)
	}
	return body, err
}
