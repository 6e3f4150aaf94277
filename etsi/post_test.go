package etsi_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
)

const (
	encKeys = carolPath + "/api/v1/keys/sofia/enc_keys"
	decKeys = conniePath + "/api/v1/keys/sam/dec_keys"
)

func TestKeyRequestBodies(t *testing.T) {
	network := newNetwork("sofia", "susan")
	for body, number := range map[string]int{
		"":                            1,
		" \r\n\t":                     1,
		"{}":                          1,
		`{"number": 3}`:               3,
		`{"size": 64, "number": 128}`: 128,
		`{"number": null, "size": null, "additional_slave_SAE_IDs": null, "extension_mandatory": null}`: 1,
		`{"NUMBER": 3, "color": "blue", "extension": [{}]}`:                                             1,
		`{"additional_slave_SAE_IDs": [], "extension_mandatory": [], "extension_optional": []}`:         1,
		`{"extension_optional": [{"abc_route": "direct"}, 17]}`:                                         1,
		`{"additional_slave_SAE_IDs": ["susan"], "number": 2}`:                                          2,
	} {
		w := network.post(encKeys+"?size=100", body, "sam")
		if w.Code != http.StatusOK || strings.Count(w.Body.String(), "key_ID") != number {
			t.Errorf("%s: %d %s, want %d keys", body, w.Code, w.Body, number)
		}
	}
}

// saeIDs returns the JSON form of that many SAE IDs.
func saeIDs(number int) string {
	var ids []string
	for i := range number {
		ids = append(ids, fmt.Sprintf(`"sae%d"`, i))
	}
	return "[" + strings.Join(ids, ",") + "]"
}

func TestKeyRequestRefusals(t *testing.T) {
	const noExtension = "not all extension_mandatory parameters are supported"
	network := newNetwork("sofia", "susan")
	for _, test := range []struct{ body, want string }{
		{`{"size": 100}`, `{"message":"size shall be a multiple of 8","details":[{"size":100}]}`},
		{`{"size": "256"}`, `{"message":"size shall be an integer","details":[{"size":"256"}]}`},
		{`{"size": 1e9}`, `{"message":"size shall be an integer","details":[{"size":"1e9"}]}`},
		{`{"size": 99999999999999999999}`, `{"message":"size is out of bounds, 64 to 16777216","details":[{"size":"99999999999999999999"}]}`},
		{`{"number": 0}`, `{"message":"number is out of bounds, 1 to 128","details":[{"number":0}]}`},
		{`{"number": [1]}`, `{"message":"number shall be an integer","details":[{"number":"[1]"}]}`},
		{`{"additional_slave_SAE_IDs": "susan"}`, `{"message":"additional_slave_SAE_IDs shall be an array of strings"}`},
		{`{"additional_slave_SAE_IDs": [null]}`, `{"message":"additional_slave_SAE_IDs shall be an array of strings"}`},
		{`{"additional_slave_SAE_IDs": [""]}`, `{"message":"an SAE ID in additional_slave_SAE_IDs is empty"}`},
		{`{"additional_slave_SAE_IDs": ["susan", "susan"]}`, `{"message":"an SAE ID in additional_slave_SAE_IDs is repeated","details":[{"additional_slave_SAE_IDs":"susan"}]}`},
		{`{"additional_slave_SAE_IDs": ["sofia"]}`, `{"message":"an SAE ID in additional_slave_SAE_IDs is repeated","details":[{"additional_slave_SAE_IDs":"sofia"}]}`},
		{`{"additional_slave_SAE_IDs": ["sam"]}`, `{"message":"an SAE ID in additional_slave_SAE_IDs is the caller itself","details":[{"additional_slave_SAE_IDs":"sam"}]}`},
		{`{"additional_slave_SAE_IDs": ` + saeIDs(17) + `}`, `{"message":"too many additional_slave_SAE_IDs","details":[{"max_SAE_ID_count":16}]}`},
		{`{"additional_slave_SAE_IDs": ["nobody"]}`, `{"message":"unknown slave SAE","details":[{"slave_SAE_ID":"nobody"}]}`},
		{`{"extension_mandatory": [{"b": 1, "a": null}, {"c": {}}]}`, `{"message":"` + noExtension + `","details":[{"extension_mandatory_unsupported":"a is not supported"},{"extension_mandatory_unsupported":"b is not supported"},{"extension_mandatory_unsupported":"c is not supported"}]}`},
		{`{"extension_mandatory": [{}], "size": 100}`, `{"message":"` + noExtension + `"}`},
		{`{"extension_mandatory": {"a": 1}}`, `{"message":"extension_mandatory shall be an array of objects"}`},
		{`{"extension_mandatory": [null]}`, `{"message":"extension_mandatory shall be an array of objects"}`},
		{`{`, `{"message":"malformed JSON"}`},
		{`{} {}`, `{"message":"malformed JSON"}`},
		{"{\"a\": \"\xff\"}", `{"message":"malformed JSON"}`},
		{`number=3`, `{"message":"malformed JSON"}`},
		{`null`, `{"message":"the body shall be a JSON object"}`},
		{`[]`, `{"message":"the body shall be a JSON object"}`},
	} {
		w := network.post(encKeys, test.body, "sam")
		if body := strings.TrimSpace(w.Body.String()); w.Code != http.StatusBadRequest || body != test.want {
			t.Errorf("%s\n got %d %s\nwant 400 %s", test.body, w.Code, body, test.want)
		}
	}
	if len(network.vault.keys) > 0 {
		t.Errorf("%d keys were made for requests that were refused", len(network.vault.keys))
	}
}

func TestKeyIDsRefusals(t *testing.T) {
	const id = "5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b11"
	var many []string
	for range 129 {
		many = append(many, `{"key_ID": "`+uuid.NewString()+`"}`)
	}
	network := newNetwork("sofia", "susan")
	for _, test := range []struct{ body, want string }{
		{"", `{"message":"key_IDs is missing"}`},
		{`{"key_IDs": []}`, `{"message":"key_IDs is missing"}`},
		{`{"key_IDs": null}`, `{"message":"key_IDs is missing"}`},
		{`{"key_ids": [{"key_ID": "` + id + `"}]}`, `{"message":"key_IDs is missing"}`},
		{`{"key_IDs": ["` + id + `"]}`, `{"message":"key_IDs shall be an array of objects"}`},
		{`{"key_IDs": [{}]}`, `{"message":"key_ID is missing"}`},
		{`{"key_IDs": [{"key_ID": 17}]}`, `{"message":"key_ID shall be a UUID","details":[{"key_ID":"17"}]}`},
		{`{"key_IDs": [{"key_ID": "00000000-0000-0000-0000-000000000000"}]}`, `{"message":"one or more keys specified are not found on KME","details":[{"key_ID":"00000000-0000-0000-0000-000000000000"}]}`},
		{`{"key_IDs": [{"key_ID": "17"}]}`, `{"message":"key_ID shall be a UUID","details":[{"key_ID":"17"}]}`},
		{`{"key_IDs": [` + strings.Join(many, ",") + `]}`, `{"message":"too many key_IDs","details":[{"max_key_per_request":128}]}`},
		{`{"key_IDs": [{"key_ID": "` + id + `"}, {"key_ID": "` + strings.ToUpper(id) + `"}]}`, `{"message":"one or more keys specified are not found on KME","details":[{"key_ID":"` + id + `"}]}`},
		{`{"key_IDs": [{"key_ID": "` + id + `"}]}`, `{"message":"one or more keys specified are not found on KME"}`},
		{`{`, `{"message":"malformed JSON"}`},
	} {
		w := network.post(decKeys, test.body, "sofia")
		if body := strings.TrimSpace(w.Body.String()); w.Code != http.StatusBadRequest || body != test.want {
			t.Errorf("%.200s\n got %d %s\nwant 400 %s", test.body, w.Code, body, test.want)
		}
	}
}

func TestKeyIDExtensionsAreIgnored(t *testing.T) {
	network := newNetwork("sofia", "susan")
	sam := &etsi.Client{URL: network.serve(t) + carolPath}
	keys, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"key_IDs": [{"key_ID": "%s", "key_ID_extension": {"a": 1}, "b": 2}], "key_IDs_extension": {}}`, keys[0].ID)
	if w := network.post(decKeys, body, "sofia"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestBodyLimit(t *testing.T) {
	network := newNetwork("sofia", "susan")
	pad := strings.Repeat(" ", etsi.MaxRequestBody-2)
	if w := network.post(encKeys, "{"+pad+"}", "sam"); w.Code != http.StatusOK {
		t.Errorf("a body of the greatest length: %d %s", w.Code, w.Body)
	}
	const want = `{"message":"the body is too long","details":[{"limit":1048576}]}`
	for _, target := range []string{encKeys, decKeys} {
		sae := map[string]string{encKeys: "sam", decKeys: "sofia"}[target]
		w := network.post(target, "{ "+pad+"}", sae)
		if body := strings.TrimSpace(w.Body.String()); w.Code != http.StatusRequestEntityTooLarge || body != want {
			t.Errorf("%s: %d %s, want 413 %s", target, w.Code, body, want)
		}
		if w := network.post(target, "{ "+pad+"}", "stranger"); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: the body of a stranger is answered with %d", target, w.Code)
		}
	}
}

func TestPostOfStatus(t *testing.T) {
	w := newNetwork("sofia").post(carolPath+"/api/v1/keys/sofia/status", "{}", "sam")
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("%d %s, want 405", w.Code, w.Body)
	}
}

func TestMulticast(t *testing.T) {
	url := newNetwork("sofia", "susan", "sunny").serve(t)
	sam := &etsi.Client{URL: url + carolPath}
	made, err := sam.GetKey(t.Context(), "sofia", etsi.KeyRequest{Number: 2, Size: 128, AdditionalSlaves: []string{"susan"}})
	if err != nil || len(made) != 2 {
		t.Fatal(made, err)
	}
	for _, sae := range []string{"sofia", "susan"} {
		slave := &etsi.Client{URL: url + conniePath, SAE: sae}
		fetched, err := slave.GetKeyWithKeyIDs(t.Context(), "sam", made[0].ID, made[1].ID)
		same := func(a, b etsi.Key) bool { return a.ID == b.ID && bytes.Equal(a.Key.Reveal(), b.Key.Reveal()) }
		if err != nil || !slices.EqualFunc(made, fetched, same) {
			t.Errorf("%s fetches %v, %v", sae, fetched, err)
		}
		if _, err := slave.GetKeyWithKeyIDs(t.Context(), "sam", made[0].ID); !errors.Is(err, etsi.ErrKeyNotFound) {
			t.Errorf("%s a second time: %v", sae, err)
		}
	}
	sunny := &etsi.Client{URL: url + conniePath, SAE: "sunny"}
	if _, err := sunny.GetKeyWithKeyIDs(t.Context(), "sam", made[0].ID); !errors.Is(err, etsi.ErrUnauthorized) {
		t.Errorf("an SAE that the request did not name: %v", err)
	}
}
