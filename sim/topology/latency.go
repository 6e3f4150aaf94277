package topology

import (
	"time"

	"go.yaml.in/yaml/v4"

	"dske/sim/link"
	"dske/sim/yamlfile"
)

// readLatency reads a fixed time, or a mapping with one distribution.
func readLatency(n *yaml.Node, files files, latency *link.Latency) error {
	if !yamlfile.IsMapping(n) {
		var fixed time.Duration
		err := yamlfile.Duration(n, "latency", &fixed)
		*latency = link.Fixed(fixed)
		return err
	}
	given := 0
	kind := func(name string, read func(n *yaml.Node) (link.Latency, error)) yamlfile.Member {
		return yamlfile.Named(name, func(n *yaml.Node) (err error) {
			given++
			*latency, err = read(n)
			return err
		})
	}
	err := yamlfile.Members(n, "latency",
		kind("uniform", readUniform), kind("normal", readNormal), kind("lognormal", readLognormal), kind("measured", readMeasuredList),
		kind("file", func(n *yaml.Node) (link.Latency, error) { return readMeasured(n, files) }),
	)
	if err == nil && given != 1 {
		err = yamlfile.Errorf(n.Line, "latency has %d distributions: use one of uniform, normal, lognormal, measured and file", given)
	}
	return err
}

func readUniform(n *yaml.Node) (link.Latency, error) {
	var d link.Uniform
	err := yamlfile.Members(n, "uniform", duration("from", &d.From), duration("to", &d.To))
	if err == nil && d.From >= d.To {
		err = yamlfile.Errorf(n.Line, "uniform needs from, and a longer to")
	}
	return d, err
}

func readNormal(n *yaml.Node) (link.Latency, error) {
	var d link.Normal
	err := yamlfile.Members(n, "normal", duration("mean", &d.Mean), duration("sigma", &d.Sigma))
	if err == nil && (d.Mean == 0 || d.Sigma == 0) {
		err = yamlfile.Errorf(n.Line, "normal lacks something: set mean and sigma, both of them times")
	}
	return d, err
}

func readLognormal(n *yaml.Node) (link.Latency, error) {
	var d link.Lognormal
	err := yamlfile.Members(n, "lognormal", duration("median", &d.Median),
		yamlfile.Named("sigma", func(n *yaml.Node) error { return yamlfile.Fraction(n, "sigma", &d.Sigma, 10) }))
	if err == nil && (d.Median == 0 || d.Sigma == 0) {
		err = yamlfile.Errorf(n.Line, "lognormal lacks something: set median, a time, and sigma, a number")
	}
	return d, err
}

// readMeasuredList reads measured values in the topology itself.
func readMeasuredList(n *yaml.Node) (link.Latency, error) {
	var values []time.Duration
	err := yamlfile.List(n, "measured", &values, func(n *yaml.Node, d *time.Duration) error {
		return yamlfile.Duration(n, "a measured value", d)
	})
	if err == nil && len(values) == 0 {
		err = yamlfile.Errorf(n.Line, "measured is empty: list times such as 12.5ms")
	}
	return link.Measured(values), err
}

func readMeasured(n *yaml.Node, files files) (link.Latency, error) {
	var name string
	if err := yamlfile.Text(n, "file", &name); err != nil {
		return nil, err
	}
	if files == nil {
		return nil, yamlfile.Errorf(n.Line, "file is %.64q: only a topology that is a file itself can name others", name)
	}
	text, err := files(name)
	if err != nil {
		return nil, yamlfile.Errorf(n.Line, "file: %w", err)
	}
	measured, err := link.ParseMeasured(text)
	if err != nil {
		return nil, yamlfile.Errorf(n.Line, "file %s:%w", name, err)
	}
	return measured, nil
}

func duration(name string, d *time.Duration) yamlfile.Member {
	return yamlfile.Named(name, func(n *yaml.Node) error { return yamlfile.Duration(n, name, d) })
}
