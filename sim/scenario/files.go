package scenario

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files returns the names of the scenario files that names stand for: files, and directories in
// which all *.txtar files are meant. The order is that of the names, and in a directory the
// alphabet's.
func Files(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		if name == "-" {
			files = append(files, name)
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, name)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && filepath.Ext(path) == ".txtar" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, fmt.Errorf("there is no *.txtar in %s", name)
		}
	}
	return files, nil
}
