package scenario

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"golang.org/x/tools/txtar"

	"dske/sim/topology"
)

// Settings is the file network.yaml of a scenario. Without it, and without topology.yaml, the network is
// the reference one.
type Settings struct {
	Hubs       int           `yaml:"hubs"`    // instead of topology.yaml: hub1, hub2, …
	Clients    int           `yaml:"clients"` // with hubs: client1 with encryptor sae1, …
	Threshold  int           `yaml:"threshold"`
	Transport  string        `yaml:"transport"`   // memory or loopback
	ShareTTL   time.Duration `yaml:"share_ttl"`   // how long keys can be fetched
	HubTimeout time.Duration `yaml:"hub_timeout"` // how long a client waits for a hub

	RequestTimeout time.Duration `yaml:"request_timeout"` // how long an encryptor waits for a client
}

// section is a part of a script with a title.
type section struct {
	title string
	line  int    // of the file, counted from 1: where text begins
	text  string // commands
}

// parsed is a scenario that was read.
type parsed struct {
	title    string
	sections []section
	topology *topology.Topology
	settings Settings
	isBound  bool // to a network of its own, because it says what that is like
}

// parse reads a scenario.
func parse(name string, data []byte) (*parsed, error) {
	archive := txtar.Parse(data)
	p := &parsed{topology: topology.Reference()}
	p.split(string(archive.Comment))
	p.isBound = len(archive.Files) > 0
	for _, file := range archive.Files {
		var err error
		switch file.Name {
		case "topology.yaml":
			p.topology, err = topology.Load(name+": topology.yaml", file.Data)
		case "network.yaml":
			err = p.settings.read(file.Data)
		default:
			err = fmt.Errorf("there is no use for a file %q; there are topology.yaml and network.yaml", file.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.settings.Hubs == 0 && p.settings.Clients == 0 {
		return p, nil
	}
	var err error
	p.topology, err = topology.Generate(topology.Sizes{Hubs: p.settings.Hubs, Clients: p.settings.Clients, Threshold: p.settings.Threshold})
	return p, err
}

func (s *Settings) read(data []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(s); err != nil {
		return fmt.Errorf("network.yaml: %w", err)
	}
	return nil
}

// split divides a script into sections. Comment lines that follow each other are one title; the first one
// is that of the scenario.
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
