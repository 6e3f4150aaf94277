package docs

import (
	"strings"

	"dske/sim"
)

// fill adds the parameters that name a path's node, and makes examples with real nodes and
// encryptors: the first client's encryptor is the master and the next one's the slave.
func (d document) fill(o sim.Overview) {
	var hubs, clients []any
	for _, h := range o.Hubs {
		hubs = append(hubs, h.Name)
	}
	for _, c := range o.Clients {
		clients = append(clients, c.Name)
	}
	first, next := o.Clients[0], o.Clients[min(1, len(o.Clients)-1)]
	parameters := d.object("components").object("parameters")
	parameters["Hub"] = nodeParameter("hub", hubs, o.Hubs[0].Name)
	parameters["Client"] = nodeParameter("client", clients, first.Name)
	parameters["ClientOfSlave"] = nodeParameter("client", clients, next.Name)
	for name, example := range map[string]string{
		"Node":               o.Hubs[0].Name,
		"HubClientName":      first.Name,
		"HubEncryptor":       first.Encryptors[0],
		"HubMasterSAE":       first.Encryptors[0],
		"HubSlaveSAE":        next.Encryptors[0],
		"ClientMaster":       first.Encryptors[0],
		"ClientSlave":        next.Encryptors[0],
		"ClientRemoteSystem": next.Name,
	} {
		parameters.object(name)["example"] = example
	}
	d.object("components").object("examples").object("ExchangeRequest")["value"] =
		map[string]any{"master": first.Encryptors[0], "slave": next.Encryptors[0]}
	for path := range d.object("paths") {
		if name := parameterOf(path); name != "" {
			d.object("paths").object(path)["parameters"] = []any{map[string]any{"$ref": "#/components/parameters/" + name}}
		}
	}
}

// parameterOf returns the component for the node in a path, or "" if the path has none.
func parameterOf(path string) string {
	switch {
	case strings.HasPrefix(path, "/hub/"):
		return "Hub"
	case strings.HasSuffix(path, "/dec_keys"):
		return "ClientOfSlave"
	case strings.HasPrefix(path, "/client/"):
		return "Client"
	default:
		return ""
	}
}

func nodeParameter(kind string, names []any, example string) any {
	return map[string]any{
		"name":        kind,
		"in":          "path",
		"required":    true,
		"description": "Name of the " + kind + ".",
		"schema":      map[string]any{"type": "string", "enum": names},
		"example":     example,
	}
}
