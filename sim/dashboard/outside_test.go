package dashboard

import (
	"net/http"
	"time"

	"dske/sim"
)

// testOutside makes requests with a wrong SAE ID, as curl would.
func testOutside(d *desk) {
	d.waitForText("#requests-none", "curl -H 'Authorization: sam' "+d.network.URL()+"/client/carol/etsi/api/v1/keys/serena/enc_keys")
	d.showsUp()
	d.use("#requests tr.refused button")
	d.waitForText("#requests .why", "Why 401: celia does not serve fw-munich-01.")
	d.waitForText("#requests .why", "But the topology gives celia one encryptor, serena.")
	d.waitForText("#requests .why", "What helps")
	d.use("#requests .why .plain")
	d.waitForText("#drawer", "Authorization: fw-munich-01")
	d.waitForText("#drawer", "401 Unauthorized")
	d.waitForText("#drawer", "127.0.0.1:")
	d.press(escape)
	d.waitFor(`document.getElementById('drawer').hidden && document.activeElement.textContent === 'Open what came and what went back'`)
	if status := d.curl("serena"); status != http.StatusOK {
		d.Fatal(status)
	}
	d.waitForText("#past", "serena – sofia")
	d.waitForText("#story-head", "has not asked yet")
	d.toggle("#requests-refused")
	d.waitFor(`[...document.querySelectorAll('#requests tr.pickable')].every(row => row.classList.contains('refused'))`)
	d.toggle("#requests-refused")
	d.waitFor(`document.querySelector('#requests tr.pickable:not(.refused)') !== null`)
}

// showsUp expects a refusal on the page at once. That is far less than a second on an idle machine,
// but tests of other packages run at the same time; so it takes the fastest of a few.
func (d *desk) showsUp() {
	d.Helper()
	fastest := time.Hour
	for _, name := range []string{"fw-vienna-07", "fw-bern-02", "fw-munich-01"} { // the last one is above the others
		began := time.Now()
		if status := d.curl(name); status != http.StatusUnauthorized {
			d.Fatal(status)
		}
		d.waitForText("#requests", name)
		fastest = min(fastest, time.Since(began))
	}
	if fastest > 5*time.Second {
		d.Errorf("it appears after %v", fastest)
	}
}

// curl asks celia for a key in the name of an encryptor, and returns the status.
func (d *desk) curl(encryptor string) int {
	d.Helper()
	request, err := http.NewRequest("GET", sim.KMEURL(d.network.URL(), "celia")+"/api/v1/keys/sofia/enc_keys", nil)
	if err != nil {
		d.Fatal(err)
	}
	request.Header.Set("Authorization", encryptor)
	response, err := d.remote.HTTP.Do(request)
	if err != nil {
		d.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}
