package wire

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"dske/protocol"
)

// This file only saves time. The messages of nodes are plain HTTP; package http looks for much in
// them that is never there. Without this file a key pair takes 6 % longer over loopback. Package
// http handles whatever is not plain.

// ends are the characters that could end a part of a request too early.
const ends = " \t\r\n"

// writeRequest writes a request like [http.Request.Write].
func writeRequest(w *bufio.Writer, r *http.Request) error {
	if !isPlain(r) {
		return r.Write(w)
	}
	for _, part := range [...]string{r.Method, " ", r.URL.RequestURI(), " HTTP/1.1\r\nHost: ", r.URL.Host, "\r\nUser-Agent: Go-http-client/1.1\r\n"} {
		w.WriteString(part) // w keeps its first error
	}
	for name, values := range r.Header {
		for _, part := range [...]string{name, ": ", values[0], "\r\n"} {
			w.WriteString(part)
		}
	}
	if r.ContentLength > 0 {
		w.WriteString("Content-Length: ")
		w.Write(strconv.AppendInt(w.AvailableBuffer(), r.ContentLength, 10))
		w.WriteString("\r\n")
	}
	if _, err := w.WriteString("\r\n"); err != nil || r.ContentLength == 0 {
		return err
	}
	if n, err := io.Copy(w, r.Body); err != nil || n != r.ContentLength {
		return cmp.Or(err, io.ErrUnexpectedEOF)
	}
	return nil
}

// isPlain reports whether a request is of the kind that nodes make: a GET, or a request with a body
// of known length, without anything that could end a line or is about HTTP itself.
func isPlain(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet:
		if r.Body != http.NoBody {
			return false
		}
	case http.MethodPost, http.MethodPut:
		if r.Body == nil || r.ContentLength <= 0 {
			return false
		}
	default:
		return false
	}
	for name, values := range r.Header {
		switch name {
		case protocol.SignatureHeader, protocol.TokenHeader, "Accept-Encoding", "Content-Type":
		default:
			return false
		}
		if len(values) != 1 || strings.ContainsAny(values[0], ends) {
			return false
		}
	}
	return r.Host == r.URL.Host && !strings.ContainsAny(r.URL.RawQuery, ends) && !r.Close && r.TransferEncoding == nil && r.Trailer == nil
}

// readResponse reads a response like [http.ReadResponse].
func readResponse(in *bufio.Reader, r *http.Request) (*http.Response, error) {
	if _, err := in.Peek(1); err == nil {
		come, _ := in.Peek(in.Buffered())
		if end := bytes.Index(come, []byte("\r\n\r\n")); end >= 0 {
			if response := plainResponse(string(come[:end]), in, r); response != nil {
				in.Discard(end + len("\r\n\r\n"))
				return response, nil
			}
		}
	}
	return http.ReadResponse(in, r)
}

// plainResponse returns the response with the given head, or nil unless its body has a known
// length.
func plainResponse(head string, in *bufio.Reader, r *http.Request) *http.Response {
	first, rest, _ := strings.Cut(head, "\r\n")
	status, isOurs := strings.CutPrefix(first, "HTTP/1.1 ")
	code, err := strconv.Atoi(status[:min(3, len(status))])
	if !isOurs || err != nil || code < 200 || code == http.StatusNoContent || code == http.StatusNotModified ||
		len(status) < 4 || status[3] != ' ' || !isPrintable(status) || r.Method == http.MethodHead {
		return nil
	}
	header, length := http.Header{}, int64(-1)
	values := make([]string, 0, 1+strings.Count(rest, "\r\n"))
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Connection", "Pragma", "Trailer", "Transfer-Encoding":
			return nil
		case "Content-Length":
			if length, err = strconv.ParseInt(value, 10, 64); err != nil || length < 0 || value[0] == '+' {
				return nil
			}
		}
		if header[name] != nil || !isPlainLine(name, value) {
			return nil
		}
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	if length < 0 {
		return nil
	}
	return &http.Response{
		Status: status, StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: &sizedBody{in, length}, ContentLength: length, Request: r,
	}
}

// isPlainLine reports whether package http would find the same name and value in the header.
func isPlainLine(name, value string) bool {
	return name != "" && value != "" && !strings.ContainsFunc(name, isOdd) && isPrintable(value) && strings.Trim(value, " ") == value && textproto.CanonicalMIMEHeaderKey(name) == name
}

// isOdd reports whether a character does not occur in the names of our headers.
func isOdd(c rune) bool {
	return c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
}

func isPrintable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// sizedBody is a body of a known size.
type sizedBody struct {
	in   *bufio.Reader
	left int64 // bytes
}

func (b *sizedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case b.left == 0 && n > 0:
		err = io.EOF
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements [io.Closer]. It does not close the connection.
func (b *sizedBody) Close() error { return nil }
