package command

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/urfave/cli/v2"

	"dske/etsi"
	"dske/sim"
	"dske/sim/certs"
)

func etsiCommand() *cli.Command {
	request := append([]cli.Flag{
		&cli.IntFlag{Name: "size", Usage: "ask for keys of `BITS`", DefaultText: "256"},
		&cli.IntFlag{Name: "number", Usage: "ask for `N` keys in one request", DefaultText: "1"},
		&cli.StringSliceFlag{Name: "additional", Usage: "let a further `SLAVE` fetch the same keys; may be repeated"},
	}, networkFlags...)
	command := func(name, usage, args string, flags []cli.Flag, do func(*cli.Context, pair) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage, ArgsUsage: args, Flags: flags,
			BashComplete: completeNames(sim.Overview.Encryptors),
			Action: func(c *cli.Context) error {
				p, err := newPair(c, strings.Count(args, " ")+1)
				if err != nil {
					return err
				}
				return do(c, p)
			},
		}
	}
	return &cli.Command{
		Name:   "etsi-qkd",
		Usage:  "ask the clients of a running network for keys over ETSI GS QKD 014, as encryptors do",
		Action: unknownSubcommand,
		Subcommands: []*cli.Command{
			command("get-status", "show what a master can ask for: key sizes and numbers", "MASTER SLAVE", networkFlags, getStatus),
			command("get-key", "make keys for the master", "MASTER SLAVE", request, getKey),
			command("get-key-with-key-ids", "fetch keys by their IDs for the slave", "MASTER SLAVE KEY_ID...", networkFlags, getKeyWithKeyIDs),
			command("get-key-pair", "make keys for the master, fetch them for the slave, and compare", "MASTER SLAVE", request, getKeyPair),
			command("conformance", "check both KMEs against the standard and against SKIP", "MASTER SLAVE", slices.Concat(reportFlags, conformanceFlags, networkFlags), checkConformance),
		},
	}
}

// pair is two encryptors with their clients.
type pair struct {
	master, slave             string
	masterClient, slaveClient *etsi.Client
	overview                  sim.Overview // of the network that they are in
}

// newPair finds the clients of the two encryptors that the arguments name.
func newPair(c *cli.Context, nrArgs int) (pair, error) {
	if c.NArg() < nrArgs || c.NArg() > nrArgs && nrArgs == 2 {
		return pair{}, usagef("%s takes %s", c.Command.HelpName, c.Command.ArgsUsage)
	}
	p := pair{master: c.Args().Get(0), slave: c.Args().Get(1)}
	_, overview, err := running(c)
	if err != nil {
		return pair{}, err
	}
	p.overview = overview
	if p.masterClient, err = newClient(c, overview, p.master); err != nil {
		return pair{}, err
	}
	p.slaveClient, err = newClient(c, overview, p.slave)
	return p, err
}

// newClient returns a client for the KME of an encryptor.
func newClient(c *cli.Context, o sim.Overview, sae string) (*etsi.Client, error) {
	name, err := o.ClientOf(sae)
	if err != nil {
		return nil, err
	}
	client, err := httpClient(c, func(dir certs.Directory) certs.Pair { return dir.SAE(sae) })
	return &etsi.Client{URL: o.KMEURL(networkURL(c), name), SAE: sae, HTTP: client}, err
}

func getStatus(c *cli.Context, p pair) error {
	status, err := p.masterClient.Status(c.Context, p.slave)
	if err != nil {
		return err
	}
	return printJSON(c.App.Writer, status)
}

func getKey(c *cli.Context, p pair) error {
	_, err := p.getKey(c)
	return err
}

func (p pair) getKey(c *cli.Context) ([]etsi.Key, error) {
	request := etsi.KeyRequest{Number: c.Int("number"), Size: c.Int("size"), AdditionalSlaves: c.StringSlice("additional")}
	if err := expectKeys(c, request.Number, request.Size); err != nil {
		return nil, err
	}
	keys, err := p.masterClient.GetKey(c.Context, p.slave, request)
	if err != nil {
		return nil, err
	}
	return keys, printJSON(c.App.Writer, etsi.KeyContainer{Keys: keys})
}

// expectKeys calls expect for so many keys of so many bits. Of both, 0 means the default.
func expectKeys(c *cli.Context, number, bits int) error {
	const around = 128 // bytes of JSON around a key
	each := base64.StdEncoding.EncodedLen(cmp.Or(bits, etsi.DefaultKeySize)/8) + around
	return expect(c, int64(cmp.Or(number, 1))*int64(each))
}

func getKeyWithKeyIDs(c *cli.Context, p pair) error {
	var ids []uuid.UUID
	for _, arg := range c.Args().Slice()[2:] {
		id, err := uuid.Parse(arg)
		if err != nil {
			return usagef("key ID %q: %w", arg, err)
		}
		ids = append(ids, id)
	}
	_, err := p.getKeyWithKeyIDs(c, ids)
	return err
}

func (p pair) getKeyWithKeyIDs(c *cli.Context, ids []uuid.UUID) ([]etsi.Key, error) {
	if err := expectKeys(c, len(ids), 0); err != nil {
		return nil, err
	}
	keys, err := p.slaveClient.GetKeyWithKeyIDs(c.Context, p.master, ids...)
	if err != nil {
		return nil, err
	}
	return keys, printJSON(c.App.Writer, etsi.KeyContainer{Keys: keys})
}

func getKeyPair(c *cli.Context, p pair) error {
	made, err := p.getKey(c)
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, k := range made {
		ids = append(ids, k.ID)
	}
	fetched, err := p.getKeyWithKeyIDs(c, ids)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(made, fetched, etsi.Key.Equal) {
		return errors.New("key values do not match")
	}
	fmt.Fprintln(c.App.Writer, "Key values match")
	return nil
}
