package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"dske/protocol"
)

var tamperKind = kind{name: "tamper", value: "=request|response",
	summary: "one bit is flipped, where=body (the default), query or signature", where: "body", build: newTamper}

func newTamper(s Spec) (built, error) {
	if err := oneOf(s.Value, "request", "response"); err != nil {
		return built{}, err
	}
	switch {
	case !slices.Contains([]string{"body", "query", "signature"}, s.Where):
		return built{}, fmt.Errorf("where=%s is neither body, query nor signature", s.Where)
	case s.Where == "query" && s.Value == "response":
		return built{}, errors.New("a response has no query")
	case s.Value == "request":
		return built{effect: tamperRequest(s.Where)}, nil
	default:
		return built{effect: tamperResponse(s.Where)}, nil
	}
}

func tamperRequest(where string) effect {
	return func(ctx context.Context, _ <-chan struct{}, r *Request, next Deliver) (Response, error) {
		r.Header = r.Header.Clone()
		tamperWith(where, r.Header, &r.Query, &r.Body)
		return next(ctx, r)
	}
}

func tamperResponse(where string) effect {
	return func(ctx context.Context, _ <-chan struct{}, r *Request, next Deliver) (Response, error) {
		response, err := next(ctx, r)
		if err == nil {
			response.Header = response.Header.Clone()
			tamperWith(where, response.Header, nil, &response.Body)
		}
		return response, err
	}
}

func tamperWith(where string, header http.Header, query *string, body *[]byte) {
	switch where {
	case "signature":
		if value := header.Get(protocol.SignatureHeader); value != "" {
			header.Set(protocol.SignatureHeader, string(flip([]byte(value))))
		}
	case "query":
		*query = string(flip([]byte(*query)))
	default:
		*body = flip(*body)
	}
}

// tail is how many bytes at the end of a message are left alone unless it is short: the end of a
// base64 text can have bits without meaning.
const tail = 4

// flip returns data with one lowest bit flipped near the end: in the last digit or hexadecimal
// letter that remains one. So the message stays well-formed, and only its signature shows the
// change.
func flip(data []byte) []byte {
	if len(data) == 0 {
		return data
	}
	data = slices.Clone(data)
	i := bytes.LastIndexAny(data[:max(len(data)-tail, 0)], "0123456789bcdeBCDE")
	if i < 0 {
		i = len(data) - 1
	}
	data[i] ^= 1
	return data
}
