package experiment

import (
	"strconv"
	"time"
)

// figure is one figure of a run, for the table, the files and the report.
type figure struct {
	name string // name of the column
	text string // for people; the term of ITU-T Y.3807 if there is one
	of   func(*Run) float64
	show func(float64) string
}

// figures lists all figures, in the order in which they are shown.
var figures = []figure{
	{"wanted", "keys wanted", func(r *Run) float64 { return float64(r.Wanted) }, whole},
	{"fetched", "keys at both ends", func(r *Run) float64 { return float64(r.Fetched) }, whole},
	{"availability", "availability", (*Run).Availability, percent},
	{"delivery_error_ratio", "delivery error ratio", (*Run).DeliveryErrorRatio, percent},
	{"enc_keys_delay_mean_s", "key supply response delay, master, mean", func(r *Run) float64 { return r.Making.Mean().Seconds() }, seconds},
	{"enc_keys_delay_p99_s", "key supply response delay, master, 99 %", func(r *Run) float64 { return r.Making.Quantile(.99).Seconds() }, seconds},
	{"dec_keys_delay_mean_s", "key supply response delay, slave, mean", func(r *Run) float64 { return r.Fetching.Mean().Seconds() }, seconds},
	{"dec_keys_delay_p99_s", "key supply response delay, slave, 99 %", func(r *Run) float64 { return r.Fetching.Quantile(.99).Seconds() }, seconds},
	{"restoration_time_mean_s", "service restoration time, mean", func(r *Run) float64 { return r.RestorationTime().Seconds() }, seconds},
	{"psrd_lowest_bytes", "lowest PSRD of an association, bytes", lowest, whole},
}

// lowest returns the lowest observed level of PSRD of an association, in bytes; one that is down
// counts as 0.
func lowest(r *Run) float64 {
	least := -1
	for _, row := range r.Series {
		if least < 0 || row.Lowest < least {
			least = row.Lowest
		}
	}
	return float64(max(0, least))
}

func whole(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }

func percent(v float64) string { return strconv.FormatFloat(100*v, 'f', 4, 64) + " %" }

func seconds(v float64) string {
	d := time.Duration(v * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Microsecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	default:
		return d.Round(time.Minute).String()
	}
}

func number64(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
