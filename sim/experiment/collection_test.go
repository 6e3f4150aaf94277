package experiment

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The experiments of the collection can be parsed, and begin. Complete runs are made by hand.
func TestCollection(t *testing.T) {
	files, err := filepath.Glob("../../testdata/experiments/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e, err := Load(name, data)
		if err != nil {
			t.Error(err)
			continue
		}
		if e.Title == "" {
			t.Errorf("%s does not say what it is about", name)
		}
		e.Points = e.Points[:1]
		if _, err := e.Run(t.Context(), Options{Seed: 1, Runs: 1, For: 2 * time.Hour}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
