package docs

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// document is an OpenAPI document, or an object in one.
type document map[string]any

// object returns a member that is an object, and creates it if necessary.
func (d document) object(name string) document {
	member, _ := d[name].(map[string]any)
	if member == nil {
		member = map[string]any{}
		d[name] = member
	}
	return member
}

// part is a document that becomes part of another one.
type part struct {
	api  string // JSON
	path string // prefix of its paths
	name string // prefix of its components, tags and operations, to keep them apart from others
}

// add adds the tags, paths and components of a part. All other members of a document are those of
// the first part.
func (d document) add(p part) error {
	var added document
	if err := json.Unmarshal([]byte(p.api), &added); err != nil {
		return fmt.Errorf("description of %s: %w", p.path, err)
	}
	p.rename(map[string]any(added))
	tags, _ := d["tags"].([]any)
	d["tags"] = append(tags, p.tags(added)...)
	for path, item := range added.object("paths") {
		d.object("paths")[p.path+path] = p.item(item.(map[string]any))
	}
	for kind, components := range added.object("components") {
		for name, component := range components.(map[string]any) {
			d.object("components").object(kind)[p.name+name] = component
		}
	}
	for _, name := range []string{"openapi", "info", "servers"} {
		if d[name] == nil {
			d[name] = added[name]
		}
	}
	return nil
}

// rename changes all references to components to the renamed ones.
func (p part) rename(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			p.rename(item)
		}
	case map[string]any:
		for name, member := range value {
			if ref, isText := member.(string); isText && name == "$ref" {
				i := strings.LastIndex(ref, "/") + 1
				value[name] = ref[:i] + p.name + ref[i:]
			}
			p.rename(member)
		}
	}
}

func (p part) tags(d document) []any {
	tags, _ := d["tags"].([]any)
	for _, t := range tags {
		tag := t.(map[string]any)
		tag["name"] = p.tag(tag["name"])
	}
	return tags
}

func (p part) tag(name any) any {
	if p.name == "" {
		return name
	}
	return fmt.Sprintf("%s: %s", p.name, name)
}

// item renames what the operations of a path refer to by name.
func (p part) item(item map[string]any) any {
	for _, o := range item {
		operation := o.(map[string]any)
		for i, name := range operation["tags"].([]any) {
			operation["tags"].([]any)[i] = p.tag(name)
		}
		operation["operationId"] = p.name + operation["operationId"].(string)
		alternatives, _ := operation["security"].([]any)
		for _, alternative := range alternatives {
			schemes := alternative.(map[string]any)
			for name, scopes := range maps.Clone(schemes) {
				delete(schemes, name)
				schemes[p.name+name] = scopes
			}
		}
	}
	return item
}
