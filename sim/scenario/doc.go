// Package scenario runs scripts that drive a network, break it and attack it.
//
// A scenario is a txtar file: a script, then optional files. The script has one command per line. A
// line that begins with # starts a section and is its title. A command with ! in front must fail,
// one with ? may fail, and one with [own] runs only on a network of the scenario's own. An attack
// whose outcome depends on the suite has lines with [safe], for a suite with all measures against
// an adversary who controls the network, and lines with [!safe], where it succeeds. The commands
// stdout and stderr look for a regular expression in the output of the last command; $NAME stands
// for the ID of a key that was made with as=NAME. [Help] describes all commands.
//
// There are two optional files: topology.yaml is the network, and network.yaml has settings that
// are not part of a topology; see [Settings].
//
// Nothing in a scenario is ignored: what cannot have an effect, such as a repeated option, a
// condition that never holds or a pattern that matches everything, is an error with its line. Most
// errors are found before the network starts. A mistake in a command fails the scenario even where
// the command must or may fail.
//
// A script can reach nothing but the network. Violations that package audit finds on the scenario's
// own network fail the scenario, unless the script has printed them with audit.
package scenario
