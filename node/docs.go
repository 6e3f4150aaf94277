package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// Page adds what can be read without any effect: GET, and HEAD, which has to be there along with it
// (RFC 9110, clause 9.1).
func Page(g *echo.Group, path string, handler echo.HandlerFunc, middleware ...echo.MiddlewareFunc) {
	g.Match([]string{http.MethodGet, http.MethodHead}, path, handler, middleware...)
}

// MountDocs adds /docs to a group: a page, with all that it needs, that shows the OpenAPI
// description which the group has at /openapi.json. Of returns its title, and what the paths of the
// group start with in a request.
func MountDocs(g *echo.Group, of func(*http.Request) (title, prefix string)) {
	var files unpacked
	docs := func(c echo.Context) error {
		title, prefix := of(c.Request())
		handler := v5emb.New(title, prefix+"/openapi.json", prefix+"/docs")
		if c.Param("*") != "" {
			BeStrict(c.Response().Header(), Closed)
			files.serve(c, handler)
			return nil
		}
		var p document
		handler.ServeHTTP(&p, c.Request())
		BeStrict(c.Response().Header(), p.policy())
		return c.HTMLBlob(http.StatusOK, p.Bytes())
	}
	Page(g, "/docs", docs)
	Page(g, "/docs/*", docs)
}

// unpacked is the files beside the page as they are for callers who do not take them compressed.
// The library, which has them compressed, unpacks them for each request: over and over, that costs
// as much as all else that strangers can ask for.
type unpacked struct {
	mu    sync.Mutex
	files map[string][]byte // by name
}

func (u *unpacked) serve(c echo.Context, library http.Handler) {
	r := c.Request()
	if strings.Contains(r.Header.Get(echo.HeaderAcceptEncoding), "gzip") {
		library.ServeHTTP(c.Response(), r)
		return
	}
	name := c.Param("*")
	if file, found := u.find(name, library, r); found {
		http.ServeContent(c.Response(), r, name, time.Time{}, bytes.NewReader(file))
	} else {
		library.ServeHTTP(c.Response(), r)
	}
}

// find returns the file of a name, if the library has it.
func (u *unpacked) find(name string, library http.Handler, r *http.Request) ([]byte, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if file, found := u.files[name]; found {
		return file, true
	}
	get := r.Clone(r.Context())
	get.Method, get.Header = http.MethodGet, http.Header{}
	var d document
	if library.ServeHTTP(&d, get); d.refused {
		return nil, false
	}
	if u.files == nil {
		u.files = map[string][]byte{}
	}
	u.files[name] = d.Bytes()
	return d.Bytes(), true
}

// document is the page of the documentation, or a file beside it, as the library writes it.
type document struct {
	bytes.Buffer
	refused bool // the library has no such file
}

func (*document) Header() http.Header { return http.Header{} }

func (d *document) WriteHeader(status int) { d.refused = status != http.StatusOK }

var script = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// policy lets the page load what the library has beside it and ask the port, and run the scripts
// that are in it.
func (d *document) policy() string {
	scripts := []string{"script-src 'self'"}
	for _, s := range script.FindAllSubmatch(d.Bytes(), -1) {
		sum := sha256.Sum256(s[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return strings.Join([]string{
		"default-src 'none'",
		strings.Join(scripts, " "),
		"style-src 'self' 'unsafe-inline'", // the library styles what it draws
		"img-src 'self' data:",
		"connect-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
