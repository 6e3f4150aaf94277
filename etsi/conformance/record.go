package conformance

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

// record is what was exchanged for a check.
type record struct {
	exchanges []Exchange
}

// longestShown is how much of a body is shown, in bytes.
const longestShown = 2000

// secretMember finds the values of keys and of random strings in JSON, whatever else is wrong with
// it.
var secretMember = regexp.MustCompile(`("(?:key|randomStr)"\s*:\s*")([^"]*)`)

// shown returns what of a body is fit for a report.
func shown(body []byte) string {
	hidden := secretMember.ReplaceAllFunc(body, func(member []byte) []byte {
		parts := secretMember.FindSubmatch(member)
		return fmt.Appendf(nil, "%s[%d characters]", parts[1], len(parts[2]))
	})
	if len(hidden) > longestShown {
		return fmt.Sprintf("%s… (%d bytes)", hidden[:longestShown], len(body))
	}
	return string(hidden)
}

func (r *record) add(request, body string, a answer) {
	r.exchanges = append(r.exchanges, Exchange{request, shown([]byte(body)),
		fmt.Sprintf("%d %s, %s", a.status, http.StatusText(a.status), a.header.Get("Content-Type")), shown(a.body)})
}
