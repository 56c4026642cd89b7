package shop

import "time"

// shanghai is the zone in which days and months are counted. It is fixed because small
// images carry no zone data; China has kept +08:00 all year since 1991.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Midnight is the first instant of t's day in Asia/Shanghai, given in UTC.
func Midnight(t time.Time) time.Time {
	y, m, d := t.In(shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, shanghai).UTC()
}

// StartRun begins a stretch of access on the day of now. Nothing is bought in it yet.
func StartRun(now time.Time) Run { return Run{Anchor: Midnight(now)} }

// Extend is the run with one more period at its end.
func (r Run) Extend(p Period) Run {
	if p.Unit == Month {
		r.Months += p.Count
	} else {
		r.Days += p.Count
	}
	return r
}

// Until is the first instant after the run's last day, in UTC. The months are counted
// from the anchor in one go, so that 31 January, 28 February, 31 March follow each
// other; a short month costs its own end and no later one. Days are added after that.
func (r Run) Until() time.Time {
	y, m, d := r.Anchor.In(shanghai).Date()
	m += time.Month(r.Months)
	lastOfMonth := time.Date(y, m+1, 0, 0, 0, 0, 0, shanghai).Day()
	return time.Date(y, m, min(d, lastOfMonth)+r.Days+1, 0, 0, 0, 0, shanghai).UTC()
}

// wholeDays counts the whole days from one instant to another, 0 if there are none.
func wholeDays(from, until time.Time) int64 {
	return max(0, int64(until.Sub(from)/(24*time.Hour)))
}
