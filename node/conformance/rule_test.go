package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every rule names an existing section of its document, and the names of checks are unique.
func TestRulesAreWhereTheyAreSaidToBe(t *testing.T) {
	type cited struct {
		rule
		kind, name string
	}
	var all []cited
	for _, c := range hubChecks() {
		all = append(all, cited{c.rule, "hub", c.name})
	}
	for _, c := range clientChecks() {
		all = append(all, cited{c.rule, "client", c.name})
	}
	seen := map[string]bool{}
	for _, c := range all {
		text, err := os.ReadFile(filepath.Join("..", "..", c.document))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\n## "+c.section) && !strings.Contains(string(text), "\n### "+c.section) && !strings.Contains(string(text), "\n**"+c.section) {
			t.Errorf("%s has no section %q", c.document, c.section)
		}
		if seen[c.kind+c.name] {
			t.Errorf("there are two checks %q", c.name)
		}
		seen[c.kind+c.name] = true
	}
}
