package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every rule is in the document, in a section that is there, and checks can be told apart.
func TestRulesAreWhereTheyAreSaidToBe(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range hubChecks() {
		text, err := os.ReadFile(filepath.Join("..", "..", c.document))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\n## "+c.section) && !strings.Contains(string(text), "\n### "+c.section) && !strings.Contains(string(text), "\n**"+c.section) {
			t.Errorf("%s has no section %q", c.document, c.section)
		}
		if seen[c.name] {
			t.Errorf("there are two checks %q", c.name)
		}
		seen[c.name] = true
	}
}
