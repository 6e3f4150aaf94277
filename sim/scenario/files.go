package scenario

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files returns the scenario files for names of files, and of directories, which stand for all
// their *.txtar files. The order is that of the names, and alphabetical within a directory.
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
