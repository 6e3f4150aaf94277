// Package topology describes a network: its hubs, its clients and their encryptors, and how many
// hubs it takes to make a key.
//
// A topology comes from a YAML file by [Load], or from three numbers by [Generate]:
//
//	threshold: 3            # k, default floor(n/2)+1 for n hubs
//	hubs:
//	  - name: hank
//	  - name: helen
//	  - name: hilary
//	clients:
//	  - name: carol
//	    encryptors:         # default: the client is its own encryptor
//	      - name: sam
//	    hubs: [hank, helen, hilary] # default: all
//	psrd: {block_size: 16384, low_water: 4096, high_water: 16384} # bytes; lazy: true leaves pools empty at first
//
//	sites: {london: [hank, carol], tokyo: [helen, hilary]}
//	links: [{between: [london, tokyo], latency: 120ms, jitter: 8ms, bandwidth: 50Mbit, loss: 0.001}] # see [Link]
//
// A hub or client with a url runs elsewhere; see [Topology.RunOnly]. Only hubs and clients are
// required, so the files of the Python implementation can be read unchanged. JSON is YAML too: a
// topology that was marshalled as JSON can be loaded again.
//
// A topology from one of these functions follows all rules. After changing one, or making one by
// hand, call [Topology.Validate]. Errors are sentences for the author of the file; those of Load
// start with the file and the line, as those of compilers do.
package topology
