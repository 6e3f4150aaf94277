package secret

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Of processes that start at once, all get the secret of the first one.
func TestFirstMakesIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "net.yaml.secret")
	tokens := make([]string, 16)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			s, err := Open(file)
			if err != nil {
				t.Error(err)
			}
			tokens[i] = s.Token("carol")
		})
	}
	all.Wait()
	for _, token := range tokens {
		if token != tokens[0] || len(token) != 32 {
			t.Fatalf("the tokens are %q", tokens)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("there are %v", left)
	}
	s, err := Open(file)
	if err != nil || s.Token("connie") == s.Token("carol") {
		t.Errorf("%v: two clients have one token", err)
	}
	text, _ := os.ReadFile(file)
	if shown := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(shown, strings.TrimSpace(string(text))) {
		t.Error("it is shown")
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		text string
		mode os.FileMode
		says string
	}{
		{strings.Repeat("a", 26), 0o640, "chmod 600"},
		{"short", 0o600, "holds no secret"},
		{strings.Repeat("a", 4097), 0o600, "holds no secret"},
		{"", 0o600, "holds no secret"},
	} {
		file := filepath.Join(dir, "bad")
		if err := os.WriteFile(file, []byte(test.text), test.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(file); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%.10q, %o: %v", test.text, test.mode, err)
		}
		os.Remove(file)
	}
	if _, err := Open(filepath.Join(dir, "absent", "file")); err == nil {
		t.Error("a file in a directory that does not exist")
	}
}
