package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// forms are the data formats that a schema can be for, named without anything but letters: the
// answers of a KME in ETSI GS QKD 014, clause 6, and those of SKIP.
var forms = []string{"status", "keycontainer", "error", "capabilities", "key", "entropy"}

// Schemas are JSON schemas for the answers of KMEs.
type Schemas struct {
	byForm map[string]schema
}

type schema struct {
	*jsonschema.Schema
	file string // its name
}

// LoadSchemas reads the published schemas in a directory. The data format of a file *.json is given
// by its name, as in key_container.json or KeyContainer.schema.json, or by its title. The formats
// are Status, Key container and Error of ETSI GS QKD 014, and capabilities, key and entropy of
// SKIP. Schemas may refer to other files. Nothing is fetched.
func LoadSchemas(dir string) (*Schemas, error) {
	paths, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(paths)
	if err != nil {
		return nil, err
	}
	s := &Schemas{map[string]schema{}}
	compiler := jsonschema.NewCompiler()
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".json" {
			continue
		}
		if err := s.load(compiler, filepath.Join(paths, entry.Name())); err != nil {
			return nil, err
		}
	}
	if len(s.byForm) == 0 {
		return nil, fmt.Errorf("%s has no schema for any of %s: name the files accordingly", dir, strings.Join(forms, ", "))
	}
	return s, nil
}

// load reads one file if it is for a form.
func (s *Schemas) load(compiler *jsonschema.Compiler, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var header struct {
		Title string `json:"title"`
	}
	if err := json.Unmarshal(data, &header); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	for _, form := range forms {
		if letters(name) != form && letters(header.Title) != form {
			continue
		}
		if other, known := s.byForm[form]; known {
			return fmt.Errorf("%s: %s is for %s too", path, other.file, form)
		}
		compiled, err := compiler.Compile(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		s.byForm[form] = schema{compiled, filepath.Base(path)}
	}
	return nil
}

// letters returns the letters of a name, in lower case.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// formOf returns the form that an answer should have, or "" if none is defined.
func formOf(c call, a answer) string {
	switch {
	case c.skip != "" && a.status == http.StatusOK:
		name, _, _ := strings.Cut(strings.TrimPrefix(c.skip, "/"), "/")
		return name
	case c.skip != "":
		return ""
	case a.status == http.StatusOK && c.name == "status":
		return "status"
	case a.status == http.StatusOK:
		return "keycontainer"
	case a.status == http.StatusBadRequest || a.status == http.StatusServiceUnavailable:
		return "error"
	}
	return ""
}
