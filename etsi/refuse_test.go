package etsi_test

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"dske/etsi"
)

func TestWhatNoRouteTakes(t *testing.T) {
	network := newNetwork("sofia")
	const keys = carolPath + "/api/v1/keys/"
	const there = "unknown path; there are /api/v1/keys/{SAE ID}/status, …/enc_keys and …/dec_keys"
	for _, test := range []struct {
		method, target string
		status         int
		body           string
		allow          string
	}{
		{"PUT", keys + "sofia/enc_keys", 405, `{"message":"wrong method for this path, which has GET, POST","details":[{"path":"/api/v1/keys/sofia/enc_keys"}]}`, "GET, POST"},
		{"POST", keys + "sofia/status", 405, `{"message":"wrong method for this path, which has GET","details":[{"path":"/api/v1/keys/sofia/status"}]}`, "GET"},
		{"GET", keys + "sofia/status/", 404, `{"message":"unknown path; what is there is /api/v1/keys/sofia/status","details":[{"path":"/api/v1/keys/sofia/status/"}]}`, ""},
		{"GET", carolPath + "//api/v1/keys/sofia//status", 404, `{"message":"unknown path; what is there is /api/v1/keys/sofia/status","details":[{"path":"//api/v1/keys/sofia//status"}]}`, ""},
		{"GET", keys + "/sofia/dec_keys", 404, `{"message":"unknown path; what is there is /api/v1/keys/sofia/dec_keys","details":[{"path":"/api/v1/keys//sofia/dec_keys"}]}`, ""},
		{"GET", keys + "sofia/keys", 404, `{"message":"` + there + `","details":[{"path":"/api/v1/keys/sofia/keys"}]}`, ""},
		{"GET", carolPath + "/", 404, `{"message":"` + there + `","details":[{"path":"/"}]}`, ""},
	} {
		w := network.do(httptest.NewRequest(test.method, test.target, nil), "sam")
		if body := strings.TrimSpace(w.Body.String()); w.Code != test.status || body != test.body || w.Header().Get("Allow") != test.allow {
			t.Errorf("%s %s\n got %d %s, Allow %q\nwant %d %s", test.method, test.target, w.Code, body, w.Header().Get("Allow"), test.status, test.body)
		}
	}
}

func TestBasicNamesTheSAE(t *testing.T) {
	network := newNetwork("sofia", "a: b") // connie's
	r := httptest.NewRequest(http.MethodGet, conniePath+"/api/v1/keys/sam/status", nil)
	r.SetBasicAuth("sofia", "whatever")
	if w := network.do(r, r.Header.Values("Authorization")...); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := network.get(conniePath + "/api/v1/keys/sam/status")
	if want := `Basic realm="the user name is the SAE ID", charset="UTF-8"`; w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != want {
		t.Errorf("%d, %q", w.Code, w.Header())
	}
}

func TestBasicIsNoIdentityOverTLS(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, carolPath+"/api/v1/keys/sofia/status", nil)
	r.TLS = &tls.ConnectionState{}
	r.SetBasicAuth("sam", "")
	w := newNetwork("sofia").do(r, r.Header.Values("Authorization")...)
	if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "" || !strings.Contains(w.Body.String(), "no certificate was shown") {
		t.Errorf("%d %s %q", w.Code, w.Body, w.Header())
	}
}

func TestStrict401IsEmpty(t *testing.T) {
	e := echo.New()
	carol := newNetwork("sofia").carol
	etsi.Register(e.Group("/etsi"), func(*http.Request) (etsi.KME, etsi.Refusals) {
		return carol, etsi.Refusals{Log: slog.New(slog.DiscardHandler), Strict: true}
	})
	r := httptest.NewRequest(http.MethodGet, "/etsi/api/v1/keys/sofia/status", nil)
	r.Header.Set("Authorization", "stranger")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized || w.Body.Len() > 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestRefusedCallersAreLogged(t *testing.T) {
	network := newNetwork("sofia", "susan")
	made := network.get(carolPath+"/api/v1/keys/sofia/enc_keys", "sam")
	_, rest, _ := strings.Cut(made.Body.String(), `"key_ID":"`)
	network.get(carolPath+"/api/v1/keys/sofia/status", "stranger")
	w := network.get(conniePath+"/api/v1/keys/sam/dec_keys?key_ID="+rest[:36], "susan")
	if want := `{"message":"a key was made for other SAEs"}`; strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
	log := network.log.String()
	if strings.Count(log, "msg=refused") != 2 || !strings.Contains(log, "192.0.2.1:1234") || !strings.Contains(log, "made for other SAEs") {
		t.Errorf("the log is\n%s", log)
	}
	if strings.Contains(log, "stranger") {
		t.Errorf("the log repeats what a stranger has sent:\n%s", log)
	}
}
