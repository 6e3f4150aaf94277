package scenario

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"dske/protocol"
)

// The clients that an adversary may own.
const (
	noClient = "no client"
	stranger = "a stranger"
	asMaster = "a client as master"
	asSlave  = "a client as slave"
)

// strategy is an attempt of an adversary, in a network in which curtis is mallory's and some hubs
// are broken into.
type strategy struct {
	who    []string // clients that it needs; none: any
	hubs   int      // number of hubs that it needs
	suites []string // suites in which it makes sense; none: all
	script string   // BROKEN stands for the hubs; it ends with a judgement
}

// listening is the strategy of a passive adversary.
var listening = strategy{script: `
get-key sam sofia as=listened
get-key-with-key-ids sam sofia listened
mitm judge listened`}

// acting lists the strategies of an active adversary.
var acting = []strategy{
	{script: ` # swapped answers
get-key sam sofia as=first
get-key sam sofia as=second
mitm withhold answers first
! get-key-with-key-ids sam sofia first
mitm stop
mitm answer second with=first
? get-key-with-key-ids sam sofia second
mitm stop
mitm judge second`},
	{script: ` # acknowledged by nobody, and replays
get-key sam sofia as=repeated
mitm repeat
get-key-with-key-ids sam sofia repeated
mitm repeat
mitm judge repeated`},
	{who: []string{stranger}, script: ` # messages of a stranger
get-key sam sofia as=strange
http POST /hub/hank/dske/api/v1/key-share body={"master_client_name":"mallory","master_sae_id":"mallory","slave_sae_id":"sofia","user_key_id":"$strange","share_index":0}
http GET /hub/hank/dske/api/v1/key-share?client_name=connie&master_sae_id=sam&slave_sae_id=sofia&key_id=$strange
get-key-with-key-ids sam sofia strange
mitm judge strange`},
	{who: []string{asMaster}, script: ` # a key of mallory's
get-key sunny sofia as=mallorys
mitm withhold answers mallorys
! get-key-with-key-ids sunny sofia mallorys
mitm stop
get-key sam sofia as=sams
mitm answer sams with=mallorys
? get-key-with-key-ids sam sofia sams
mitm stop
mitm judge sams`},
	{who: []string{asMaster}, script: ` # forged answers
get-key sunny sofia size=1024 as=large
mitm withhold answers large
! get-key-with-key-ids sunny sofia large
mitm stop
mitm deduce
get-key sam sofia as=forged
mitm forge-answers forged
? get-key-with-key-ids sam sofia forged
mitm stop
mitm judge forged`},
	{who: []string{asSlave}, script: ` # forged posts
mitm withhold requests method=POST to=hank,helen
get-key sam sunny size=1024 as=one
mitm stop
mitm withhold requests method=POST to=hilary,holly
get-key sam sunny size=1024 as=two
mitm stop
get-key-with-key-ids sam sunny one
get-key-with-key-ids sam sunny two
mitm deduce
mitm forge-posts carol sam sofia as=posted
? get-key-with-key-ids sam sofia posted
mitm judge posted`},
	{who: []string{asSlave}, hubs: 1, suites: []string{protocol.SuiteITS}, script: ` # a fellow slave and a liar
get-key sam serena also=sunny as=shared
get-key-with-key-ids sam sunny shared
mitm lie shared hank with=hilary,holly
? get-key-with-key-ids sam serena shared
mitm stop
mitm judge shared`},
	{who: []string{asSlave}, hubs: 2, suites: []string{protocol.SuitePython}, script: ` # a fellow slave and liars
get-key sam serena also=sunny as=shared
get-key-with-key-ids sam sunny shared
mitm lie shared hank,helen with=hilary
? get-key-with-key-ids sam serena shared
mitm stop
mitm judge shared`},
}

// effect is the result of strategies, the worst last.
type effect int

const (
	refused effect = iota
	wrongKey
	ownKey
	keyLearnt
)

// try runs a strategy.
func (w *world) try(t *testing.T, s strategy) effect {
	t.Helper()
	r := &Result{}
	r.run(t.Context(), w, []section{{line: 1, text: s.script + "\n"}})
	if r.Failed() {
		t.Fatalf("%s\n%s", s.script, print(r, true))
	}
	isShared := strings.Contains(s.script, "also=") // then it is his key, too
	switch log := r.Sections[0].Log; {
	case strings.Contains(log, "another key than the master, and the adversary does not know it"):
		return wrongKey
	case strings.Contains(log, "another key than the master"), strings.Contains(log, "that the master never made"):
		return ownKey
	case strings.Contains(log, "and the adversary knows it") && !isShared:
		return keyLearnt
	case strings.Contains(log, "the adversary does not know it"), strings.Contains(log, "nobody has the key"), isShared:
		return refused
	default:
		t.Fatalf("no judgement in\n%s", log)
		return refused
	}
}

// can reports whether an adversary with this client and so many hubs can use a strategy.
func (s strategy) can(who string, hubs int, suite string) bool {
	return (s.who == nil || slices.Contains(s.who, who)) && hubs >= s.hubs && (s.suites == nil || slices.Contains(s.suites, suite))
}

// matrix runs all strategies in a network of a suite with broken hubs, and returns the effects of
// listening and of acting, by client.
func matrix(t *testing.T, suite string, broken []string) (listens effect, acts map[string]effect) {
	synctest.Test(t, func(t *testing.T) {
		p, err := parse("matrix", []byte("# matrix\ntap\n"))
		if err != nil {
			t.Fatal(err)
		}
		w, err := newWorld(t.Context(), p, Options{Suite: suite, psrd: smallPools})
		if err != nil {
			t.Fatal(err)
		}
		prepare := strategy{script: "mitm own curtis\nwait-ready\n" + listening.script}
		if len(broken) > 0 {
			prepare.script = "compromise " + strings.Join(broken, " ") + "\n" + prepare.script
		}
		listens = w.try(t, prepare)
		acts = map[string]effect{}
		for _, s := range acting {
			everybody := []string{noClient, stranger, asMaster, asSlave}
			if !slices.ContainsFunc(everybody, func(who string) bool { return s.can(who, len(broken), suite) }) {
				continue
			}
			e := w.try(t, s)
			for _, who := range everybody {
				if s.can(who, len(broken), suite) {
					acts[who] = max(acts[who], listens, e)
				}
			}
		}
		w.own.TakeViolations() // the script judges what he achieves
		if err := w.end(); err != nil {
			t.Error(err)
		}
	})
	return listens, acts
}

// The table of the README has the effects of the strategies.
func TestMatrix(t *testing.T) {
	words := map[effect][2]string{refused: {"nothing", "refused"}, wrongKey: {"", "**wrong key accepted**"}, ownKey: {"", "**known key accepted**"}, keyLearnt: {"**key learnt**", "**key learnt**"}}
	var table strings.Builder
	fmt.Fprintln(&table, "| compromised hubs | adversary's client | `its`: passive | active | `dske-python`: passive | active |")
	fmt.Fprintln(&table, "|---|---|---|---|---|---|")
	hubs := []string{"hank", "helen", "hilary"}
	for n := range len(hubs) + 1 {
		var cells [2]map[string]effect
		var listens [2]effect
		for i, suite := range []string{protocol.SuiteITS, protocol.SuitePython} {
			listens[i], cells[i] = matrix(t, suite, hubs[:n])
		}
		for _, who := range []string{noClient, stranger, asMaster, asSlave} {
			fmt.Fprintf(&table, "| %d | %s |", n, who)
			for i := range cells {
				fmt.Fprintf(&table, " %s | %s |", words[listens[i]][0], words[cells[i][who]][1])
			}
			fmt.Fprintln(&table)
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), table.String()) {
		t.Errorf("the README does not have\n%s", table.String())
	}
}
