package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The requests written here equal those of package http.
func TestRequestsAreWrittenAsHTTP(t *testing.T) {
	for name, change := range map[string]func(r *http.Request){
		"POST":              func(*http.Request) {},
		"GET":               func(r *http.Request) { r.Method, r.Body, r.ContentLength = "GET", http.NoBody, 0 },
		"GET, no body":      func(r *http.Request) { r.Method, r.Body, r.ContentLength = "GET", nil, 0 },
		"POST without body": func(r *http.Request) { r.Body, r.ContentLength = nil, 0 },
		"GET with a body":   func(r *http.Request) { r.Method = "GET" },
		"empty body":        func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 },
		"unknown length":    func(r *http.Request) { r.ContentLength = -1 },
		"two values":        func(r *http.Request) { r.Header.Add("Dske-Signature", "another") },
		"end of a line":     func(r *http.Request) { r.Header.Set("Dske-Signature", "a\r\nb: c") },
		"other header":      func(r *http.Request) { r.Header.Set("Content-Length", "7") },
		"other host":        func(r *http.Request) { r.Host = "elsewhere" },
		"other method":      func(r *http.Request) { r.Method = "DELETE" },
		"encoded path":      func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/a/b", "/a%2Fb" },
		"close":             func(r *http.Request) { r.Close = true },
	} {
		t.Run(name, func(t *testing.T) {
			written := func(write func(r *http.Request, to *bufio.Writer) error) string {
				r, err := http.NewRequest("POST", "http://127.0.0.1:80/hub/hank/a?b=c%20d", strings.NewReader(`{"body": 1}`))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Accept-Encoding", "identity")
				r.Header.Set("Dske-Signature", "signature%=")
				change(r)
				var all bytes.Buffer
				to := bufio.NewWriter(&all)
				if err := errors.Join(write(r, to), to.Flush()); err != nil {
					t.Fatal(err)
				}
				return readAgain(t, &all)
			}
			want := written(func(r *http.Request, to *bufio.Writer) error { return r.Write(to) })
			if got := written(func(r *http.Request, to *bufio.Writer) error { return writeRequest(to, r) }); got != want {
				t.Fatalf("%s, want %s", got, want)
			}
		})
	}
}

// readAgain returns a request as a server reads it.
func readAgain(t *testing.T, written io.Reader) string {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(written))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s %s %s %v %d %v %v %s", r.Method, r.RequestURI, r.Proto, r.Host, r.Header, r.ContentLength, r.TransferEncoding, r.Close, body)
}

func TestNoShortBodyIsWritten(t *testing.T) {
	r, err := http.NewRequest("POST", "http://127.0.0.1:80/", strings.NewReader("short"))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 10
	if err := writeRequest(bufio.NewWriter(io.Discard), r); err == nil {
		t.Fatal("a body that is shorter than it should be was written")
	}
}

// The responses read here equal those of package http, and exactly the bytes of the response are
// consumed.
func FuzzResponse(f *testing.F) {
	const plain = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDske-Signature: a%b=\r\nContent-Length: 2\r\n\r\n{}next"
	f.Add(plain)
	for _, change := range [][2]string{
		{"200 OK", "404 Not Found"}, {"200 OK", "204 No Content"}, {"200 OK", "304 Not Modified"}, {"200 OK", "200"}, {"200 OK", "200OK"}, {"200 OK", "2000 OK"}, {"200 OK", "200 \n"}, {"200 OK", "200 \r"}, {"200 OK", "200  OK "}, {"a%b=", "a\nb"}, {"Dske-Signature", " "}, {"Dske-Signature", `"`}, {"200 OK", "-20 OK"},
		{"200 OK", "100 Continue\r\n\r\nHTTP/1.1 200 OK"}, {"1.1", "1.0"}, {"1.1", "2.0"}, {"\r\nDske", "\nDske"}, {"{}next", "{"},
		{"Content-Length: 2", "Content-Length: 0"}, {"Content-Length: 2", "Content-Length: 2\r\nContent-Length: 2"}, {"Content-Length: 2", "Content-Length: 2, 2"},
		{"Content-Length: 2", "Content-Length: +2"}, {"Content-Length: 2", "Content-Length:  2 "}, {"Content-Length: 2", "Content-Length: -2"}, {"Content-Length: 2", "content-length: 2"},
		{"Content-Length: 2", "Connection: close"}, {"Content-Length: 2", "Content-Length: 2\r\nConnection: close"}, {"Content-Length: 2", "Transfer-Encoding: chunked"},
		{"Content-Length: 2", "Content-Length: 2\r\nTrailer: A"}, {"Content-Length: 2", "Content-Length: 2\r\nPragma: no-cache"}, {"Dske-Signature", "dske-signature"}, {"Dske-Signature", "Dske Signature"},
		{"a%b=", "a\r\n b"}, {"a%b=", ""}, {"a%b=", "\x00"}, {"a%b=", "\xff"}, {": a", ":a"}, {"Dske-Signature: a%b=\r\n", "Dske-Signature: a\r\nDske-Signature: b\r\n"}, {"Content-Type: ", ""},
	} {
		f.Add(strings.Replace(plain, change[0], change[1], 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := responseIn(text, http.ReadResponse)
		if got := responseIn(text, readResponse); got != want {
			t.Fatalf("%q is read as\n%s, want\n%s", text, got, want)
		}
	})
}

// responseIn returns the responses that a function reads from a text, and the rest of the text.
func responseIn(text string, read func(*bufio.Reader, *http.Request) (*http.Response, error)) string {
	in := bufio.NewReader(strings.NewReader(text))
	response, err := read(in, &http.Request{Method: "GET"})
	if err != nil {
		return "an error"
	}
	body, failed := io.ReadAll(response.Body)
	rest, _ := io.ReadAll(in)
	return fmt.Sprintf("%s %d %s %v %d %v %v %q %v %q", response.Status, response.StatusCode, response.Proto, response.Header, response.ContentLength, response.Close, response.TransferEncoding, body, failed, rest)
}

// Plain responses are not read by package http.
func TestPlainResponse(t *testing.T) {
	if plainResponse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDske-Signature: a", nil, &http.Request{}) == nil {
		t.Fatal("it is not found to be plain")
	}
}
