package topology

import "dske/protocol"

// sitesFlaw checks the places of the nodes.
func sitesFlaw(t *Topology) *flaw {
	if len(t.Sites) == 0 { // there may be a million nodes
		return nil
	}
	w := t.where()
	at := map[string]string{}
	for _, s := range t.Sites {
		path := []any{"sites", s.Name}
		switch {
		case protocol.CheckName(s.Name) != nil:
			return flawf(path, "%.64q cannot be the name of a site: use 1 to 63 of a-z, 0-9, '.', '_' and '-', and start with a "+
				"letter or digit", s.Name)
		case len(w.nodes[s.Name]) > 0:
			return flawf(path, "site %q has the name of %s: rename it", s.Name, w.nodes[s.Name][0])
		}
		for i, name := range s.Nodes {
			path := []any{"sites", s.Name, i}
			full, err := w.node(name)
			if err != nil {
				return flawf(path, "site %q: %v", s.Name, err)
			}
			if other, taken := at[full]; taken {
				return flawf(path, "%s is at site %q and at site %q: remove one", full, other, s.Name)
			}
			at[full] = s.Name
		}
	}
	return nil
}

// linksFlaw checks which messages take the links. Their properties were checked when they were
// read.
func linksFlaw(t *Topology) *flaw {
	if len(t.Links) == 0 {
		return nil
	}
	w := t.where()
	for i, l := range t.Links {
		path := []any{"links", i}
		switch {
		case l.Latency == nil && l.Jitter == 0 && l.Bandwidth == 0 && l.Loss == 0 && l.Burst == nil:
			return flawf(path, "the link does nothing: set latency, jitter, bandwidth, loss or burst")
		case l.Within != "" && l.Between != nil:
			return flawf(path, "a link is between two ends or within a site: remove one of the two")
		case l.Within != "" && !w.sites[l.Within]:
			return flawf(at("links", i, "within"), "there is no site %.64q: list it under %q", l.Within, "sites")
		case l.Between != nil && len(l.Between) != 2:
			return flawf(at("links", i, "between"), "a link has two ends, not %d", len(l.Between))
		}
		if f := endsFlaw(w, i, l); f != nil {
			return f
		}
	}
	rules := t.rules(w)
	for i := range rules {
		if j := w.covered(rules, i); j >= 0 {
			return flawf(at("links", i), "no message takes this link, since link %d of the list takes them all: put the special ones first", j+1)
		}
	}
	return nil
}

func endsFlaw(w *where, i int, l Link) *flaw {
	var ends []string
	for j, name := range l.Between {
		end, err := w.end(name)
		if err != nil {
			return flawf(at("links", i, "between", j), "%v", err)
		}
		ends = append(ends, end)
	}
	if len(ends) == 2 && ends[0] == ends[1] {
		return flawf(at("links", i, "between"), "both ends are %s: for links inside a site, write within", ends[0])
	}
	return nil
}
