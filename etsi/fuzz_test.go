package etsi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"dske/etsi"
)

// FuzzQuery sends arbitrary headers, paths and queries: an answer is a refusal or keys, and never a
// failure.
func FuzzQuery(f *testing.F) {
	for _, call := range []string{"sofia/enc_keys", "sofia/dec_keys", "sofia/status", "sam/status", "a%2Fb/status", "//"} {
		for _, query := range []string{"", "number=1&size=64", "number=9&size=9", "size=%zz", "a;b",
			"number=128&size=16777216", "size=9999999999999999999999", "number=-1&number=2", "number=+1",
			"key_ID=5D3D3F39-6A9C-4C0E-8A3E-6F3F2D1F0B11", "key_ID=1", "key_ID="} {
			f.Add("sam", call, query)
		}
	}
	f.Add("stranger", "sofia/status", "")
	f.Fuzz(func(t *testing.T, sae, call, query string) {
		target, err := url.Parse(carolPath + "/api/v1/keys/" + call)
		if err != nil {
			t.Skip()
		}
		target.RawQuery = query
		r := &http.Request{Method: http.MethodGet, URL: target, Header: http.Header{}}
		checkForm(t, newNetwork("sofia", "susan").do(r, sae))
	})
}

// FuzzBody sends arbitrary bodies of a POST.
func FuzzBody(f *testing.F) {
	const id = `"5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b11"`
	for _, body := range []string{"", "{}", "null", "[]", "{", "17", `"a"`, `{"number": 2, "size": 64}`, `{"number": 1e400}`,
		`{"size": -0}`, `{"number": 128, "size": 16777216}`, `{"additional_slave_SAE_IDs": ["susan", "sam", ""]}`,
		`{"extension_mandatory": [{"a": [{}]}, null]}`, `{"extension_optional": 1}`, `{"key_IDs": [{"key_ID": ` + id + `}]}`,
		`{"key_IDs": [{"key_ID": ` + id + `}, {"key_ID": ` + id + `}]}`, `{"key_IDs": [null, {}, []]}`, `{"key_IDs": {"key_ID": "x"}}`} {
		f.Add(true, []byte(body))
		f.Add(false, []byte(body))
	}
	f.Fuzz(func(t *testing.T, enc bool, body []byte) {
		network := newNetwork("sofia", "susan")
		if enc {
			checkForm(t, network.post(encKeys, string(body), "sam"))
		} else {
			checkForm(t, network.post(decKeys, string(body), "sofia"))
		}
	})
}

// checkForm fails the test unless w is keys or a refusal in the form of the standard.
func checkForm(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	switch w.Code {
	case http.StatusOK:
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Errorf("answer %s: %v", w.Body, err)
		}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusServiceUnavailable, http.StatusUnauthorized,
		http.StatusNotFound:
		var refusal etsi.Error
		if err := json.Unmarshal(w.Body.Bytes(), &refusal); err != nil || refusal.Message == "" {
			t.Errorf("refusal %s: %v", w.Body, err)
		}
	default:
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
