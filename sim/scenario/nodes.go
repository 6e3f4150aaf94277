package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"dske/node"
	"dske/node/client"
	"dske/node/hub"
)

func start(c call) (string, error) { return "", c.eachNode(c.remote.Start) }

func stop(c call) (string, error) { return "", c.eachNode(c.remote.Stop) }

func crash(c call) (string, error) { return "", c.eachNode(c.remote.Crash) }

func copyDisk(c call) (string, error) { return "", c.eachNode(c.remote.Copy) }

func restore(c call) (string, error) { return "", c.eachNode(c.remote.Restore) }

func restart(c call) (string, error) {
	return "", c.eachNode(func(ctx context.Context, name string) error {
		if err := c.remote.Stop(ctx, name); err != nil {
			return err
		}
		return c.remote.Start(ctx, name)
	})
}

func corrupt(c call) (string, error) { return "", c.eachNode(c.remote.Corrupt) }

// eachNode calls do for every node in the arguments.
func (c call) eachNode(do func(ctx context.Context, name string) error) error {
	names, err := c.nodes(c.args)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := do(c.Context(), name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func waitReady(c call) (string, error) {
	if len(c.args) > 0 {
		return "", errUsage
	}
	return "", c.remote.WaitReady(c.Context())
}

func status(c call) (string, error) {
	overview, err := c.remote.Topology(c.Context())
	if err != nil {
		return "", err
	}
	names := overview.Nodes()
	if len(c.args) > 0 {
		if names, err = c.nodes(c.args); err != nil {
			return "", err
		}
	}
	var out strings.Builder
	for _, name := range names {
		body, err := c.remote.Status(c.Context(), name)
		switch {
		case err == nil:
			fmt.Fprintf(&out, "%s running, %s\n", name, strings.Join(summary(name, body), ", "))
		case overview.IsStopped(name):
			fmt.Fprintf(&out, "%s stopped\n", name)
		default:
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.String(), nil
}

func psrd(c call) (string, error) {
	if len(c.args) != 2 {
		return "", errUsage
	}
	clientName, hubName := strings.TrimPrefix(c.args[0], "client/"), strings.TrimPrefix(c.args[1], "hub/")
	ofClient, err := c.poolsOfClient(clientName, hubName)
	if err != nil {
		return "", err
	}
	ofHub, err := c.poolsOfHub(hubName, clientName)
	return ofClient + ofHub, err
}

// poolsOfClient describes a client's pools with a hub.
func (c call) poolsOfClient(clientName, hubName string) (string, error) {
	body, err := c.remote.Status(c.Context(), "client/"+clientName)
	if err != nil {
		return "", err
	}
	var s client.Inspection
	if err := json.Unmarshal(body, &s); err != nil {
		return "", err
	}
	for _, h := range s.PeerHubs {
		if h.HubName == hubName {
			return pools("client/"+clientName, h.AssociationStatus), nil
		}
	}
	return "", fmt.Errorf("client/%s does not use hub/%s", clientName, hubName)
}

// poolsOfHub describes a hub's pools with a client.
func (c call) poolsOfHub(hubName, clientName string) (string, error) {
	body, err := c.remote.Status(c.Context(), "hub/"+hubName)
	if err != nil {
		return "", err
	}
	var s hub.Inspection
	if err := json.Unmarshal(body, &s); err != nil {
		return "", err
	}
	for _, p := range s.PeerClients {
		if p.ClientName == clientName {
			return pools("hub/"+hubName, p.AssociationStatus), nil
		}
	}
	return "", fmt.Errorf("client/%s is not registered with hub/%s", clientName, hubName)
}

// pools describes the pools of an association: those of pads, or of all PSRD, and then those of
// signing keys if they are separate.
func pools(name string, s node.AssociationStatus) string {
	text := poolLine(name, "", s.LocalPool) + poolLine(name, "", s.PeerPool)
	if s.LocalKeyPool != nil {
		text += poolLine(name, " keys", *s.LocalKeyPool) + poolLine(name, " keys", *s.PeerKeyPool)
	}
	return text
}

func poolLine(name, purpose string, p node.PoolStatus) string {
	used := 0
	for _, b := range p.Blocks {
		used += b.Used
	}
	return fmt.Sprintf("%s %s%s used %d unused %d\n", name, p.Owner, purpose, used, p.Unused())
}
