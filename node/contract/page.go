package contract

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
)

var (
	elsewhere  = regexp.MustCompile(`(https?:)?//\w[^"' ]*\.[^"' ]*`)
	loaded     = regexp.MustCompile(`\b(?:src|href)\s*=\s*["']?([^"'\s>]+)`)
	documented = regexp.MustCompile(`"swaggerJsonUrl":"([^"]+)"`)
	imported   = regexp.MustCompile(`@import|url\(["']?(https?:)?//`)
)

// CheckDocs follows everything that the documentation page under a prefix loads. It fails unless
// all of it exists, and if anything comes from another host.
func CheckDocs(handler http.Handler, prefix string) error {
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	page := get(prefix + "/docs").Body.String()
	if names := elsewhere.FindAllString(page, -1); names != nil {
		return fmt.Errorf("the page names other hosts: %q", names)
	}
	links := append(loaded.FindAllStringSubmatch(page, -1), documented.FindAllStringSubmatch(page, -1)...)
	if len(links) < 5 {
		return fmt.Errorf("the page loads only %q", links)
	}
	var errs []error
	for _, link := range links {
		w := get(link[1])
		if !strings.HasPrefix(link[1], prefix+"/") || w.Code != http.StatusOK || w.Body.Len() == 0 {
			errs = append(errs, fmt.Errorf("%s: %d, %d bytes", link[1], w.Code, w.Body.Len()))
		}
		if strings.HasSuffix(link[1], ".css") && imported.Match(w.Body.Bytes()) {
			errs = append(errs, fmt.Errorf("%s loads from other hosts", link[1]))
		}
	}
	return errors.Join(errs...)
}
