package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/sim/adversary"
)

func mitmDeduce(_ call, hands *adversary.Hands) (string, error) {
	n := hands.Deduce()
	if n == 0 {
		return "", errors.New("he knows no share of the withheld messages")
	}
	return fmt.Sprintf("%d bytes\n", n), nil
}

// keySize returns the option size, which is in bits, in bytes.
func keySize(options map[string]string) (int, error) {
	request, err := keyRequest(options)
	if request.Size == 0 {
		request.Size = 256
	}
	return request.Size / 8, err
}

func mitmForgeAnswers(c call, hands *adversary.Hands) (string, error) {
	names, options, err := c.options("size")
	if err != nil || len(names) != 1 {
		return "", cmp.Or(err, errUsage)
	}
	key, err := c.keyID(names[0])
	if err != nil {
		return "", err
	}
	size, err := keySize(options)
	if err != nil {
		return "", err
	}
	own, err := hands.ForgeAnswers(key, size, len(c.overview.Hubs))
	c.meant = append(c.meant, own)
	return "", err
}

// names parses a client, a master and a slave.
func (c call) names(args []string) (n adversary.Names, err error) {
	n.Client, err = c.node(args[0])
	if err == nil && !strings.HasPrefix(n.Client, "client/") {
		err = mistakef("%s is not a client", n.Client)
	}
	n.Master, n.Slave = args[1], args[2]
	return n, err
}

func mitmForgePosts(c call, hands *adversary.Hands) (string, error) {
	names, options, err := c.options("as", "size")
	if err != nil || len(names) != 3 || options["as"] == "" {
		return "", cmp.Or(err, errUsage)
	}
	n, err := c.names(names)
	if err != nil {
		return "", err
	}
	size, err := keySize(options)
	if err != nil {
		return "", err
	}
	id, own, err := hands.ForgePosts(c.Context(), n, size, len(c.overview.Hubs))
	c.meant = append(c.meant, own)
	return "", c.name(options["as"], id, n.Master, n.Slave, err)
}

// name names a key that no get-key has made.
func (c call) name(name string, id uuid.UUID, master, slave string, err error) error {
	if err != nil {
		return err
	}
	c.keys[name] = []madeKey{{etsi.Key{ID: id}, master, slave}}
	return c.Setenv(name, id.String())
}

func mitmReaddress(c call, hands *adversary.Hands) (string, error) {
	names, options, err := c.options("as")
	if err != nil || len(names) != 2 || options["as"] == "" {
		return "", cmp.Or(err, errUsage)
	}
	var key uuid.UUID // nil: the key of the last withheld messages
	if names[0] != "last" {
		if key, err = c.keyID(names[0]); err != nil {
			return "", err
		}
	}
	id, master, err := hands.Readdress(c.Context(), key, names[1])
	return "", c.name(options["as"], id, master, names[1], err)
}

func mitmSquat(c call, hands *adversary.Hands) (string, error) {
	if len(c.args) != 3 {
		return "", errUsage
	}
	n, err := c.names(c.args)
	if err == nil {
		hands.Squat(n)
	}
	return "", err
}

func mitmPieces(c call, hands *adversary.Hands) (string, error) {
	if len(c.args) != 3 {
		return "", errUsage
	}
	hub, err := c.node(c.args[2])
	if err != nil {
		return "", err
	}
	n, err := c.names([]string{c.args[0], c.args[1], c.args[1]})
	if err != nil {
		return "", err
	}
	return "", hands.InPieces(c.Context(), n, hub)
}

func mitmLie(c call, hands *adversary.Hands) (string, error) {
	names, options, err := c.options("with", "how")
	if err != nil || len(names) != 2 {
		return "", cmp.Or(err, errUsage)
	}
	key, err := c.keyID(names[0])
	if err != nil {
		return "", err
	}
	liars, err := c.nodes(strings.Split(names[1], ","))
	if err != nil {
		return "", err
	}
	honest, err := c.nodes(strings.Split(options["with"], ","))
	if err != nil {
		return "", err
	}
	meant, err := hands.Lie(key, options["how"], liars, honest)
	if err != nil {
		return "", err
	}
	c.meant = append(c.meant, meant)
	var others []string
	for _, h := range c.overview.Hubs {
		if name := "hub/" + h.Name; !slices.Contains(liars, name) && !slices.Contains(honest, name) {
			others = append(others, name)
		}
	}
	if others != nil {
		hands.Withhold(false, adversary.Match{Method: http.MethodGet, To: others, Key: key})
	}
	return "", nil
}
