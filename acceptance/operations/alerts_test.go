package operations

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
)

// metricName is a name of ours in a rule or a panel.
var metricName = regexp.MustCompile(`\bmstm_[a-z_]+`)

// TestAlerts_EveryMetricThatARuleNames_IsThere reads the rules and the dashboard beside a shop that has sold one course.
func TestAlerts_EveryMetricThatARuleNames_IsThere(t *testing.T) {
	s := shoptest.Start(t)
	c := s.Sell(shoptest.Usual())
	s.Buy(s.NewLearner(), 99900, c.Full)
	// The shops of tests log into a book, which loses no lines; the program's log counts them.
	page := "\nmstm_log_lines_dropped_total 0\n" + string(s.Visitor().Get("/metrics").Want(200).Body)
	for _, file := range []string{"deploy/prometheus/alerts.yml", "deploy/grafana/mstm.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names := metricName.FindAllString(string(text), -1)
		if len(names) < 10 {
			t.Errorf("%s names %d metrics", file, len(names))
		}
		for _, name := range names {
			if !strings.Contains(page, "\n"+name+"{") && !strings.Contains(page, "\n"+name+" ") {
				t.Errorf("%s names %s, which no shop has", file, name)
			}
		}
	}
}
