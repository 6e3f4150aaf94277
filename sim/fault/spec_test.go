package fault

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, text := range []string{
		"drop",
		"drop=response to=hub/hank,hub/helen method=GET path=key-share after=1 count=2 prob=0.5",
		"tamper=request where=query from=client/carol",
		"partition=client/*|hub/hank",
		"delay=20ms", "hang", "status=503", "replay", "duplicate", "reorder", "reorder=1s",
		"absent", "exhausted from=sae/*", "expired", "hostile from=sae/* prob=0.05", "html",
	} {
		s, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if s.String() != text {
			t.Errorf("%s becomes %s", text, s)
		}
	}
	if s, err := Parse("tamper=request"); err != nil || s.Where != "body" {
		t.Errorf("by default the body is not tampered with: %+v", s)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"":                            "the kind of fault is missing",
		"dorp":                        "delay, drop",
		"drop=pigeon":                 "pigeon",
		"drop to":                     "NAME=VALUE",
		"drop to=":                    "NAME=VALUE",
		"drop to=[":                   "pattern",
		"drop to=a,,b":                "pattern",
		"drop colour=red":             "colour",
		"drop to=a to=b":              "to is there twice: remove one, or put a comma between nodes",
		"drop count=1 prob=1 count=1": "count is there twice",
		"drop method=FETCH":           "FETCH",
		"drop method=":                "NAME=VALUE",
		"drop after=-1":               "positive",
		"drop count=0":                "positive",
		"drop prob=0":                 "prob",
		"drop prob=NaN":               "prob",
		"drop prob=1.5":               "prob",
		"drop where=body":             "tamper",
		"tamper":                      "request",
		"tamper=request where=head":   "head",
		"tamper=response where=query": "query",
		"delay":                       "duration",
		"delay=-1s":                   "duration",
		"status=200":                  "300",
		"status=999":                  "300",
		"hang=1s":                     "1s",
		"hostile=5%":                  "5%",
		"partition=a,b":               "A,B|C,D",
		"partition=a|":                "pattern",
		"reorder=soon":                "duration",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestMatches(t *testing.T) {
	for pattern, want := range map[string]bool{
		"hub/hank": true, "hank": true, "hub/*": true, "*/hank": true, "h*": true, "*": true,
		"hub": false, "client/hank": false, "client/*": false, "helen": false,
	} {
		if Matches(pattern, "hub/hank") != want {
			t.Errorf("%s matches hub/hank: %v", pattern, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"drop to=hank prob=0.25", "partition=a|b,c method=get", "tamper=request where=query count=3 after=9"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(s.String())
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("%q is %#v, and written down and read again %#v, %v", text, s, again, err)
		}
		s.matches(message("hank"))
		s.isBetween(pair{"client/carol", "hub/hank"})
	})
}
