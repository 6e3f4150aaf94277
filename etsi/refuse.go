package etsi

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
)

// Refusals is how a server answers with errors, those of SKIP included.
type Refusals struct {
	// Log is told of every refusal: a 500 with what the caller is not told, a 401 with where the
	// caller is, and the rest for whoever looks for it (level debug).
	Log *slog.Logger

	// Strict leaves the body of a 401 empty, as the standard has it (clause 5): it names no data
	// for that status. Otherwise a 401 says in the form of other errors why the caller is none:
	// that is what people ask who set up an encryptor, and there are clients that fail on the empty
	// body instead of on the status.
	Strict bool
}

// Answer answers a request with what err amounts to.
func (f Refusals) Answer(w http.ResponseWriter, r *http.Request, err error) {
	e := ErrorOf(err)
	f.note(r, e, err)
	if e.Status == http.StatusUnauthorized {
		if r.TLS == nil { // over TLS a certificate is missing, which no scheme asks for
			w.Header().Set("WWW-Authenticate", `Basic realm="the user name is the SAE ID", charset="UTF-8"`)
		}
		if f.Strict {
			w.WriteHeader(e.Status)
			return
		}
	}
	WriteError(w, e)
}

// note writes the line of the log.
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
// array. It is for whoever refuses requests on behalf of a KME.
func WriteError(w http.ResponseWriter, e *Error) {
	body, err := json.Marshal(e)
	if err != nil { // details that JSON cannot express
		body = []byte(`{"message":"internal error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	w.Write(append(body, '\n'))
}
