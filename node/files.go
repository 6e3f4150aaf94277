package node

import (
	"encoding/json"
	"maps"
	"strings"
)

// PathFiles is the path of the management interface for files with PSRD.
const PathFiles = "/mgmt/v1/psrd-files"

// FileHeader carries the number of a file that a hub sends.
const FileHeader = "DSKE-File-Number"

// WithFiles returns the OpenAPI description of a node whose PSRD comes in files: the description
// api of other nodes without the out-of-band paths, and with the paths and schemas of files.
func WithFiles(api, files string) string {
	type description struct {
		Paths      map[string]any            `json:"paths"`
		Components map[string]map[string]any `json:"components"`
	}
	var all map[string]any
	var base, more description
	for text, to := range map[string][]any{api: {&all, &base}, files: {&more}} {
		for _, v := range to {
			if err := json.Unmarshal([]byte(text), v); err != nil {
				return api // a test checks that both are JSON
			}
		}
	}
	maps.DeleteFunc(base.Paths, func(path string, _ any) bool { return strings.HasPrefix(path, "/dske/oob/") })
	maps.Copy(base.Paths, more.Paths)
	maps.Copy(base.Components["schemas"], more.Components["schemas"])
	all["paths"], all["components"] = base.Paths, base.Components
	text, err := json.Marshal(all)
	if err != nil {
		return api
	}
	return string(text)
}
