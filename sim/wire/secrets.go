package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// ExchangeHeader marks the requests of an exchange that is made for display. The nodes ignore it.
const ExchangeHeader = "Dske-Exchange"

// Fingerprint returns the first 8 bytes of the SHA-256 of a key, in hex.
func Fingerprint(key []byte) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// maxBody is how much of a body is kept, in bytes.
const maxBody = 16 << 10

// notShown replaces secrets.
const notShown = "(not shown)"

// WithoutSecrets returns a copy of a message without its keys, PSRD and tokens, and with only the
// first 16 KiB of a body.
func (m Message) WithoutSecrets() Message {
	m.Handed = m.Fingerprint()
	m.Header, m.Response.Header = m.Header.Clone(), m.Response.Header.Clone()
	m.Header.Del(ExchangeHeader)
	switch KindOf(m.Method, m.Path) {
	case KindShare, KindFetch:
	case KindEncryptor:
		if scheme, _, found := strings.Cut(m.Header.Get("Authorization"), " "); found { // a password, or a token
			m.Header.Set("Authorization", scheme+" "+notShown)
		}
		if m.Response.Status == http.StatusOK {
			m.Response.Body = withoutKeys(m.Response.Body)
		}
	default:
		m.Body, m.Response.Body = hide(m.Body), hide(m.Response.Body)
		for name := range m.Header {
			m.Header[name] = []string{notShown}
		}
	}
	m.Body, m.Response.Body = clip(m.Body), clip(m.Response.Body)
	return m
}

func hide(body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	return []byte(notShown)
}

// withoutKeys returns the answer to an encryptor without the keys. It returns nothing of a
// malformed answer.
func withoutKeys(body []byte) []byte {
	var answer struct {
		Keys []map[string]any `json:"keys"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Keys == nil {
		return hide(body)
	}
	for _, key := range answer.Keys {
		if _, found := key["key"]; found {
			key["key"] = notShown
		}
	}
	text, _ := json.Marshal(answer) // cannot fail: it was JSON
	return text
}

// clip copies the start of a body.
func clip(body []byte) []byte {
	if len(body) <= maxBody {
		return bytes.Clone(body)
	}
	return fmt.Appendf(bytes.Clone(body[:maxBody]), "… of %d bytes", len(body))
}

// Fingerprint returns the fingerprint of the key in an answer to an encryptor, or "".
func (m Message) Fingerprint() string {
	if m.Handed != "" || KindOf(m.Method, m.Path) != KindEncryptor || m.Response.Status != http.StatusOK {
		return m.Handed
	}
	var answer struct {
		Keys []struct {
			Key []byte `json:"key"`
		} `json:"keys"`
	}
	if json.Unmarshal(m.Response.Body, &answer) != nil || len(answer.Keys) != 1 { // a malformed body has no key
		return ""
	}
	defer clear(answer.Keys[0].Key)
	return Fingerprint(answer.Keys[0].Key)
}
