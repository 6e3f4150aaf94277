package client_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"dske/node"
	"dske/node/client"
	"dske/node/contract"
	"dske/node/parcel"
	"dske/node/store"
	"dske/protocol"
)

// filesConfig returns the configuration of a client that gets PSRD in files.
func filesConfig(t *testing.T) client.Config {
	t.Helper()
	identity, err := parcel.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := store.Open(store.Config{FS: store.NewMemoryDisk(), Dir: "/carol", Identity: store.Identity{Kind: "client", Node: "carol", Suite: protocol.SuiteITS}})
	if err != nil {
		t.Fatal(err)
	}
	directory, err := node.NewDirectory(false, []node.Enrolment{{Name: "carol", Token: "t", Encryptors: []string{"carol"}, Hubs: []string{"hank", "helen", "hilary"}}})
	if err != nil {
		t.Fatal(err)
	}
	return client.Config{Name: "carol", Token: "t", Transport: newHubs(t), Store: kept, Directory: directory,
		Files: &client.Files{Identity: identity, Hubs: []string{"hank", "helen", "hilary"}}}
}

// A client that gets files answers as its description says, and does not serve out-of-band paths.
func TestDescriptionWithFiles(t *testing.T) {
	config := filesConfig(t)
	d := newDescribed(t, config)
	registered := contract.Routes(d.client.Router(), client.Prefix)
	if listed := d.Operations(); !slices.Equal(registered, listed) {
		t.Errorf("registered %q\ndescribed  %q", registered, listed)
	}
	if list := d.do(call{"GET", node.PathFiles, "", http.StatusOK, ""}).Body.String(); !strings.Contains(list, config.Files.Identity.Recipient()) {
		t.Errorf("its files are %s", list)
	}
	d.do(call{"POST", node.PathFiles, "", http.StatusBadRequest, "no file"})
	d.do(call{"POST", protocol.PathHubStarted, "", http.StatusNotFound, `{"hub_name": "hank"}`})
	d.do(call{"POST", protocol.PathHubStartedInBand, "", http.StatusOK, `{"hub_name": "hank"}`})
}

// Files need a store, a directory and a suite with sessions.
func TestFilesNeed(t *testing.T) {
	for name, take := range map[string]func(*client.Config){
		"store":     func(c *client.Config) { c.Store = nil },
		"directory": func(c *client.Config) { c.Directory = nil },
		"sessions":  func(c *client.Config) { c.Suite = protocol.Python },
	} {
		config := filesConfig(t)
		config.Hubs, config.Threshold = []client.Hub{{Name: "hank"}, {Name: "helen", Number: 1}}, 2
		take(&config)
		if _, err := client.New(config); err == nil {
			t.Errorf("a client without %s", name)
		}
	}
}
