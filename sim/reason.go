package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dske/etsi"
	"dske/node"
	"dske/sim/wire"
)

// identified returns the encryptor that a request over a port is taken to come from, or "" if that
// is none of the client's.
func (p *place) identified(r *http.Request) string {
	encryptors := p.network.encryptorsOf(p)
	name, err := etsi.Identify(r, encryptors)
	if err != nil {
		return ""
	}
	return name
}

// encryptorsOf returns the encryptors of a client in the topology.
func (n *Network) encryptorsOf(p *place) []string {
	if p.kind() != node.KindClient {
		return nil
	}
	return n.config.Topology.Clients[p.number].SAEs()
}

// reason explains in words why a request was refused.
func (p *place) reason(v *arrival) *wire.Reason {
	r := &wire.Reason{Code: v.status}
	switch {
	case v.isForged:
		r.Text = fmt.Sprintf("A fault that was ordered answered this, not %s: %s.", p.name(), v.fault)
		r.Helps = []string{"Ask again: a client must tolerate this.", "dske fault list shows the faults, and dske fault remove removes them."}
	case v.status == http.StatusUnauthorized && p.identified(v.request) == "":
		p.explainStranger(v.request, r)
	case v.status == http.StatusUnauthorized:
		p.explainOtherKey(v, r)
	default:
		explainAnswer(p, v, r)
	}
	return r
}

// explainStranger explains why a caller is not one of the encryptors of a client.
func (p *place) explainStranger(request *http.Request, r *wire.Reason) {
	n, own, name := p.network, p.network.encryptorsOf(p), claimedName(request)
	has := fmt.Sprintf("But the topology gives %s %s, %s.", p.name(), plural(len(own), "encryptor"), strings.Join(own, ", "))
	switch {
	case request.TLS != nil && len(request.TLS.PeerCertificates) > 0 && name == "":
		r.Text = fmt.Sprintf("The certificate has no common name, which those of SAEs have: it is for %s.", clip(request.TLS.PeerCertificates[0].Subject.String()))
		r.Helps = []string{fmt.Sprintf("Show the certificate of %s.", own[0])}
		return
	case request.TLS != nil && name == "":
		r.Text = "Nobody said who is calling. Over TLS the certificate of the caller does, and none was shown."
		r.Helps = []string{fmt.Sprintf("Show the certificate of %s.", own[0])}
		return
	case request.TLS != nil:
		r.Text = fmt.Sprintf("%s does not serve %s. The certificate is good: common name %s, issued by this network’s authority. %s", p.name(), name, name, has)
	case name == "":
		r.Text = "Nobody said who is calling. Over plain HTTP the header Authorization carries the SAE ID."
		r.Helps = []string{fmt.Sprintf("Send the header Authorization: %s.", own[0])}
		return
	default:
		r.Text = fmt.Sprintf("%s does not serve %s. Over plain HTTP the header Authorization carries the SAE ID. %s", p.name(), name, has)
	}
	serves := fmt.Sprintf("no client lists %s yet", name)
	if other, err := n.Overview().ClientOf(name); err == nil {
		serves = fmt.Sprintf("%s lists %s", other, name)
	}
	r.Helps = []string{
		fmt.Sprintf("Ask at the client that serves it: %s.", serves),
		fmt.Sprintf("Or add it in the topology: clients, %s, encryptors, name %s.", p.name(), name),
	}
	if request.TLS != nil {
		r.Helps = append(r.Helps, fmt.Sprintf("Or let the appliance show the certificate of %s.", own[0]))
	}
}

func plural(n int, noun string) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	count := fmt.Sprint(n)
	if n < len(words) {
		count = words[n]
	}
	if n != 1 {
		noun += "s"
	}
	return count + " " + noun
}

// explainOtherKey explains why an encryptor that the client knows does not get a key.
func (p *place) explainOtherKey(v *arrival, r *wire.Reason) {
	caller, key := p.identified(v.request), firstKeyID(v)
	if key == "" {
		key = "The key"
	} else {
		key = "Key " + key[:min(8, len(key))]
	}
	r.Text = fmt.Sprintf("%s is for another encryptor, not for %s. The hubs said so. The key was not touched: who it is for can still fetch it.", key, caller)
	r.Helps = []string{"Fetch it with the encryptor that the master named as slave.", "Check the SAE ID of the master in the path: a key is kept under both."}
}

// firstKeyID returns the first ID of a key in a request, or "".
func firstKeyID(v *arrival) string {
	if id := v.request.URL.Query().Get("key_ID"); id != "" {
		return id
	}
	var body struct {
		IDs []struct {
			ID string `json:"key_ID"`
		} `json:"key_IDs"`
	}
	if json.Unmarshal(v.sent.Bytes(), &body) == nil && len(body.IDs) > 0 { // a malformed body names none
		return body.IDs[0].ID
	}
	return ""
}

// explainAnswer explains an error from its body, and says what helps.
func explainAnswer(p *place, v *arrival, r *wire.Reason) {
	var answer etsi.Error
	if json.Unmarshal(v.answer.Bytes(), &answer) != nil || answer.Message == "" {
		r.Text = fmt.Sprintf("The answer was %d %s.", v.status, http.StatusText(v.status))
		return
	}
	answer.Status = v.status
	details := detailsOf(answer)
	switch {
	case answer.Is(etsi.ErrKeyNotFound):
		r.Text = p.name() + " has no key of this ID: never made, already fetched, or expired."
		r.Helps = []string{"Check the key_ID, and the SAE ID of the master in the path.", "A key can be fetched once."}
	case len(details.causes) > 0:
		r.Text = strings.Join(append([]string{answer.Message}, details.causes...), "\n")
		r.Helps = []string{"Start the hubs that are stopped, or remove the faults on the way to them.", "Then ask again: nothing is lost."}
	default:
		r.Text = sentence(answer.Message)
		for _, value := range details.values {
			r.Text += " " + clip(value) + "."
		}
	}
}

func sentence(text string) string {
	text = strings.TrimSuffix(text, ".") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

// details has the details of an error of key delivery.
type details struct {
	causes []string // one line per hub
	values []string // names and values of parameters
}

func detailsOf(e etsi.Error) (d details) {
	for _, detail := range e.Details {
		named, _ := detail.(map[string]any)
		for _, name := range sortedKeys(named) {
			if name != "causes" {
				d.values = append(d.values, fmt.Sprintf("%s: %v", name, named[name]))
				continue
			}
			causes, _ := named[name].([]any)
			for _, cause := range causes {
				c, _ := cause.(map[string]any)
				text, _, _ := strings.Cut(fmt.Sprint(c["message"]), " {") // cuts off details in JSON
				d.causes = append(d.causes, fmt.Sprintf("%v: %s", c["hub_name"], text))
			}
		}
	}
	return d
}

func sortedKeys(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
