package scenario

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/sim"
)

// madeKey is a key that the script has made.
type madeKey struct {
	etsi.Key
	master, slave string
}

// sae returns the ETSI client of an encryptor, at the client that serves it.
func (w *world) sae(name string) (*etsi.Client, error) {
	client, err := w.overview.ClientOf(name)
	return &etsi.Client{URL: sim.KMEURL(w.remote.URL, client), SAE: name, HTTP: w.http("sae/" + name)}, err
}

func getKey(c call) (string, error) {
	keys, err := c.makeKeys()
	return show(keys), err
}

// makeKeys makes the keys of get-key, and keeps them under their name.
func (c call) makeKeys() ([]madeKey, error) {
	names, options, err := c.options("size", "number", "also", "as")
	if err != nil {
		return nil, err
	}
	if len(names) != 2 {
		return nil, errUsage
	}
	request, err := keyRequest(options)
	if err != nil {
		return nil, err
	}
	sae, err := c.sae(names[0])
	if err != nil {
		return nil, err
	}
	keys, err := sae.GetKey(c.Context(), names[1], request)
	if err != nil {
		return nil, err
	}
	made := make([]madeKey, len(keys))
	for i, k := range keys {
		made[i] = madeKey{k, names[0], names[1]}
	}
	if name := options["as"]; name != "" {
		c.keys[name] = made
		return made, c.Setenv(name, keys[0].ID.String())
	}
	return made, nil
}

// keyRequest reads options. Numbers below 1 are mistakes: a request would omit them and ask for the
// default. Use the command http to send them to a KME.
func keyRequest(options map[string]string) (request etsi.KeyRequest, err error) {
	number := func(name string, n *int) {
		text, given := options[name]
		if !given || err != nil {
			return
		}
		if *n, err = strconv.Atoi(text); err != nil || *n < 1 {
			err = mistakef("%s=%s is not a number over 0", name, text)
		}
	}
	number("size", &request.Size)
	number("number", &request.Number)
	if also := options["also"]; also != "" {
		request.AdditionalSlaves = strings.Split(also, ",")
	}
	return request, err
}

func getKeyWithKeyIDs(c call) (string, error) {
	if len(c.args) != 3 {
		return "", errUsage
	}
	var ids []uuid.UUID
	for _, k := range c.keys[c.args[2]] {
		ids = append(ids, k.ID)
	}
	if ids == nil {
		id, err := uuid.Parse(c.args[2])
		if err != nil {
			return "", mistakef("%s is neither the ID of a key nor a name that a get-key has given", c.args[2])
		}
		ids = append(ids, id)
	}
	keys, err := c.fetch(c.Context(), c.args[0], c.args[1], ids)
	return show(keys), err
}

func (w *world) fetch(ctx context.Context, master, slave string, ids []uuid.UUID) ([]madeKey, error) {
	sae, err := w.sae(slave)
	if err != nil {
		return nil, err
	}
	keys, err := sae.GetKeyWithKeyIDs(ctx, master, ids...)
	fetched := make([]madeKey, len(keys))
	for i, k := range keys {
		w.fetched[k.ID] = k.Key
		fetched[i] = madeKey{k, master, slave}
	}
	return fetched, err
}

func getKeyPair(c call) (string, error) {
	made, err := c.makeKeys()
	if err != nil {
		return "", err
	}
	var ids []uuid.UUID
	for _, k := range made {
		ids = append(ids, k.ID)
	}
	fetched, err := c.fetch(c.Context(), made[0].master, made[0].slave, ids)
	if err != nil {
		return show(made), err
	}
	same := func(a, b madeKey) bool { return a.Key.Equal(b.Key) }
	if !slices.EqualFunc(made, fetched, same) {
		return show(made) + show(fetched), errors.New("key values do not match")
	}
	return show(made) + "Key values match\n", nil
}

// show prints keys, one per line. They are keys of an experiment, so they need not be secret.
func show(keys []madeKey) string {
	var out strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&out, "key %s = %s\n", k.ID, base64.StdEncoding.EncodeToString(k.Key.Key.Reveal()))
	}
	return out.String()
}
