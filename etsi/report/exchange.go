package report

import (
	"fmt"
	"net/http"
	"regexp"
)

// Exchange is a request of a check and its answer. Secrets are left out, and long texts are cut.
type Exchange struct {
	Request     string `json:"request"` // such as GET https://…
	RequestBody string `json:"request_body,omitempty"`
	Answer      string `json:"answer"` // such as 200 OK, application/json
	AnswerBody  string `json:"answer_body,omitempty"`
}

// NewExchange returns the exchange of a request, such as GET https://…, and an answer over HTTP.
func NewExchange(request string, body []byte, status int, contentType string, answer []byte) Exchange {
	return Exchange{request, shown(body), fmt.Sprintf("%d %s, %s", status, http.StatusText(status), contentType), shown(answer)}
}

// longestShown is the maximum size of a body that is shown, in bytes.
const longestShown = 2000

// secretMember finds the values of keys, of random strings and of PSRD in JSON, even in malformed
// JSON.
var secretMember = regexp.MustCompile(`("(?:key|randomStr|data|value)"\s*:\s*")([^"]*)`)

// longestRead is the maximum size of a body that is processed, in bytes: some have megabytes.
const longestRead = 64 << 10

// shown returns the part of a body that is shown in a report.
func shown(body []byte) string {
	hidden := secretMember.ReplaceAllFunc(body[:min(len(body), longestRead)], func(member []byte) []byte {
		parts := secretMember.FindSubmatch(member)
		return fmt.Appendf(nil, "%s[%d characters]", parts[1], len(parts[2]))
	})
	if len(hidden) > longestShown || len(body) > longestRead {
		return fmt.Sprintf("%s… (%d bytes)", hidden[:min(len(hidden), longestShown)], len(body))
	}
	return string(hidden)
}
