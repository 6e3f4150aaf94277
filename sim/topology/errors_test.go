package topology

import (
	"fmt"
	"strings"
	"testing"

	"dske/sim/yamlfile"
)

// badFiles are files with one mistake each, and the error of Load after the name of the file.
var badFiles = []struct{ name, text, want string }{
	// The file as a whole.
	{"empty", "", "1: the file is empty: list hubs and clients"},
	{"only comments", "# nothing\n# here\n", "1: the file is empty: list hubs and clients"},
	{"only a mark", "\n\n---\n", "3: the file is empty: list hubs and clients"},
	{"a list", "\n- hubs\n", "2: the topology must be a mapping with threshold, hubs, clients, suite, key_source, enrolment, psrd, sites, links, but is a list"},
	{"a string", "hubs", "1: the topology must be a mapping with threshold, hubs, clients, suite, key_source, enrolment, psrd, sites, links, but is a string"},
	{"two documents", three + "clients: [{name: a}]\n---\n" + three, "6: a second YAML document starts here: put only one into a file"},
	{"bad second document", three + "clients: [{name: a}]\n---\n[\n", "8: not valid YAML: did not find expected node content while parsing a flow node"},

	// Text and syntax.
	{"not UTF-8", "hubs:\n- name: \xff\n", "2: byte 0xff is not UTF-8: save the file as UTF-8 text"},
	{"UTF-16", "\xff\xfeh\x00", "1: byte 0xff is not UTF-8: save the file as UTF-8 text"},
	{"a control character", "hubs:\n\n- name: \x01\n", "3: character U+0001 is not allowed: save the file as plain text"},
	{"a noncharacter", "hubs:\n- name: \uffff\n", "2: character U+FFFF is not allowed: save the file as plain text"},
	{"indentation", "hubs:\n  - name: hank\n   x: 1\n", "3: not valid YAML: did not find expected '-' indicator while parsing a block collection that starts in line 2"},
	{"open quote", "hubs:\n  - name: \"hank\n  - name: helen\n", "4: not valid YAML: found unexpected end of stream while scanning a quoted scalar that starts in line 2"},
	{"tab", "hubs:\n\t- name: hank\n", "2: not valid YAML: found character that cannot start any token while scanning for the next token"},
	{"colon", "hubs:\n  - name: a: b\n", "2: not valid YAML: mapping values are not allowed in this context"},
	{"unknown anchor", three + "clients: *all\n", "5: not valid YAML: unknown anchor 'all' referenced"},
	{"too deep", strings.Repeat("[", 21), "1: not valid YAML: exceeded max depth of 20 while increasing flow level"},

	// Members.
	{"unknown member", three + "clients: [{name: a}]\nthreshhold: 2\n", `6: the topology has no member "threshhold": use threshold, hubs, clients, suite, key_source, enrolment, psrd, sites, links`},
	{"unknown member of a hub", "hubs:\n  - name: a\n    port: 1\n", `3: a hub has no member "port": use name, url, implementation`},
	{"unknown member of a client", three + "clients:\n  - name: a\n\n    sae: b\n", `8: a client has no member "sae": use name, encryptors, hubs, external, token, url, recipient`},
	{"unknown member of an encryptor", three + "clients:\n  - name: a\n    encryptors:\n      - nam: b\n", `8: an encryptor has no member "nam": use name`},
	{"unknown member of psrd", "psrd:\n  block_size: 64\n  blocks: 1\n", `3: psrd has no member "blocks": use block_size, low_water, high_water, lazy, courier, files`},
	{"long unknown member", strings.Repeat("a", 1000) + ": 1", `1: the topology has no member "` + strings.Repeat("a", 64) + `": use threshold, hubs, clients, suite, key_source, enrolment, psrd, sites, links`},
	{"complex member", "? [hubs]\n: 1\n", `1: the topology has no member "": use threshold, hubs, clients, suite, key_source, enrolment, psrd, sites, links`},
	{"merge", "hubs: &h\n  - &a {name: a}\n  - <<: *a\n", `3: a hub has no member "<<": use name, url, implementation`},
	{"member twice", three + "clients: [{name: a}]\nhubs: []\n", `6: the topology has member "hubs" twice: remove one`},
	{"name twice", "hubs:\n  - name: a\n    name: b\n", `3: a hub has member "name" twice: remove one`},

	// Enrolment.
	{"enrolment", three + "clients: [{name: a}]\nenrolment: ajar\n", `6: enrolment is "ajar": set it to closed or open`},
	{"token of a client in the network", three + "clients:\n  - name: a\n    token: b\n", `7: client "a" belongs to the network, which gives it its token: remove it, or set external`},
	{"URL of no node", three + "clients:\n  - name: a\n    url: http://b\n", `7: the url of client "a" is "http://b": write where it runs, such as https://node.example:8100/client/a`},
	{"Python hub without a URL", "hubs: [{name: a}, {name: b, implementation: dske-python}]\nclients: [{name: a}]\n", `1: hub "b" is of dske-python and runs elsewhere: give it a url`},
	{"Python hub in suite its", "hubs: [{name: a}, {name: b, implementation: dske-python, url: 'http://h/hub/b'}]\nclients: [{name: a}]\nsuite: its\n", `1: hub "b" is of dske-python, which has no other suite than its own: set suite to dske-python`},
	{"unknown implementation", "hubs: [{name: a}, {name: b, implementation: dske}]\nclients: [{name: a}]\n", `1: the implementation of hub "b" is "dske": set it to dske-python, or remove it`},
	{"URL of another node", "hubs: [{name: a}, {name: b, url: 'https://h/hub/a'}]\nclients: [{name: a}]\n", `1: the url of hub "b" is "https://h/hub/a": write where it runs, such as https://node.example:8100/hub/b`},
	{"no token", three + "clients:\n  - name: a\n    external: true\n", `7: client "a" runs elsewhere and needs a token in suite its: give it one`},
	{"long token", three + "clients:\n  - name: a\n    external: true\n    token: " + strings.Repeat("b", 1025) + "\n", `8: the token of client "a" is too long or not plain text: use up to 1024 bytes`},
	{"bad URL", three + "clients: [{name: a, external: true, token: b, url: 'example.com'}]\n", `5: the url of client "a" is "example.com": write one such as http://192.0.2.7:8100/client/a`},
	{"external no boolean", three + "clients: [{name: a, external: 1}]\n", "5: external must be true or false, but is a number"},

	// Types.
	{"hubs empty", "clients: [{name: a}]\nhubs:\n", "2: hubs must be a list, but is empty"},
	{"hubs a mapping", "hubs: {hank: 1}\n", "1: hubs must be a list, but is a mapping"},
	{"clients a number", three + "clients: 3\n", "5: clients must be a list, but is a number"},
	{"a hub without name:", "hubs:\n  - hank\n", "2: a hub must be a mapping with name, url, implementation, but is a string"},
	{"name a number", "hubs:\n  - name: 007\n", `2: name must be a string, but is a number: write "007", with quotes`},
	{"name a boolean", "hubs:\n  - name: true\n", `2: name must be a string, but is a boolean: write "true", with quotes`},
	{"name a date", "hubs:\n  - name: 2024-01-01\n", `2: name must be a string, but is a date: write "2024-01-01", with quotes`},
	{"name of another type", "hubs:\n  - name: !x y\n", `2: name must be a string, but is a value of another type: write "y", with quotes`},
	{"name empty", "hubs:\n  - name:\n", "2: name must be a string, but is empty"},
	{"name a list", "hubs:\n  - name: [a]\n", "2: name must be a string, but is a list"},
	{"encryptors empty", three + "clients:\n  - name: a\n    encryptors:\n", "7: encryptors must be a list, but is empty"},
	{"an encryptor without name:", three + "clients:\n  - name: a\n    encryptors: [b]\n", "7: an encryptor must be a mapping with name, but is a string"},
	{"client hubs a string", three + "clients:\n  - name: a\n    hubs: hank\n", "7: the hubs of a client must be a list, but is a string"},
	{"client hub a mapping", three + "clients:\n  - name: a\n    hubs:\n      - name: hank\n", "8: the name of a hub must be a string, but is a mapping"},
	{"threshold a string", "threshold: two\n", "1: threshold must be a whole number, but is a string"},
	{"threshold a fraction", "threshold: 2.5\n", "1: threshold must be a whole number, but is a floating-point number"},
	{"threshold huge", "threshold: 99999999999999999999\n", "1: threshold must be a whole number, but is a floating-point number"},
	{"threshold very large", "threshold: 18446744073709551615\n", `1: threshold must be a whole number, but is "18446744073709551615"`},
	{"psrd a number", "psrd: 16384\n", "1: psrd must be a mapping with block_size, low_water, high_water, lazy, courier, files, but is a number"},
	{"an alias that contains itself", "hubs: &h\n  - *h\n", "2: a hub must be a mapping with name, url, implementation, but is a list"},

	// Names.
	{"no hubs", "\nclients: [{name: a}]\n", `2: there are no hubs: list them under "hubs"`},
	{"empty list of hubs", "clients: [{name: a}]\nhubs: []\n", `2: there are no hubs: list them under "hubs"`},
	{"no clients", three, `1: there are no clients: list them under "clients"`},
	{"empty list of clients", three + "clients: []\n", `5: there are no clients: list them under "clients"`},
	{"hub without a name", "hubs:\n  - name: hank\n  - {}\n", `3: "" cannot be the name of a hub: ` + nameRule},
	{"capital letter", three + "clients:\n- name: Carol\n", `6: "Carol" cannot be the name of a client: ` + nameRule},
	{"path in a name", "hubs:\n  - name: ../x\n", `2: "../x" cannot be the name of a hub: ` + nameRule},
	{"dot first", "hubs:\n  - name: .x\n", `2: ".x" cannot be the name of a hub: ` + nameRule},
	{"line end in a name", "hubs:\n  - name: \"x\\n\"\n", `2: "x\n" cannot be the name of a hub: ` + nameRule},
	{"name too long", "hubs:\n  - name: " + strings.Repeat("a", 64), `2: "` + strings.Repeat("a", 64) + `" cannot be the name of a hub: ` + nameRule},
	{"hub twice", three + "  - name: helen\n", `5: there are two hubs named "helen": rename one`},
	{"client twice", three + "clients:\n  - name: a\n  - name: b\n  - encryptors: []\n    name: a\n", `9: there are two clients named "a": rename one`},

	// Encryptors.
	{"encryptor twice", three + "clients:\n- name: a\n  encryptors:\n    - name: s\n    - name: s\n", `9: client "a" has encryptor "s" twice: remove one`},
	{"encryptor on two clients", three + "clients:\n- name: a\n  encryptors: [name: s]\n- name: b\n  encryptors:\n  - name: s\n", `10: encryptor "s" is on client "a" and on client "b": remove or rename one`},
	{"encryptors by alias", three + "clients:\n- {name: a, encryptors: &e [name: s]}\n- {name: b, encryptors: *e}\n", `6: encryptor "s" is on client "a" and on client "b": remove or rename one`},
	{"encryptor named as a later client", three + "clients:\n- name: a\n  encryptors:\n  - name: b\n- name: b\n", `8: encryptor "b" of client "a" has the name of a client without encryptors, which is its own encryptor: rename it, or give client "b" an encryptor`},
	{"encryptor named as an earlier client", three + "clients:\n- name: b\n- name: a\n  encryptors:\n  - name: b\n", `9: encryptor "b" of client "a" has the name of a client without encryptors, which is its own encryptor: rename it, or give client "b" an encryptor`},
	{"encryptor without a name", three + "clients:\n- name: a\n  encryptors:\n\n  - {}\n", `9: client "a": encryptor ID "" has 0 bytes: use 1 to 255`},
	{"encryptor too long", three + "clients:\n- name: a\n  encryptors:\n  - name: " + strings.Repeat("é", 128), `8: client "a": encryptor ID "` + strings.Repeat("é", 64) + `" has 256 bytes: use 1 to 255`},
	{"control character in an encryptor", three + "clients:\n- name: a\n  encryptors: [name: \"x\\ty\"]\n", `7: client "a": encryptor ID "x\ty" has a control character: remove it`},
	{"white space before an encryptor", three + "clients:\n- name: a\n  encryptors: [name: ' x']\n", `7: client "a": encryptor ID " x" has white space at an end, which HTTP headers lose: remove it`},
	{"white space after an encryptor", three + "clients:\n- name: a\n  encryptors: [name: \"x\\u3000\"]\n", `7: client "a": encryptor ID "x\u3000" has white space at an end, which HTTP headers lose: remove it`},
	{"encryptor of a SKIP system", three + "clients:\n- name: a\n  encryptors:\n  - name: skip:c2\n", `8: client "a": encryptor ID "skip:c2" begins with "skip:", like the IDs of SKIP systems: use another name`},
	{"a dot", three + "clients:\n- name: a\n  encryptors:\n  - name: .\n", `8: client "a": encryptor ID "." stands for a directory in the path of a URL: use another name`},
	{"two dots", three + "clients:\n- name: a\n  encryptors:\n  - name: ..\n", `8: client "a": encryptor ID ".." stands for a directory in the path of a URL: use another name`},

	// Hubs of a client, and the threshold.
	{"hub that does not exist", three + "clients:\n- name: a\n  hubs:\n  - hank\n  - hugo\n  - helen\n", `9: client "a" uses hub "hugo", which does not exist: use a name from the list of hubs`},
	{"hub repeated", three + "clients:\n- name: a\n  hubs: [hank,\n    helen,\n    hank]\n", `9: client "a" uses hub "hank" twice: remove one`},
	{"no hub of a client", three + "clients:\n- name: a\n  hubs: []\n", `7: client "a" uses 0 of the hubs and can never make a key: list at least 2 hubs, or leave the list out to use all`},
	{"default threshold too high", "clients:\n- name: b\n- name: a\n  hubs: [h1, h2]\nhubs: [{name: h1}, {name: h2}, {name: h3}, {name: h4}]\n", `4: client "a" uses 2 hubs, fewer than the threshold of 3 (the default for 4 hubs), and can never make a key: set threshold to at most 2, or list more hubs`},
	{"threshold too high for a client", "threshold: 4\nclients:\n- name: a\n  hubs:\n  - h1\n  - h2\n  - h3\nhubs: [{name: h1}, {name: h2}, {name: h3}, {name: h4}]\n", `4: client "a" uses 3 hubs, fewer than the threshold of 4, and can never make a key: set threshold to at most 3, or list more hubs`},
	{"threshold too high", three + "clients: [{name: a}]\nthreshold: 4\n", "6: threshold is 4 and there are 3 hubs: set it to 2 to 3, or add hubs"},
	{"threshold zero", "threshold: 0\n" + three + "clients: [{name: a}]\n", "1: threshold is 0: set it to at least 2, or else a single hub knows every key"},
	{"threshold negative", "threshold: -3\n" + three + "clients: [{name: a}]\n", "1: threshold is -3: set it to at least 2, or else a single hub knows every key"},
	{"one hub", "clients: [{name: a}]\nhubs: [{name: a}]\n", "2: there is only one hub, which would know every key: add hubs"},
	{"too many hubs", hubList(255) + "clients:\n- name: a\n  hubs: [h1, h2, h3]\n- name: b\nthreshold: 2\n", `260: client "b" uses 255 hubs: list at most 254 under its "hubs"`},

	// Suite.
	{"suite", "suite: rot13\n" + three + "clients: [{name: a}]\n", `1: suite is "rot13": set it to its or dske-python`},
	{"key source", three + "clients: [{name: a}]\nkey_source: dice\nsuite: its\n", `6: key_source is "dice": set it to rng or psrd`},
	{"key source of the other suite", "suite: dske-python\nkey_source: psrd\n" + three + "clients: [{name: a}]\n", `2: key_source psrd needs suite its`},

	// PSRD.
	{"block_size small", psrdFile("block_size: 63"), "7: block_size is 63 bytes: set it to 64 to 4194304"},
	{"block_size large", psrdFile("block_size: 4194305"), "7: block_size is 4194305 bytes: set it to 64 to 4194304"},
	{"courier a word", psrdFile("courier: often"), "7: courier must be never, or a mapping such as {every: 7d, size: 1MiB}"},
	{"courier without size", psrdFile("courier: {every: 7d}"), "7: courier lacks something: set every and size, or write never"},
	{"courier with a bad size", psrdFile("courier: {every: 7d, size: 1Mib}"), `7: size must be a size over 0 and up to 1GiB, such as 256KiB, but is "1Mib"`},
	{"courier with a size that is a list", psrdFile("courier: {every: 7d, size: [1]}"), "7: size must be a size such as 256KiB, but is a list"},
	{"courier with too much", psrdFile("courier: {every: 7d, size: 65MiB}"), "7: a courier brings 68157440 bytes: at most 67108864 fit into a pool"},
	{"courier to the lazy", psrdFile("courier: never\n  lazy: true"), "8: lazy has no effect with a courier, who brings PSRD even if it is not needed: remove one of the two"},
	{"files and a courier", psrdFile("courier: never\n  files: 4"), "8: PSRD comes in files, so courier and lazy have no effect: remove them, or files"},
	{"too many files", psrdFile("files: 65"), "7: files is 65: set it to how many files of a client may be out at a hub, 1 to 64"},
	{"files of the Python implementation", psrdFile("files: 4") + "suite: dske-python\n", "7: files go with suite its: in dske-python the two ends forget the content of their pools whenever one of them starts"},
	{"files for strangers", psrdFile("files: 4") + "enrolment: open\n", "7: files go with enrolment closed: hubs make them only for known clients"},
	{"files for who is elsewhere", three + "clients: [{name: a, external: true, token: b}]\npsrd: {files: 4}\n", `5: client "a" does not belong to the network, which makes no files for it: remove external, and give it a url`},
	{"a recipient of nothing", three + "clients: [{name: a, recipient: age1pq1}]\n", `5: client "a" has a recipient, but gets no files: set files under psrd, or remove it`},
	{"no recipient", three + "clients: [{name: a, recipient: age1pq1}]\npsrd: {files: 4}\n", `5: the recipient of client "a" is not valid: copy what dske psrd recipient prints, which starts with age1pq1`},
	{"courier to who is elsewhere", three + "clients: [{name: a, external: true, token: b}]\npsrd: {courier: never}\n", `5: client "a" runs elsewhere, where the couriers of this network do not come: remove external or the courier`},
	{"lazy a word", psrdFile("lazy: perhaps"), "7: lazy must be true or false, but is a string"},
	{"low_water zero", psrdFile("low_water: 0"), "7: low_water is 0 bytes: set it to at least 1"},
	{"low_water negative", psrdFile("high_water: 1\n  low_water: -1"), "8: low_water is -1 bytes: set it to at least 1"},
	{"high_water large", psrdFile("low_water: 1\n  high_water: 16777217"), "8: high_water is 16777217 bytes: set it to at most 16777216"},
	{"low_water over high_water", psrdFile("low_water: 2000\n  high_water: 1000"), "6: low_water is 2000 bytes, more than high_water with 1000: set both (the defaults are 4096 and 16384)"},
	{"low_water over default", psrdFile("low_water: 16385"), "6: low_water is 16385 bytes, more than high_water with 16384: set both (the defaults are 4096 and 16384)"},
	// Sites and links.
	{"sites a list", "sites: [a]\n", "1: sites must be a mapping, but is a list"},
	{"site twice", linksFile("  tokyo: []\n"), `9: sites has member "tokyo" twice: remove one`},
	{"site a number", "sites:\n  12: []\n", `2: a name under sites must be a string, but is a number: write "12", with quotes`},
	{"site with a capital", linksFile("  Paris: []\n"), `9: "Paris" cannot be the name of a site: ` + nameRule},
	{"site with the name of a node", linksFile("  hilary: []\n"), `9: site "hilary" has the name of hub/hilary: rename it`},
	{"node that does not exist", linksFile("  paris: [helga]\n"), `9: site "paris": there is no node "helga"`},
	{"node of two kinds", linksFile("  paris:\n  - hank\n"), `10: site "paris": "hank" may be hub/hank or client/hank: write which one`},
	{"node at two sites", linksFile("  paris: [hilary,\n    carol]\n"), `10: client/carol is at site "london" and at site "paris": remove one`},
	{"links a mapping", "links: {}\n", "1: links must be a list, but is a mapping"},
	{"unknown member of a link", "links: [{from: a}]\n", `1: a link has no member "from": use between, within, latency, jitter, bandwidth, loss, burst`},
	{"link that does nothing", linksFile("links:\n- between: [london, tokyo]\n"), "10: the link does nothing: set latency, jitter, bandwidth, loss or burst"},
	{"between and within", linksFile("links:\n- {between: [london, tokyo], within: tokyo, loss: 1}\n"), "10: a link is between two ends or within a site: remove one of the two"},
	{"within a node", linksFile("links:\n- within: carol\n  loss: 1\n"), `10: there is no site "carol": list it under "sites"`},
	{"one end", linksFile("links:\n- {between: [london], loss: 1}\n"), "10: a link has two ends, not 1"},
	{"three ends", linksFile("links:\n- {between: [london, tokyo, hugo], loss: 1}\n"), "10: a link has two ends, not 3"},
	{"end that does not exist", linksFile("links:\n- between:\n  - london\n  - paris\n  loss: 1\n"), `12: there is no node and no site "paris"`},
	{"end of two kinds", linksFile("links:\n- {between: [london, hank], loss: 1}\n"), `10: "hank" may be hub/hank or client/hank: write which one`},
	{"the same ends", linksFile("links:\n- {between: [helen, hub/helen], loss: 1}\n"), "10: both ends are hub/helen: for links inside a site, write within"},
	{"link twice", linksFile("links:\n- {between: [tokyo, london], loss: 1}\n- {between: [london, tokyo], loss: 1}\n"), "11: no message takes this link, since link 1 of the list takes them all: put the special ones first"},
	{"link after a wider one", linksFile("links:\n- {between: [tokyo, london], loss: 1}\n- {between: [carol, helen], loss: 1}\n"), "11: no message takes this link, since link 1 of the list takes them all: put the special ones first"},
	{"link after that of the site", linksFile("links:\n- {within: london, loss: 1}\n- {between: [carol, hub/hank], loss: 1}\n"), "11: no message takes this link, since link 1 of the list takes them all: put the special ones first"},
	{"link after all", linksFile("links:\n- loss: 1\n- between: [carol, hub/hank]\n  loss: 1\n"), "11: no message takes this link, since link 1 of the list takes them all: put the special ones first"},
	{"loss over 1", "links: [{loss: 1.5}]\n", `1: loss must be over 0 and up to 1, but is "1.5"`},
	{"loss not a number", "links: [{loss: .nan}]\n", `1: loss must be over 0 and up to 1, but is ".nan"`},
	{"loss a word", "links: [{loss: much}]\n", "1: loss must be a number, but is a string"},
	{"jitter a number", "links: [{jitter: 5}]\n", "1: jitter must be a time such as 1.5s, but is a number"},
	{"bandwidth without a unit", "links: [{bandwidth: 50}]\n", "1: bandwidth must have a unit per second, such as 50Mbit"},
	{"bandwidth in bytes", "links: [{bandwidth: 50MB}]\n", `1: bandwidth is "50MB": write a number of bit, kbit, Mbit or Gbit per second, such as 50Mbit`},
	{"bandwidth of nothing", "links: [{bandwidth: 0.5bit}]\n", `1: bandwidth is "0.5bit": write a number of bit, kbit, Mbit or Gbit per second, such as 50Mbit`},
	{"burst without loss", "links:\n- burst: {enter: 0.1, leave: 0.1}\n", "2: burst lacks something: set enter, leave and loss"},
	{"latency negative", "links: [{latency: -1ms}]\n", `1: latency must be a time over 0 such as 1.5s, but is "-1ms"`},
	{"latency a list", "links: [{latency: [1ms]}]\n", "1: latency must be a time such as 1.5s, but is a list"},
	{"latency of another kind", "links: [{latency: {pareto: 1}}]\n", `1: latency has no member "pareto": use uniform, normal, lognormal, measured, file`},
	{"latency of no kind", "links: [{latency: {}}]\n", "1: latency has 0 distributions: use one of uniform, normal, lognormal, measured and file"},
	{"latency of two kinds", "links: [{latency: {uniform: {from: 1ms, to: 2ms}, normal: {mean: 1s, sigma: 1s}}}]\n", "1: latency has 2 distributions: use one of uniform, normal, lognormal, measured and file"},
	{"uniform backwards", "links: [{latency: {uniform: {from: 2ms, to: 1ms}}}]\n", "1: uniform needs from, and a longer to"},
	{"normal without mean", "links: [{latency: {normal: {sigma: 1ms}}}]\n", "1: normal lacks something: set mean and sigma, both of them times"},
	{"lognormal without sigma", "links: [{latency: {lognormal: {median: 1ms}}}]\n", "1: lognormal lacks something: set median, a time, and sigma, a number"},
	{"file that is not there", "links: [{latency: {file: absent.txt}}]\n", "1: file: stat dir/absent.txt: no such file or directory"},

	{"high_water under default", psrdFile("high_water: 4095"), "6: low_water is 4096 bytes, more than high_water with 4095: set both (the defaults are 4096 and 16384)"},
}

// linksFile has sites in lines 6 to 8, and the rest from line 9 on.
func linksFile(rest string) string {
	return three + "clients: [{name: carol}, {name: hank}]\nsites:\n  london: [hub/hank, carol]\n  tokyo: [helen]\n" + rest
}

const nameRule = "use 1 to 63 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit"

func hubList(n int) string {
	var text strings.Builder
	text.WriteString("hubs:\n")
	for i := range n {
		fmt.Fprintf(&text, "- name: h%d\n", i+1)
	}
	return text.String()
}

// psrdFile has psrd in line 6 and its members from line 7 on.
func psrdFile(members string) string {
	return three + "clients: [{name: a}]\npsrd:\n  " + members + "\n"
}

func TestBadFiles(t *testing.T) {
	for _, test := range badFiles {
		t.Run(test.name, func(t *testing.T) {
			topology, err := Load("dir/test.yaml", []byte(test.text))
			if err == nil || topology != nil {
				t.Fatalf("got %+v, %v; want an error", topology, err)
			}
			if want := "dir/test.yaml:" + test.want; err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

func TestFileTooLong(t *testing.T) {
	_, err := Load("big.yaml", make([]byte, yamlfile.MaxSize+1))
	want := "big.yaml:1: the file has 16777217 bytes: use at most 16777216"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Aliases are not expanded, so a file of a few lines cannot fill the memory.
func TestManyLaughs(t *testing.T) {
	var text strings.Builder
	text.WriteString("hubs: &a0 [x, x]\nclients:\n")
	for i := range 40 {
		fmt.Fprintf(&text, "- &a%d [*a%[2]d, *a%[2]d, *a%[2]d, *a%[2]d, *a%[2]d, *a%[2]d]\n", i+1, i)
	}
	_, err := Load("laughs.yaml", []byte(text.String()))
	if want := "laughs.yaml:1: a hub must be a mapping with name, url, implementation, but is a string"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
