package etsi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
)

// TestRefusals is the table of errors. Where it names no sender, sam calls carol without a header.
func TestRefusals(t *testing.T) {
	const carol, connie = carolPath + "/api/v1/keys/", conniePath + "/api/v1/keys/"
	const noSAE = `{"message":"the Authorization header names no SAE of this KME"}`
	const unknownID = "5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b11"
	tests := []struct {
		target string
		sender []string
		status int
		body   string // {"message": …, "details": …} without the space around it
	}{
		{carol + "sofia/enc_keys?size=100", nil, 400, `{"message":"size shall be a multiple of 8","details":[{"size":100}]}`},
		{carol + "sofia/enc_keys?size=-1", nil, 400, `{"message":"size shall be a multiple of 8","details":[{"size":-1}]}`},
		{carol + "sofia/enc_keys?size=56", nil, 400, `{"message":"size is out of bounds, 64 to 16777216","details":[{"size":56}]}`},
		{carol + "sofia/enc_keys?size=16777224", nil, 400, `{"message":"size is out of bounds, 64 to 16777216","details":[{"size":16777224}]}`},
		{carol + "sofia/enc_keys?size=99999999999999999999", nil, 400, `{"message":"size is out of bounds, 64 to 16777216","details":[{"size":"99999999999999999999"}]}`},
		{carol + "sofia/enc_keys?size=big", nil, 400, `{"message":"size shall be an integer","details":[{"size":"big"}]}`},
		{carol + "sofia/enc_keys?size=", nil, 400, `{"message":"size shall be an integer","details":[{"size":""}]}`},
		{carol + "sofia/enc_keys?size=64&size=128", nil, 400, `{"message":"size shall be given once","details":[{"size":["64","128"]}]}`},
		{carol + "sofia/enc_keys?number=0", nil, 400, `{"message":"number is out of bounds, 1 to 128","details":[{"number":0}]}`},
		{carol + "sofia/enc_keys?number=129", nil, 400, `{"message":"number is out of bounds, 1 to 128","details":[{"number":129}]}`},
		{carol + "sofia/enc_keys?number=1.5", nil, 400, `{"message":"number shall be an integer","details":[{"number":"1.5"}]}`},
		{carol + "sofia/enc_keys?number=%zz", nil, 400, `{"message":"malformed query"}`},
		{carol + "sofia/enc_keys?number=4&size=16777216", nil, 503, `{"message":"out of keys"}`},
		{carol + "sofia/enc_keys?number=128&size=524288", nil, 503, `{"message":"out of keys"}`},
		{carol + "sofia/enc_keys?number=5&size=16777216", nil, 400, `{"message":"number x size is out of bounds, at most 67108864 bits","details":[{"max_request_size":67108864}]}`},
		{carol + "sofia/enc_keys?number=128&size=524296", nil, 400, `{"message":"number x size is out of bounds, at most 67108864 bits","details":[{"max_request_size":67108864}]}`},
		{carol + "nobody/enc_keys", nil, 400, `{"message":"unknown slave SAE","details":[{"slave_SAE_ID":"nobody"}]}`},
		{carol + "nobody/status", nil, 400, `{"message":"unknown slave SAE","details":[{"slave_SAE_ID":"nobody"}]}`},
		{carol + "sam/enc_keys", nil, 400, `{"message":"the SAE in the path is the caller itself","details":[{"SAE_ID":"sam"}]}`},
		{carol + "sam/status", nil, 400, `{"message":"the SAE in the path is the caller itself","details":[{"SAE_ID":"sam"}]}`},
		{carol + "/status", nil, 400, `{"message":"the SAE ID in the path is empty"}`},
		{carol + "sofia/dec_keys", nil, 400, `{"message":"key_ID is missing"}`},
		{carol + "sofia/dec_keys?key_ID=1", nil, 400, `{"message":"key_ID shall be a UUID","details":[{"key_ID":"1"}]}`},
		{carol + "sofia/dec_keys?key_ID=5d3d3f396a9c4c0e8a3e6f3f2d1f0b11", nil, 400, `{"message":"key_ID shall be a UUID","details":[{"key_ID":"5d3d3f396a9c4c0e8a3e6f3f2d1f0b11"}]}`},
		{carol + "sofia/dec_keys?key_ID=a&key_ID=b", nil, 400, `{"message":"key_ID shall be given once","details":[{"key_ID":["a","b"]}]}`},
		{carol + "sofia/dec_keys?key_ID=%zz", nil, 400, `{"message":"malformed query"}`},
		{carol + "sofia/dec_keys?key_ID=" + unknownID, nil, 400, `{"message":"one or more keys specified are not found on KME"}`},

		{carol + "sofia/dec_keys?key_ID=00000000-0000-0000-0000-000000000000", nil, 400, `{"message":"one or more keys specified are not found on KME","details":[{"key_ID":"00000000-0000-0000-0000-000000000000"}]}`},

		{carol + "sofia/status", []string{"stranger"}, 401, noSAE},
		{carol + "sofia/status", []string{""}, 401, noSAE},
		{carol + "sofia/status", []string{"Basic sam"}, 401, noSAE},
		{carol + "sofia/status", []string{"Basic c3RyYW5nZXI6c2Ft"}, 401, noSAE}, // stranger:sam
		{carol + "sofia/status", []string{"sam", "sam"}, 401, `{"message":"there are several Authorization headers"}`},
		{carol + "sofia/enc_keys?size=100", []string{"stranger"}, 401, noSAE},
		{carol + "stranger/dec_keys?key_ID=1", []string{"stranger"}, 401, noSAE},
		{connie + "sam/status", nil, 401, `{"message":"the KME serves several SAEs, and there is no Authorization header to tell which one is calling"}`},

		{carol + "slow/enc_keys", nil, 504, `{"message":"deadline passed"}`},
		{carol + "cancelled/enc_keys", nil, 503, `{"message":"request cancelled"}`},
		{carol + "broken/enc_keys", nil, 500, `{"message":"internal error"}`},
		{carol + "broken/status", nil, 500, `{"message":"internal error"}`},
		{carol + "absurd/enc_keys", nil, 500, `{"message":"internal error"}`},
		{carol + "wrapped/enc_keys", nil, 503, `{"message":"too few hubs"}`},
	}
	network := newNetwork("sofia", "susan")
	network.carol.failures = map[string]error{
		"slow":      fmt.Errorf("gather: %w", context.DeadlineExceeded),
		"cancelled": fmt.Errorf("gather: %w", context.Canceled),
		"broken":    errors.New("disk on fire"),
		"absurd":    &etsi.Error{Status: 200, Message: "fine"},
		"wrapped":   fmt.Errorf("scatter: %w", &etsi.Error{Status: 503, Message: "too few hubs"}),
	}
	for _, test := range tests {
		w := network.get(test.target, test.sender...)
		if body := strings.TrimSpace(w.Body.String()); w.Code != test.status || body != test.body {
			t.Errorf("GET %s from %q\n got %d %s\nwant %d %s", test.target, test.sender, w.Code, body, test.status, test.body)
		}
	}
}

func TestMalformedSAEID(t *testing.T) {
	// No request from the network has such a path; a request in memory may have.
	r := httptest.NewRequest(http.MethodGet, carolPath+"/api/v1/keys/50/status", nil)
	r.URL.RawPath = carolPath + "/api/v1/keys/50%/status"
	w := newNetwork("sofia").do(r, "sam")
	const want = `{"message":"malformed SAE ID","details":[{"SAE_ID":"50%"}]}`
	if body := strings.TrimSpace(w.Body.String()); w.Code != http.StatusBadRequest || body != want {
		t.Errorf("got %d %s, want 400 %s", w.Code, body, want)
	}
}

func TestInternalErrorIsLogged(t *testing.T) {
	network := newNetwork("sofia")
	network.carol.failures["broken"] = errors.New("disk on fire")
	network.get(carolPath + "/api/v1/keys/sofia/status")
	network.get(carolPath + "/api/v1/keys/nobody/status")
	if network.log.Len() > 0 {
		t.Errorf("logged without need: %s", network.log)
	}
	network.get(carolPath + "/api/v1/keys/broken/status")
	if log := network.log.String(); !strings.Contains(log, "disk on fire") || !strings.Contains(log, "/keys/broken/status") {
		t.Errorf("the log lacks the cause or the path: %q", log)
	}
}

func TestJSONForms(t *testing.T) {
	network := newNetwork("sofia", "susan")
	status := network.get(carolPath + "/api/v1/keys/sofia/status")
	const want = `{"source_KME_ID":"carol","target_KME_ID":"connie","master_SAE_ID":"sam","slave_SAE_ID":"sofia",` +
		`"key_size":256,"stored_key_count":32768,"max_key_count":100000,"max_key_per_request":128,` +
		`"max_key_size":16777216,"min_key_size":64,"max_SAE_ID_count":16,"status_extension":{"max_request_size":67108864}}`
	if got := strings.TrimSpace(status.Body.String()); status.Code != http.StatusOK || got != want {
		t.Errorf("status\n got %d %s\nwant 200 %s", status.Code, got, want)
	}
	made := network.get(carolPath+"/api/v1/keys/sofia/enc_keys?size=64&color=blue", "sam")
	form := regexp.MustCompile(`^{"keys":\[{"key_ID":"([0-9a-f-]{36})","key":"[0-9A-Za-z+/]{11}="}\]}\s$`)
	match := form.FindStringSubmatch(made.Body.String())
	if match == nil {
		t.Fatalf("enc_keys: %d %s", made.Code, made.Body)
	}
	target := conniePath + "/api/v1/keys/sam/dec_keys?color=blue&key_ID=" + strings.ToUpper(match[1])
	fetched := network.get(target, "sofia")
	if fetched.Code != http.StatusOK || fetched.Body.String() != made.Body.String() {
		t.Errorf("dec_keys: %d %s, want 200 %s", fetched.Code, fetched.Body, made.Body)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store"} {
		if got := fetched.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestContainerIsAlwaysAnArray(t *testing.T) {
	data, err := json.Marshal(etsi.KeyContainer{})
	if err != nil || string(data) != `{"keys":[]}` {
		t.Errorf("%s, %v", data, err)
	}
	key := etsi.Key{ID: uuid.Nil, Key: etsi.NewSecret([]byte{0xfb, 0xff})}
	data, err = json.Marshal(&etsi.KeyContainer{Keys: []etsi.Key{key}})
	const want = `{"keys":[{"key_ID":"00000000-0000-0000-0000-000000000000","key":"+/8="}]}`
	if err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
}
