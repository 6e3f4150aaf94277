// Package scenario runs scripts that drive a network, break it and attack it.
//
// A scenario is a txtar file: a script, then optional files. The script has one command a line. A
// line that begins with # starts a section and says what it shows. A command that is to fail has a
// ! in front, one that may fail a ?, and [own] in front of one means: only on a network of the
// scenario's own. An attack whose outcome depends on the suite has lines with [safe], for a suite
// with all measures against those who own the network, and lines with [!safe], where it succeeds.
// The commands stdout and stderr look for a regular expression in what the last command printed;
// $NAME stands for the ID of a key that was made with as=NAME. [Help] describes all commands.
//
// There are two optional files: topology.yaml is the network, and network.yaml sets what is no part
// of a topology; see [Settings].
//
// Nothing in a scenario is ignored: what can have no effect, such as an option that is there twice,
// a condition that never holds or a pattern that matches everything, is an error with the line.
// Most of it is found before the network starts. A mistake in a command fails the scenario also
// where the command is to fail or may.
//
// A script can reach nothing but the network. After every scenario on a network of its own, what
// package audit has found there fails it, unless the script has looked at it with audit.
package scenario
