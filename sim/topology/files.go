package topology

import (
	"dske/node/parcel"
	"dske/protocol"
)

// maxFiles is how many files of a client can be out at a hub.
const maxFiles = 64

// filesFlaw checks the members that conflict with PSRD in files.
func filesFlaw(t *Topology) *flaw {
	p := t.PSRD
	for i, c := range t.Clients {
		switch {
		case c.Recipient == "":
		case p.Files == 0:
			return flawf(at("clients", i, "recipient"), "client %q has a recipient, but gets no files: set files under psrd, or remove it", c.Name)
		case parcel.CheckRecipient(c.Recipient) != nil:
			return flawf(at("clients", i, "recipient"), "the recipient of client %q is not valid: copy what dske psrd recipient prints, which starts with age1pq1", c.Name)
		}
	}
	path := at("psrd", "files")
	switch {
	case p.Files == 0:
		return nil
	case p.Files < 0 || p.Files > maxFiles:
		return flawf(path, "files is %d: set it to how many files of a client may be out at a hub, 1 to %d", p.Files, maxFiles)
	case p.Courier != nil || p.Lazy:
		return flawf(path, "PSRD comes in files, so courier and lazy have no effect: remove them, or files")
	case t.Suite != protocol.SuiteITS:
		return flawf(path, "files go with suite %s: in %s the two ends forget the content of their pools whenever one of them starts", protocol.SuiteITS, t.Suite)
	case t.Enrolment != EnrolmentClosed:
		return flawf(path, "files go with enrolment %s: hubs make them only for known clients", EnrolmentClosed)
	}
	for i, c := range t.Clients {
		if c.External {
			return flawf(at("clients", i, "external"), "client %q does not belong to the network, which makes no files for it: remove external, and give it a url", c.Name)
		}
	}
	return nil
}
