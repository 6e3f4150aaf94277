// Package bench is the load generator. A [Load] asks pairs of KMEs for keys over ETSI GS QKD 014,
// of this program or any other, and keeps a [Tally]. A [Floor] stands in for a network: it answers
// the same requests with the same messages, and does nothing else, so that the same load on it
// shows what HTTP alone costs on this machine. A [Report] puts both together.
package bench
