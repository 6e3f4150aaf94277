package scenario

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxShown is how much of a body is printed, in bytes.
const maxShown = 64 << 10

func doHTTP(c call) (string, error) {
	args, err := c.splitRequest()
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(c.Context(), args.method, c.remote.URL+args.path, strings.NewReader(args.body))
	if err != nil {
		return "", err
	}
	request.Header = args.header
	response, err := c.http(args.from).Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxShown))
	if err != nil {
		return "", err
	}
	out := fmt.Sprintf("%d %s\n", response.StatusCode, http.StatusText(response.StatusCode))
	if len(body) > 0 {
		out += strings.TrimSuffix(string(body), "\n") + "\n"
	}
	return out, nil
}

// httpArgs has the arguments of http.
type httpArgs struct {
	method, path, body, from string
	header                   http.Header
}

func (c call) splitRequest() (httpArgs, error) {
	a := httpArgs{header: http.Header{}, from: "outside"}
	if len(c.args) < 2 || !strings.HasPrefix(c.args[1], "/") {
		return a, errUsage
	}
	a.method, a.path = strings.ToUpper(c.args[0]), c.args[1]
	seen := map[string]bool{}
	for _, arg := range c.args[2:] {
		option, value, _ := strings.Cut(arg, "=")
		if seen[option] && option != "header" {
			return a, mistakef("%s= is given twice: remove one", option)
		}
		seen[option] = true
		switch option {
		case "header":
			name, text, _ := strings.Cut(value, ":")
			a.header.Add(name, strings.TrimSpace(text))
		case "body":
			a.body = value
		case "as":
			a.header.Set("Authorization", value)
			a.from = "sae/" + value
		default:
			return a, errUsage
		}
	}
	return a, nil
}
