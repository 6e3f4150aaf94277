package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
)

const (
	notMultiple    = "size shall be a multiple of 8"
	notSupported   = "not all extension_mandatory parameters are supported"
	notFound       = "one or more keys specified are not found on KME"
	mandatoryRoute = `{"extension_mandatory": [{"abc_route_type": "direct"}]}`
)

// Get key, over GET and POST. Every KME is assumed to support keys of 128 bits.
var getKeyChecks = []check{
	{"5 enc_keys", "GET without parameters brings one key of key_size", delivers(1, 0, byQuery(""))},
	{"5 enc_keys", "GET with number brings that many keys", delivers(3, 0, byQuery("number=3"))},
	{"5 enc_keys", "GET with size brings a key of that size", delivers(1, 128, byQuery("size=128"))},
	{"5 enc_keys", "GET with number and size", delivers(2, 128, byQuery("number=2&size=128"))},
	{"5 enc_keys", "GET ignores unknown parameters", delivers(1, 0, byQuery("color=blue"))},
	{"5 enc_keys", "Content-Type is application/json", isJSON(byQuery(""))},
	{"5 enc_keys", "two calls bring different keys", differentKeys},
	{"5 enc_keys", "keys of min_key_size are available", func(s *session) error {
		status, err := s.status()
		if err != nil {
			return err
		}
		return delivers(1, status.MinKeySize, byQuery(fmt.Sprintf("size=%d", status.MinKeySize)))(s)
	}},
	{"5 enc_keys", "max_key_per_request keys are available at once, all different", manyKeys},
	{"5 enc_keys", "PUT is refused", func(s *session) error {
		c := s.encKeys("", "{}")
		c.method = http.MethodPut
		return notAllowed(s, c)
	}},
	{"5 enc_keys", "number 0 is 400", refuses("", byQuery("number=0"))},
	{"5 enc_keys", "a negative number is 400", refuses("", byQuery("number=-1"))},
	{"5 enc_keys", "a number that is not an integer is 400", refuses("", byQuery("number=many"))},
	{"5 enc_keys", "a number over max_key_per_request is 400", refuses("", func(s *session) call {
		status, _ := s.status()
		return s.encKeys(fmt.Sprintf("number=%d", status.MaxKeyPerRequest+1), "")
	})},
	{"5 enc_keys", "a size that is not a multiple of 8 is 400, in the words of the standard", refuses(notMultiple, byQuery("size=129"))},
	{"5 enc_keys", "a size that is not an integer is 400", refuses("", byQuery("size=big"))},
	{"5 enc_keys", "a size below min_key_size is 400", refuses("", func(s *session) call {
		status, _ := s.status()
		return s.encKeys(fmt.Sprintf("size=%d", status.MinKeySize-8), "")
	})},
	{"5 enc_keys", "a size over max_key_size is 400", refuses("", func(s *session) call {
		status, _ := s.status()
		return s.encKeys(fmt.Sprintf("size=%d", status.MaxKeySize+8), "")
	})},
	{"5 enc_keys", "an unknown slave SAE is 400", refuses("", func(s *session) call {
		return call{from: s.Master, peer: nobody, name: "enc_keys"}
	})},
	{"5 enc_keys", "the caller itself as slave is 400", refuses("", func(s *session) call {
		return call{from: s.Master, peer: s.Master.SAE, name: "enc_keys"}
	})},
}

// Key requests in a body.
var keyRequestChecks = []check{
	{"6.2", "POST without a body brings one key of key_size", delivers(1, 0, func(s *session) call {
		c := s.encKeys("", "")
		c.method = http.MethodPost
		return c
	})},
	{"6.2", "POST of {} brings one key of key_size", delivers(1, 0, byBody("{}"))},
	{"6.2", "POST with number brings that many keys", delivers(3, 0, byBody(`{"number": 3}`))},
	{"6.2", "POST with size brings a key of that size", delivers(1, 128, byBody(`{"size": 128}`))},
	{"6.2", "POST with number and size", delivers(2, 128, byBody(`{"number": 2, "size": 128}`))},
	{"6.2", "unknown members are ignored", delivers(1, 0, byBody(`{"color": "blue", "nested": {"a": []}}`))},
	{"6.2", "extension_optional may be ignored", delivers(1, 0, byBody(`{"extension_optional": [{"abc_route_type": "direct"}]}`))},
	{"6.2", "empty arrays count as absent", delivers(1, 0,
		byBody(`{"additional_slave_SAE_IDs": [], "extension_mandatory": [], "extension_optional": []}`))},
	{"6.2", "an unknown extension_mandatory is 400, in the words of the standard", refuses(notSupported, byBody(mandatoryRoute))},
	{"6.2", "the details name the extension", namesExtension},
	{"6.2", "number 0 is 400", refuses("", byBody(`{"number": 0}`))},
	{"6.2", "a number that is a string is 400", refuses("", byBody(`{"number": "many"}`))},
	{"6.2", "a number over max_key_per_request is 400", refuses("", func(s *session) call {
		status, _ := s.status()
		return s.encKeys("", fmt.Sprintf(`{"number": %d}`, status.MaxKeyPerRequest+1))
	})},
	{"6.2", "a size that is not a multiple of 8 is 400, in the words of the standard", refuses(notMultiple, byBody(`{"size": 129}`))},
	{"6.2", "a size over max_key_size is 400", refuses("", func(s *session) call {
		status, _ := s.status()
		return s.encKeys("", fmt.Sprintf(`{"size": %d}`, status.MaxKeySize+8))
	})},
	{"6.2", "malformed JSON is 400", refuses("", byBody(`{"number": `))},
	{"6.2", "a body that is not an object is 400", refuses("", byBody(`[1]`))},
}

func differentKeys(s *session) error {
	keys, err := s.makeKeys(1)
	if err != nil {
		return err
	}
	more, err := s.makeKeys(1)
	if err != nil {
		return err
	}
	if keys[0].ID == more[0].ID || bytes.Equal(keys[0].Value, more[0].Value) {
		return errors.New("the same key, or the same key ID, twice")
	}
	return nil
}

func manyKeys(s *session) error {
	status, err := s.status()
	if err != nil {
		return err
	}
	n := status.MaxKeyPerRequest
	keys, err := s.keys(s.encKeys(fmt.Sprintf("number=%d&size=%d", n, status.MinKeySize), ""), n)
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, k := range keys {
		ids[k.ID] = true
	}
	if len(ids) != n {
		return fmt.Errorf("%d keys have %d IDs", n, len(ids))
	}
	return nil
}

func namesExtension(s *session) error {
	_, details, err := s.refused(s.encKeys("", mandatoryRoute), http.StatusBadRequest)
	if err == nil && !bytes.Contains(fmt.Appendf(nil, "%v", details), []byte("abc_route_type")) {
		err = fmt.Errorf("the details are %v", details)
	}
	return err
}
