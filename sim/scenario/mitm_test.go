package scenario

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"dske/sim/topology"
)

// Every verb is in the help with an example of its own, and in an attack of the collection.
func TestMitmVerbs(t *testing.T) {
	var help bytes.Buffer
	if err := Help(&help, "mitm"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(help.String(), "get-key-pair") {
		t.Error("help describes other commands, too")
	}
	var attacks strings.Builder
	for name, text := range files(t) {
		if strings.Contains(name, "attack-") {
			attacks.Write(text)
		}
	}
	if !slices.IsSortedFunc(mitmVerbs, func(a, b mitmVerb) int { return strings.Compare(a.name, b.name) }) {
		t.Error("the verbs are not sorted")
	}
	for _, v := range mitmVerbs {
		if !strings.Contains(help.String(), v.example) || !strings.HasPrefix(v.example, "mitm "+v.name) {
			t.Errorf("%s has no example of its own in the help", v.name)
		}
		if !strings.Contains(attacks.String(), "mitm "+v.name) {
			t.Errorf("no attack does %s", v.name)
		}
	}
	if err := Help(&help, "mitn"); err == nil || !strings.Contains(err.Error(), "did you mean mitm") {
		t.Errorf("got %v", err)
	}
}

// What is impossible is refused with a reason.
func TestMitmRefuses(t *testing.T) {
	w, err := newWorld(t.Context(), &parsed{topology: topology.Reference()}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.stop()
	for line, says := range map[string]string{
		"mitm":                                  "usage: mitm VERB",
		"mitm dance":                            "mitm cannot dance; it can acknowledge",
		"mitm withhold":                         "usage: mitm withhold requests|answers",
		"mitm withhold answers k":               `no key has the name "k"`,
		"mitm withhold requests to=hub/nobody":  "there is no node hub/nobody",
		"mitm withhold requests colour=red":     "there is no option",
		"mitm answer k":                         `no key has the name "k"`,
		"mitm answer":                           "usage: mitm answer KEY with=KEY",
		"mitm refuse 404 nonsense":              "usage: mitm refuse",
		"mitm refuse many unknown-key":          "usage: mitm refuse",
		"mitm own hank":                         "hub/hank is not a client",
		"mitm deduce":                           "he knows no share of the withheld",
		"mitm forge-answers k":                  `no key has the name "k"`,
		"mitm forge-posts carol sam sofia":      "usage: mitm forge-posts",
		"mitm forge-posts carol sam sofia as=k": "does not know enough bytes",
		"mitm pieces curtis sunny hank":         "does not know enough bytes",
		"mitm readdress last sunny as=k":        "does not know enough bytes",
		"mitm lie k":                            "usage: mitm lie",
		"mitm squat hank sunny sofia":           "hub/hank is not a client",
		"mitm squat curtis":                     "usage: mitm squat",
		"mitm judge k":                          "usage: mitm judge KEY",
	} {
		w.mistake = nil
		r := &Result{}
		r.run(t.Context(), w, []section{{line: 1, text: line + "\n"}})
		if out := print(r, false); !r.Failed() || !strings.Contains(out, says) {
			t.Errorf("%s: %q is not in\n%s", line, says, out)
		}
	}
}
