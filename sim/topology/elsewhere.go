package topology

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// settle marks the nodes that have a URL as running elsewhere.
func (t *Topology) settle() {
	for i := range t.Hubs {
		t.Hubs[i].Elsewhere = t.Hubs[i].URL != ""
	}
	for i := range t.Clients {
		c := &t.Clients[i]
		c.Elsewhere = c.URL != "" && !c.External
	}
}

// RunOnly marks the named nodes of a valid topology, such as hub/hank, as running in this process,
// and all others as running elsewhere. It fails, and changes nothing, if there is no such node, or
// if a node that runs elsewhere has no URL, so that nobody could reach it. External clients always
// run elsewhere.
func (t *Topology) RunOnly(names []string) error {
	left := slices.Clone(names)
	isHere := func(name string) bool {
		if !slices.Contains(names, name) {
			return false
		}
		left = slices.DeleteFunc(left, func(other string) bool { return other == name })
		return true
	}
	hubs, clients := slices.Clone(t.Hubs), slices.Clone(t.Clients)
	var lost []string
	for i := range hubs {
		h := &hubs[i]
		h.Elsewhere = !isHere("hub/" + h.Name)
		switch {
		case h.Elsewhere && h.URL == "":
			lost = append(lost, "hub/"+h.Name)
		case !h.Elsewhere && h.Implementation != "":
			return fmt.Errorf("hub/%s is of %s and cannot run here", h.Name, h.Implementation)
		}
	}
	for i := range clients {
		c := &clients[i]
		if c.External {
			continue
		}
		if c.Elsewhere = !isHere("client/" + c.Name); c.Elsewhere && c.URL == "" {
			lost = append(lost, "client/"+c.Name)
		}
	}
	switch {
	case len(left) > 0:
		return fmt.Errorf("there is no node %s to run here", strings.Join(left, ", "))
	case len(lost) > 0:
		return fmt.Errorf("%s would run nowhere: give it a url in the topology, or run it here too", strings.Join(lost, ", "))
	}
	t.Hubs, t.Clients = hubs, clients
	return nil
}

// Elsewhere returns the URLs of the nodes that run in other processes, by name. External clients
// are not among them.
func (t *Topology) Elsewhere() map[string]string {
	nodes := map[string]string{}
	for _, h := range t.Hubs {
		if h.Elsewhere {
			nodes["hub/"+h.Name] = h.URL
		}
	}
	for _, c := range t.Clients {
		if c.Elsewhere {
			nodes["client/"+c.Name] = c.URL
		}
	}
	return nodes
}

// Nodes returns the names of all nodes, such as hub/hank, hubs first, without external clients.
func (t *Topology) Nodes() []string {
	var names []string
	for _, h := range t.Hubs {
		names = append(names, "hub/"+h.Name)
	}
	for _, c := range t.Own() {
		names = append(names, "client/"+c.Name)
	}
	return names
}

func hubURLFlaw(t *Topology) *flaw {
	for i, h := range t.Hubs {
		if h.URL == "" {
			continue
		}
		if f := urlFlaw(at("hubs", i, "url"), "hub", h.Name, h.URL); f != nil {
			return f
		}
	}
	return nil
}

// urlFlaw checks the URL of a node, whose path must name the node.
func urlFlaw(path []any, kind, name, text string) *flaw {
	u, err := url.Parse(text)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && text == u.Scheme+"://"+u.Host+"/"+kind+"/"+name {
		return nil
	}
	return flawf(path, "the url of %s %q is %.64q: write where it runs, such as https://node.example:8100/%s/%s", kind, name, text, kind, name)
}
