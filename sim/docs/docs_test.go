package docs

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"dske/node/contract"
	"dske/sim"
)

// overview returns the overview of a network with so many hubs and clients, each client with two
// encryptors.
func overview(hubs, clients int) sim.Overview {
	var o sim.Overview
	for i := range hubs {
		o.Hubs = append(o.Hubs, sim.HubOverview{Name: fmt.Sprint("hub", i+1)})
	}
	for i := range clients {
		o.Clients = append(o.Clients, sim.ClientOverview{
			Name:       fmt.Sprint("client", i+1),
			Encryptors: []string{fmt.Sprint("sae/", i+1), fmt.Sprint("other", i+1)},
		})
	}
	return o
}

func describe(t *testing.T, o sim.Overview) []byte {
	t.Helper()
	d, err := Describe(o)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDescriptionIsValid(t *testing.T) {
	for _, o := range []sim.Overview{overview(2, 1), overview(2, 2), overview(16, 300)} {
		c, err := contract.Parse(describe(t, o))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Examples(); err != nil {
			t.Error(err)
		}
	}
}

func TestDescriptionNamesWhoIsThere(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(describe(t, overview(2, 3)))
	if err != nil {
		t.Fatal(err)
	}
	of := func(path, name string) *openapi3.Parameter {
		item := doc.Paths.Find(path)
		for _, p := range slices.Concat(item.Parameters, item.Get.Parameters) {
			if p.Value.Name == name {
				return p.Value
			}
		}
		t.Fatalf("%s has no parameter %s", path, name)
		return nil
	}
	if names := of("/client/{client}/mgmt/v1/status", "client").Schema.Value.Enum; !slices.Equal(names, []any{"client1", "client2", "client3"}) {
		t.Errorf("clients are %v", names)
	}
	for _, test := range []struct{ path, name, want string }{
		{"/hub/{hub}/dske/oob/v1/encryptors/{name}", "hub", "hub1"},
		{"/hub/{hub}/dske/oob/v1/encryptors/{name}", "name", "sae/1"},
		{"/hub/{hub}/dske/api/v1/key-share", "slave_sae_id", "sae/2"},
		{"/client/{client}/etsi/api/v1/keys/{sae}/enc_keys", "client", "client1"},
		{"/client/{client}/etsi/api/v1/keys/{sae}/enc_keys", "sae", "sae/2"},
		{"/client/{client}/etsi/api/v1/keys/{sae}/dec_keys", "client", "client2"},
		{"/client/{client}/etsi/api/v1/keys/{sae}/dec_keys", "sae", "sae/1"},
		{"/client/{client}/skip/key", "remoteSystemID", "client2"},
	} {
		if got := of(test.path, test.name).Example; got != test.want {
			t.Errorf("%s of %s is %v, not %s", test.name, test.path, got, test.want)
		}
	}
}

func TestPartsKeepTheirNames(t *testing.T) {
	d := document{}
	for _, name := range []string{"Cat", "Dog"} {
		err := d.add(part{path: "/" + name, name: name, api: `{
			"tags": [{"name": "Food"}],
			"paths": {"/eat": {"post": {"operationId": "eat", "tags": ["Food"], "security": [{"Key": []}, {}], "schema": {"$ref": "#/components/schemas/Food"}}}},
			"components": {"schemas": {"Food": {"items": [{"$ref": "#/components/schemas/Food"}]}}, "securitySchemes": {"Key": {}}}
		}`})
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(d["paths"].(map[string]any)["/Dog/eat"])
	if want := `{"post":{"operationId":"Dogeat","schema":{"$ref":"#/components/schemas/DogFood"},"security":[{"DogKey":[]},{}],"tags":["Dog: Food"]}}`; err != nil || string(text) != want {
		t.Errorf("%v\n got %s\nwant %s", err, text, want)
	}
	text, err = json.Marshal(d["components"])
	if want := `{"schemas":{"CatFood":{"items":[{"$ref":"#/components/schemas/CatFood"}]},"DogFood":{"items":[{"$ref":"#/components/schemas/DogFood"}]}},` +
		`"securitySchemes":{"CatKey":{},"DogKey":{}}}`; err != nil || string(text) != want {
		t.Errorf("%v\n got %s\nwant %s", err, text, want)
	}
	if d.add(part{api: "{"}) == nil {
		t.Error("half a description is accepted")
	}
}
