package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"syscall"
	"text/tabwriter"

	"dske/sim"
	"dske/sim/certs"
)

// printReady prints what runs where, and how to get a first pair of keys. The reader may close its
// end after the first line: the network continues to run.
func printReady(to io.Writer, n *sim.Network, dir certs.Directory) error {
	var text bytes.Buffer
	writeReady(&text, n, dir)
	_, err := to.Write(text.Bytes())
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

func writeReady(to io.Writer, n *sim.Network, dir certs.Directory) {
	o := n.Overview()
	fmt.Fprintf(to, "ready on %s (open it in a browser): %d hubs, %d clients, threshold %d%s\n", n.URL(), len(o.Hubs), len(o.Clients), o.Threshold, whichHere(o))
	writeFirstKey(to, n.URL(), o, dir)
	writePorts(to, o)
}

// writePorts writes a table of the clients' own ports, if they have any.
func writePorts(to io.Writer, o sim.Overview) {
	if len(o.Clients) == 0 {
		return
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	defer table.Flush()
	hasKME, hasStreams := o.Clients[0].KMEURL != "", o.Clients[0].Streams != ""
	row := func(name, keys, skip, streams, encryptors string) {
		cells := []string{name}
		if hasKME {
			cells = append(cells, keys, skip)
		}
		if hasStreams {
			cells = append(cells, streams)
		}
		fmt.Fprintln(table, strings.Join(append(cells, encryptors), "\t"))
	}
	if hasKME || hasStreams {
		row("client", "ETSI API at", "SKIP at", "ETSI 004 at", "encryptors")
		for _, c := range o.Clients {
			row(c.Name, c.KMEURL+"/api/v1/keys", c.KMEURL, c.Streams, strings.Join(c.Encryptors, ", "))
		}
	}
}

// whichHere says which nodes run here, unless all do.
func whichHere(o sim.Overview) string {
	var here []string
	for _, h := range o.Hubs {
		if h.URL == "" {
			here = append(here, "hub/"+h.Name)
		}
	}
	for _, c := range o.Clients {
		if c.URL == "" {
			here = append(here, "client/"+c.Name)
		}
	}
	if len(here) == len(o.Nodes()) {
		return ""
	}
	return "; here: " + strings.Join(here, ", ")
}

// writeFirstKey writes shell commands: the first encryptor gets a key, the second one fetches it.
func writeFirstKey(to io.Writer, base string, o sim.Overview, dir certs.Directory) {
	var clients, encryptors []string
	for _, c := range o.Clients {
		for _, e := range c.Encryptors {
			clients, encryptors = append(clients, c.Name), append(encryptors, e)
		}
	}
	if len(encryptors) < 2 {
		return
	}
	keys := func(i, peer int) string {
		return o.KMEURL(base, clients[i]) + "/api/v1/keys/" + url.PathEscape(encryptors[peer])
	}
	fmt.Fprintf(to, `key_id=$(curl -s %s %s | tee /dev/stderr | sed 's/.*"key_ID":"\([^"]*\)".*/\1/')`+"\n",
		identity(dir, encryptors[0]), quote(keys(0, 1)+"/enc_keys"))
	fmt.Fprintf(to, `curl -s %s %s"$key_id"`+"\n", identity(dir, encryptors[1]), quote(keys(1, 0)+"/dec_keys?key_ID="))
}

// identity returns the options that make curl an encryptor.
func identity(dir certs.Directory, encryptor string) string {
	if dir == "" {
		return "-H " + quote("Authorization: "+encryptor)
	}
	p := dir.SAE(encryptor)
	return fmt.Sprintf("--cacert %s --cert %s --key %s", quote(dir.Authority().Certificate), quote(p.Certificate), quote(p.Key))
}

// quote makes one word for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
