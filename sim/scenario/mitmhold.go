package scenario

import (
	"cmp"
	"strconv"

	"dske/sim/adversary"
)

func mitmWithhold(c call, hands *adversary.Hands) (string, error) {
	names, m, _, err := c.match()
	if err != nil || len(names) == 0 || names[0] != "requests" && names[0] != "answers" || len(names) > 2 {
		return "", cmp.Or(err, errUsage)
	}
	if len(names) == 2 {
		if m.Key, err = c.keyID(names[1]); err != nil {
			return "", err
		}
	}
	hands.Withhold(names[0] == "answers", m)
	return "", nil
}

func mitmRelease(c call, hands *adversary.Hands) (string, error) {
	hands.Release(c.Context())
	return "", nil
}

func mitmRepeat(c call, hands *adversary.Hands) (string, error) {
	_, m, _, err := c.match()
	if err == nil {
		hands.Repeat(c.Context(), m)
	}
	return "", err
}

func mitmAnswer(c call, hands *adversary.Hands) (string, error) {
	names, options, err := c.options("with")
	if err != nil || len(names) != 1 {
		return "", cmp.Or(err, errUsage)
	}
	key, err := c.keyID(names[0])
	if err != nil {
		return "", err
	}
	with, err := c.keyID(options["with"])
	if err == nil {
		hands.Answer(key, with)
	}
	return "", err
}

func mitmAcknowledge(c call, hands *adversary.Hands) (string, error) {
	_, m, _, err := c.match()
	if err == nil {
		hands.Acknowledge(m)
	}
	return "", err
}

// refusals are refusals of hubs, with their texts.
var refusals = map[string]string{
	"exhausted":     `{"message":"Out of pre-shared random data.","details":{"pool_owner":"hub","needed":1000000,"available":0}}`,
	"unregistered":  `{"message":"Client is not registered.","details":{}}`,
	"unknown-block": `{"message":"Unknown block.","details":{}}`,
	"unknown-key":   `{"message":"Unknown key ID.","details":{}}`,
	"not-meant":     `{"message":"Share is not meant for the caller.","details":{}}`,
}

func mitmRefuse(c call, hands *adversary.Hands) (string, error) {
	names, m, options, err := c.match("count")
	if err != nil || len(names) != 2 || refusals[names[1]] == "" {
		return "", cmp.Or(err, errUsage)
	}
	status, err := strconv.Atoi(names[0])
	if err != nil {
		return "", errUsage
	}
	count, err := strconv.Atoi(cmp.Or(options["count"], "0"))
	if err != nil || count < 0 {
		return "", errUsage
	}
	hands.Refuse(status, refusals[names[1]], m, count)
	return "", nil
}
