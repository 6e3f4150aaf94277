package topology

import (
	"fmt"
	"slices"
	"strings"

	"dske/sim/link"
)

// where has the names and places of all nodes and encryptors.
type where struct {
	nodes map[string][]string // full names, such as hub/hank, by full and by short name
	sites map[string]bool
	at    map[string]string // site of a node or an encryptor, if it has one
}

func (t *Topology) where() *where {
	w := &where{nodes: map[string][]string{}, sites: map[string]bool{}, at: map[string]string{}}
	add := func(kind, name string) {
		full := kind + "/" + name
		w.nodes[full] = append(w.nodes[full], full)
		w.nodes[name] = append(w.nodes[name], full)
	}
	for _, h := range t.Hubs {
		add("hub", h.Name)
	}
	for _, c := range t.Clients {
		add("client", c.Name)
	}
	for _, s := range t.Sites {
		w.sites[s.Name] = true
		for _, name := range s.Nodes {
			if full, err := w.node(name); err == nil {
				w.at[full] = s.Name
			}
		}
	}
	w.placeEncryptors(t)
	return w
}

// placeEncryptors puts encryptors at the sites of their clients.
func (w *where) placeEncryptors(t *Topology) {
	for _, c := range t.Clients {
		site, found := w.at["client/"+c.Name]
		if !found {
			continue
		}
		for _, sae := range c.SAEs() {
			w.at["sae/"+sae] = site
		}
	}
}

// node returns the full name of a node, which may be given without its kind.
func (w *where) node(name string) (string, error) {
	switch full := w.nodes[name]; len(full) {
	case 0:
		return "", fmt.Errorf("there is no node %.64q", name)
	case 1:
		return full[0], nil
	default:
		return "", fmt.Errorf("%.64q may be %s: write which one", name, strings.Join(full, " or "))
	}
}

// end returns the name of an end of a link: that of a site, or the full name of a node.
func (w *where) end(name string) (string, error) {
	if w.sites[name] {
		return name, nil
	}
	full, err := w.node(name)
	if err != nil && len(w.nodes[name]) == 0 {
		err = fmt.Errorf("there is no node and no site %.64q", name)
	}
	return full, err
}

// is reports whether a party is an end, or is at that site.
func (w *where) is(party, end string) bool { return party == end || w.at[party] == end && end != "" }

// isNode reports whether a party is a node.
func (w *where) isNode(party string) bool {
	return len(w.nodes[party]) == 1 && strings.Contains(party, "/")
}

// rule is a link with the full names of its ends.
type rule struct {
	Link
	ends [2]string
}

// fits reports whether messages from one party to another take the link, and on which line.
func (w *where) fits(r *rule, from, to string) (line [2]string, fits bool) {
	a, b := r.ends[0], r.ends[1]
	switch {
	case r.Within != "":
		return [2]string{from, to}, w.is(from, r.Within) && w.is(to, r.Within)
	case r.Between == nil:
		return [2]string{from, to}, w.isNode(from) && w.isNode(to)
	case w.is(from, b) && w.is(to, a):
		a, b = b, a
	case !w.is(from, a) || !w.is(to, b):
		return line, false
	}
	if w.sites[a] && w.sites[b] {
		return [2]string{a, b}, true
	}
	return [2]string{from, to}, true
}

// rules returns the links of the topology in the order in which they are tried.
func (t *Topology) rules(w *where) []*rule {
	var rules []*rule
	for _, l := range t.Links {
		r := &rule{Link: l}
		for i, name := range l.Between[:min(len(l.Between), 2)] {
			r.ends[i], _ = w.end(name) // the topology is valid
		}
		rules = append(rules, r)
	}
	return rules
}

// Lines returns a function that returns the link of a valid topology that messages from one party,
// such as client/carol, to another take, or nil if there is none, and the names of the ends of the
// line that they share with others in that direction. Lines returns nil if the topology has no
// links.
func (t *Topology) Lines() func(from, to string) (l *link.Link, ends [2]string) {
	if len(t.Links) == 0 {
		return nil
	}
	w := t.where()
	rules := t.rules(w)
	return func(from, to string) (*link.Link, [2]string) {
		for _, r := range rules {
			if ends, fits := w.fits(r, from, to); fits {
				return &r.Link.Link, ends
			}
		}
		return nil, [2]string{}
	}
}

// covers reports whether every message that fits r also fits earlier, judging by the names of their
// ends.
func (w *where) covers(earlier, r *rule) bool {
	inner := func(end, outer string) bool { return w.is(end, outer) }
	a, b := r.ends[0], r.ends[1]
	switch {
	case earlier.Within != "":
		return r.Within == earlier.Within || r.Between != nil && inner(a, earlier.Within) && inner(b, earlier.Within)
	case earlier.Between == nil:
		return r.Within == "" // encryptors are within a site, but are not nodes
	}
	c, d := earlier.ends[0], earlier.ends[1]
	return r.Between != nil && (inner(a, c) && inner(b, d) || inner(a, d) && inner(b, c))
}

// covered returns the index of an earlier rule that leaves no messages to the one at i, or -1.
func (w *where) covered(rules []*rule, i int) int {
	return slices.IndexFunc(rules[:i], func(earlier *rule) bool { return w.covers(earlier, rules[i]) })
}
