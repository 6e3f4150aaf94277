package report

import (
	"fmt"
	"net/http"
	"regexp"
)

// Exchange is what was asked for a check, and what was answered. What is secret in it is left out,
// and what is long cut.
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

// longestShown is how much of a body is shown, in bytes.
const longestShown = 2000

// secretMember finds the values of keys, of random strings and of PSRD in JSON, whatever else is
// wrong with it.
var secretMember = regexp.MustCompile(`("(?:key|randomStr|data|value)"\s*:\s*")([^"]*)`)

// longestRead is how much of a body is looked at, in bytes: there are some of megabytes.
const longestRead = 64 << 10

// shown returns what of a body is fit for a report.
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
