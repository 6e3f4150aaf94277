package experiment

import (
	"fmt"
	"io"
	"time"

	"dske/sim"
)

// forecast prints when the first associations run dry at the demand of a point, and which courier
// interval suffices, by arithmetic, for the client with the highest demand.
func (p *Point) forecast(to io.Writer, seed uint64) error {
	rate, bits := map[string]float64{}, 0
	for i := range p.Demand {
		d := &p.Demand[i]
		bits = max(bits, d.Size)
		perSecond := 1 / d.Every.Seconds()
		if d.Arrivals == OnOff {
			perSecond *= float64(d.On) / float64(d.On+d.Off)
		}
		for _, pair := range d.pairs(p.Topology, seed, i) {
			rate[pair.master.client] += perSecond
			rate[pair.slave.client] += perSecond
		}
	}
	var busiest string
	for _, c := range p.Topology.Clients {
		if rate[c.Name] > rate[busiest] {
			busiest = c.Name
		}
	}
	every := time.Duration(float64(time.Second) / rate[busiest])
	f, err := sim.ForecastOf(p.Topology, bits, every)
	if err != nil {
		return err
	}
	holds := "nobody brings more"
	if f.Interval > 0 {
		holds = fmt.Sprintf("a courier every %v is enough", f.Interval.Round(time.Minute))
	}
	_, err = fmt.Fprintf(to, "forecast: with a key every %v, the associations of client %s run dry after %v if nobody brings more; %s\n",
		every.Round(time.Second), busiest, f.RunsDry.Round(time.Minute), holds)
	return err
}
