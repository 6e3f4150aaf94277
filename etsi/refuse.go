package etsi

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
)

// Refusals says how a server answers with errors, including those of SKIP.
type Refusals struct {
	// Log gets every refusal: a 500 with the text that the caller does not get, a 401 with the
	// address of the caller, and the others at level debug.
	Log *slog.Logger

	// Strict leaves the body of a 401 empty, as in the standard (clause 5), which names no data for
	// that status. Otherwise the body of a 401 gives the reason, in the form of other errors:
	// people who set up an encryptor need it, and some clients fail because of the empty body
	// instead of the status.
	Strict bool
}

// Answer answers a request with the [Error] for err.
func (f Refusals) Answer(w http.ResponseWriter, r *http.Request, err error) {
	e := ErrorOf(err)
	f.note(r, e, err)
	if e.Status == http.StatusUnauthorized {
		if r.TLS == nil { // over TLS a certificate is missing, and no scheme asks for that
			w.Header().Set("WWW-Authenticate", `Basic realm="the user name is the SAE ID", charset="UTF-8"`)
		}
		if f.Strict {
			w.WriteHeader(e.Status)
			return
		}
	}
	WriteError(w, e)
}

// note logs the refusal.
func (f Refusals) note(r *http.Request, e *Error, err error) {
	log := f.Log.With("method", r.Method, "path", fmt.Sprintf("%.1024s", r.URL.Path), "from", r.RemoteAddr)
	switch e.Status {
	case http.StatusInternalServerError:
		log.ErrorContext(r.Context(), "internal error", "error", err)
	case http.StatusUnauthorized:
		log.InfoContext(r.Context(), "refused", "status", e.Status, "reason", e.Message)
	default:
		log.DebugContext(r.Context(), "refused", "status", e.Status, "reason", e.Error())
	}
}

// WriteError answers a request with e in the form of the standard (clause 6.5), where details is an
// array. It is for code that refuses requests on behalf of a KME.
func WriteError(w http.ResponseWriter, e *Error) {
	body, err := json.Marshal(e)
	if err != nil { // details that JSON cannot express
		body = []byte(`{"message":"internal error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	w.Write(append(body, '\n'))
}
