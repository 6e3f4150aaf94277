// Package bench is the load generator. A [Load] asks pairs of KMEs, of this program or any other,
// for keys over ETSI GS QKD 014, and keeps a [Tally]. A [Floor] stands in for a network: it answers
// the same requests with the same messages and computes nothing, so the same load on it shows the
// cost of HTTP alone on this machine. A [Report] combines both.
package bench
