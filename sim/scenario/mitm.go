package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"dske/sim/adversary"
)

// mitmVerb is an action of the adversary.
type mitmVerb struct {
	name, args, summary string
	output, example     string
	run                 func(call, *adversary.Hands) (string, error)
}

// mitmVerbs lists all verbs, by name.
var mitmVerbs = []mitmVerb{
	{"acknowledge", "[to=HUB,...]", "swallow POSTs, and answer them with answers to POSTs that were withheld", "nothing", "mitm acknowledge to=hank,helen", mitmAcknowledge},
	{"answer", "KEY with=KEY", "answer fetches of a key with answers to fetches of another that were withheld", "nothing", "mitm answer sams with=mallorys", mitmAnswer},
	{"deduce", "", "compute the pads of withheld messages whose shares he knows", "how many bytes: 640 bytes", "mitm deduce", mitmDeduce},
	{"did", "", "print his actions since the last call, and the resulting status", "forge a POST to hub/hank: 401", "mitm did", mitmDid},
	{"forge-answers", "KEY [size=BITS]", "answer fetches of a key with shares of a key of his own, signed with bytes that he deduced", "nothing", "mitm forge-answers sams", mitmForgeAnswers},
	{"forge-posts", "CLIENT MASTER SLAVE as=NAME [size=BITS]", "post shares of a key of his own in the name of a client", "nothing", "mitm forge-posts carol sam sofia as=forged", mitmForgePosts},
	{"judge", "KEY", "say who has which key, and whether the adversary knows it", "the slave has another key than the master, and the adversary knows it", "mitm judge sams", mitmJudge},
	{"lie", "KEY HUB,... with=HUB,... [how=knowing|threshold|index]", "let compromised hubs lie about a key to fit the shares of the with= hubs, and withhold the answers of all others", "nothing", "mitm lie k hank,helen with=hilary", mitmLie},
	{"own", "CLIENT...", "make clients his, which restarts them", "nothing", "mitm own curtis", mitmOwn},
	{"pieces", "CLIENT MASTER HUB", "ask a hub for an unknown key in the name of his client, with a signing key named in two pieces", "nothing; see did", "mitm pieces curtis sunny hank", mitmPieces},
	{"readdress", "KEY|last SLAVE as=NAME", "give hubs the shares of withheld POSTs as shares of another key, for another encryptor", "nothing; see did", "mitm readdress last sunny as=mine", mitmReaddress},
	{"refuse", "STATUS MESSAGE [to=HUB,...] [method=METHOD] [count=N]", "answer requests himself, with an error that nobody signed; MESSAGE is exhausted, unregistered, unknown-block, unknown-key or not-meant", "nothing", "mitm refuse 404 unknown-key to=hank method=GET", mitmRefuse},
	{"release", "", "send withheld requests to their hubs", "nothing; see did", "mitm release", mitmRelease},
	{"repeat", "[to=HUB,...] [method=METHOD]", "send again all requests that passed", "nothing; see did", "mitm repeat method=POST", mitmRepeat},
	{"spent", "", "print who has spent how many bytes of clients and hubs since the last call", "client/connie: 32 of clients, 0 of hubs", "mitm spent", mitmSpent},
	{"squat", "CLIENT MASTER SLAVE", "take the ID of every key at every hub, for a key of his client, just before its POST arrives", "nothing; see did", "mitm squat curtis sunny sofia", mitmSquat},
	{"stop", "", "let messages pass again", "nothing", "mitm stop", mitmStop},
	{"withhold", "requests|answers [KEY] [to=HUB,...] [from=CLIENT,...] [method=METHOD]", "keep messages back: the sender hears nothing", "nothing", "mitm withhold answers mallorys", mitmWithhold},
}

func mitmDetail() []string {
	lines := []string{"The adversary controls the network between the nodes, and all clients and hubs that he was given (own, compromise)."}
	for _, v := range mitmVerbs {
		lines = append(lines, strings.TrimSpace(v.name+" "+v.args), "    "+v.summary+".", "    prints: "+v.output, "    e.g.:   "+v.example)
	}
	return lines
}

// mitm runs the verb in the first argument.
func mitm(c call) (string, error) {
	if len(c.args) == 0 {
		return "", errUsage
	}
	i := slices.IndexFunc(mitmVerbs, func(v mitmVerb) bool { return v.name == c.args[0] })
	if i < 0 {
		var names []string
		for _, v := range mitmVerbs {
			names = append(names, v.name)
		}
		return "", mistakef("mitm cannot %s; it can %s", c.args[0], strings.Join(names, ", "))
	}
	hands, err := c.act()
	if err != nil {
		return "", err
	}
	v := mitmVerbs[i]
	c.args = c.args[1:]
	out, err := v.run(c, hands)
	if errors.Is(err, errUsage) {
		err = mistakef("usage: mitm %s", strings.TrimSpace(v.name+" "+v.args))
	}
	return out, err
}

// act returns the hands of the adversary, and puts them on the wire.
func (w *world) act() (*adversary.Hands, error) {
	n, err := w.listen()
	if err != nil || w.hands != nil {
		return w.hands, err
	}
	w.hands = adversary.NewHands(w.adversary, n.Wire().Transport("adversary"), w.remote.URL)
	n.Wire().Intercept(w.hands.Intercept)
	return w.hands, nil
}

func mitmOwn(c call, hands *adversary.Hands) (string, error) {
	names, err := c.nodes(c.args)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "client/") {
			return "", mistakef("%s is not a client; to break into a hub, use compromise", name)
		}
		hands.Own(name)
	}
	return restart(c)
}

func mitmStop(_ call, hands *adversary.Hands) (string, error) {
	hands.Stop()
	return "", nil
}

func mitmDid(_ call, hands *adversary.Hands) (string, error) {
	var out strings.Builder
	for _, o := range hands.Did() {
		status := strconv.Itoa(o.Status)
		if o.Status == 0 {
			status = "no answer"
		}
		fmt.Fprintf(&out, "%s to %s: %s\n", o.What, o.To, status)
	}
	return out.String(), nil
}

// keyID returns the ID of the first key with a name.
func (c call) keyID(name string) (uuid.UUID, error) {
	if keys := c.keys[name]; keys != nil {
		return keys[0].ID, nil
	}
	return uuid.Nil, mistakef("no key has the name %q", name)
}

// match reads the options that select messages, and the given other ones.
func (c call) match(others ...string) (names []string, m adversary.Match, options map[string]string, err error) {
	names, options, err = c.options(append(others, "to", "from", "method")...)
	if err != nil {
		return nil, m, nil, err
	}
	m.Method = options["method"]
	for option, list := range map[string]*[]string{"to": &m.To, "from": &m.From} {
		if options[option] == "" {
			continue
		}
		if *list, err = c.nodes(strings.Split(options[option], ",")); err != nil {
			return nil, m, nil, err
		}
	}
	return names, m, options, nil
}
