package scenario

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/tools/txtar"

	"dske/sim/topology"
	"dske/sim/yamlfile"
)

// section is a part of a script with a title.
type section struct {
	title string
	line  int    // line of the file where text begins, counted from 1
	text  string // commands
}

// parsed is a parsed scenario.
type parsed struct {
	title    string
	sections []section
	topology *topology.Topology
	settings Settings
	isBound  bool // bound to a network of its own, since it describes one
}

// parse parses a scenario. Errors have the form "name:line: what is wrong". A byte order mark at
// the beginning, which some editors write, is ignored.
func parse(name string, data []byte) (*parsed, error) {
	if err := yamlfile.CheckText(data); err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	archive := txtar.Parse(data)
	p := &parsed{topology: topology.Reference()}
	p.split(string(archive.Comment))
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	p.isBound = len(archive.Files) > 0
	if err := p.readFiles(archive); err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return p, nil
}

// readFiles parses the files that follow the script. Empty lines in front give each of their lines
// its number in the scenario.
func (p *parsed) readFiles(archive *txtar.Archive) error {
	const ownTopology, network = "topology.yaml", "network.yaml"
	var generated *topology.Topology
	seen := map[string]bool{}
	line, asked := 1+bytes.Count(archive.Comment, []byte("\n")), 0
	for _, file := range archive.Files {
		if seen[file.Name] {
			return yamlfile.Errorf(line, "there are two files %s: remove one", file.Name)
		}
		seen[file.Name] = true
		data := append(bytes.Repeat([]byte("\n"), line), file.Data...)
		var err error
		switch file.Name {
		case ownTopology:
			p.topology, err = topology.Read(data)
		case network:
			generated, asked, err = p.settings.read(data)
		default:
			err = yamlfile.Errorf(line, "unknown file %q: use %s and %s", file.Name, ownTopology, network)
		}
		if err != nil {
			return err
		}
		line += 1 + bytes.Count(file.Data, []byte("\n"))
	}
	if generated != nil && seen[ownTopology] {
		return yamlfile.Errorf(asked, "hubs does not go with a file %s: remove one of the two", ownTopology)
	}
	if generated != nil {
		p.topology = generated
	}
	return nil
}

// split divides a script into sections. Consecutive comment lines are one title; the first title is
// that of the scenario.
func (p *parsed) split(script string) {
	inTitle := false
	for i, line := range strings.Split(script, "\n") {
		comment, isComment := strings.CutPrefix(line, "#")
		switch {
		case isComment && inTitle:
			last := &p.sections[len(p.sections)-1]
			last.title += " " + strings.TrimSpace(comment)
			last.line = i + 2
		case isComment || len(p.sections) == 0:
			p.sections = append(p.sections, section{title: strings.TrimSpace(comment), line: i + 2})
			if !isComment {
				p.sections[0] = section{line: i + 1, text: line + "\n"}
			}
		default:
			p.sections[len(p.sections)-1].text += line + "\n"
		}
		inTitle = isComment
	}
	p.title, p.sections[0].title = p.sections[0].title, ""
	if strings.TrimSpace(p.sections[0].text) == "" {
		p.sections = p.sections[1:]
	}
}
