package dashboard

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim"
	"dske/sim/topology"
)

const (
	maxNumbers = 60  // maximum number of associations that are reported as numbers, not just as digits
	maxCells   = 100 // maximum number of clients in a request for numbers
	maxColumns = 600 // maximum number of columns of the matrix
)

// levels is the stock of PSRD as a matrix, hubs by clients. A column may stand for several clients,
// and then shows the emptiest.
type levels struct {
	Columns int            `json:"columns"`
	Bin     int            `json:"bin"`             // number of clients per column
	Rows    map[int]string `json:"rows"`            // changed rows, by hub: a digit for each column; a space: no association
	Counts  counts         `json:"counts"`          // of all associations
	Cells   [][]*int       `json:"cells,omitempty"` // bytes by hub and client, in small networks; nil: no association
	Failing [][2]int       `json:"failing"`         // hub and client of the first associations whose couriers do not come

	NextCourier *time.Time `json:"next_courier"` // as in [sim.Snapshot]
}

// counts has the number of associations of each grade.
type counts struct {
	None int `json:"none"` // empty, or not registered
	Low  int `json:"low"`
	Mid  int `json:"mid"`
	High int `json:"high"`

	Failing int `json:"failing"` // number of empty or low ones whose couriers do not come
}

// The grades of a level, as digits.
const (
	empty = '0' + iota
	low
	mid
	high
)

func gradeOf(bytes int, p topology.PSRD) byte {
	switch {
	case bytes <= 0:
		return empty
	case bytes < p.LowWater:
		return low
	case bytes < p.LowWater+(p.HighWater-p.LowWater)/2:
		return mid
	}
	return high
}

func (c *counts) add(grade byte) {
	switch grade {
	case empty:
		c.None++
	case low:
		c.Low++
	case mid:
		c.Mid++
	case high:
		c.High++
	}
}

// matrix computes the levels for one page.
type matrix struct {
	overview sim.Overview
	columns  int
	index    map[string]int // indices of the hubs
	last     map[int]string
}

func newMatrix(o sim.Overview, columns int) *matrix {
	m := &matrix{overview: o, columns: columns, index: map[string]int{}, last: map[int]string{}}
	for i, h := range o.Hubs {
		m.index[h.Name] = i
	}
	return m
}

// next returns the changes, and all levels in order, for the figures.
func (m *matrix) next(s sim.Snapshot, failing map[association]bool) (changed levels, all []int) {
	clients, psrd := len(s.Clients), m.overview.PSRD
	bin := max(1, (clients+m.columns-1)/m.columns)
	changed = levels{Columns: (clients + bin - 1) / bin, Bin: bin, Rows: map[int]string{}, Failing: [][2]int{}, NextCourier: s.NextCourier}
	rows := make([][]byte, len(s.Hubs))
	for i := range rows {
		rows[i] = []byte(strings.Repeat(" ", changed.Columns))
	}
	for i, c := range s.Clients {
		for j, name := range m.overview.Clients[i].Hubs {
			bytes := 0 // for a stopped client
			if c.Levels != nil {
				bytes = max(0, c.Levels[j])
			}
			all = append(all, bytes)
			grade, cell := gradeOf(bytes, psrd), &rows[m.index[name]][i/bin]
			changed.Counts.add(grade)
			if grade <= low && failing[association{"client/" + c.Name, "hub/" + name}] {
				changed.fail(m.index[name], i)
			}
			if *cell == ' ' || grade < *cell {
				*cell = grade
			}
		}
	}
	for i, row := range rows {
		if text := string(row); m.last[i] != text {
			changed.Rows[i], m.last[i] = text, text
		}
	}
	if len(all) <= maxNumbers {
		changed.Cells = cellsOf(m.overview, s, 0, clients)
	}
	slices.Sort(all)
	return changed, all
}

// fail adds an association whose couriers do not come.
func (l *levels) fail(hub, client int) {
	l.Counts.Failing++
	if len(l.Failing) < maxCells {
		l.Failing = append(l.Failing, [2]int{hub, client})
	}
}

// cellsOf returns the bytes in the emptier pool of each association of some clients, by hub.
func cellsOf(o sim.Overview, s sim.Snapshot, from, to int) [][]*int {
	cells, index := make([][]*int, len(o.Hubs)), map[string]int{}
	for i, h := range o.Hubs {
		cells[i], index[h.Name] = make([]*int, to-from), i
	}
	for i := from; i < to; i++ {
		for j, name := range o.Clients[i].Hubs {
			bytes := 0
			if s.Clients[i].Levels != nil {
				bytes = s.Clients[i].Levels[j]
			}
			cells[index[name]][i-from] = &bytes
		}
	}
	return cells
}

// same reports whether nothing has changed.
func (l levels) same(other levels) bool {
	isSameCourier := l.NextCourier == other.NextCourier || l.NextCourier != nil && other.NextCourier != nil && l.NextCourier.Equal(*other.NextCourier)
	return isSameCourier && len(l.Rows) == 0 && l.Counts == other.Counts && slices.EqualFunc(l.Cells, other.Cells, func(a, b []*int) bool {
		return slices.EqualFunc(a, b, func(x, y *int) bool { return x == y || x != nil && y != nil && *x == *y })
	})
}

// cells has the numbers of some clients.
type cells struct {
	Cells [][]*int `json:"cells"`
}

// getLevels answers with the numbers of the clients in a part of the matrix.
func (d *dashboard) getLevels(c echo.Context) error {
	from, err := strconv.Atoi(c.QueryParam("from"))
	to, err2 := strconv.Atoi(c.QueryParam("to"))
	o := d.network.Overview()
	if err != nil || err2 != nil || from < 0 || to <= from || to > len(o.Clients) || to-from > maxCells {
		return &node.Error{Status: http.StatusBadRequest, Message: "No such part of the matrix.", Details: map[string]any{"from": c.QueryParam("from"), "to": c.QueryParam("to"), "clients": len(o.Clients), "most": maxCells}}
	}
	return c.JSON(http.StatusOK, cells{cellsOf(o, d.now(), from, to)})
}

// columnsOf returns the number of columns for which a page has room.
func columnsOf(c echo.Context) int {
	columns, err := strconv.Atoi(c.QueryParam("columns"))
	if err != nil {
		return maxColumns
	}
	return min(max(1, columns), maxColumns)
}

// forgotten returns, by hub, how many clients believe they are registered but are not.
func forgotten(s sim.Snapshot) map[string]int {
	found := map[string]int{}
	for _, h := range s.Hubs {
		found[h.Name] = h.ForgottenBy
	}
	maps.DeleteFunc(found, func(_ string, n int) bool { return n == 0 })
	return found
}
