package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// figures are what was measured: server, quantity, one value for each round.
type figures map[string]map[string][]float64

// put keeps one value of a server.
func (f figures) put(server string) func(quantity string, v float64) {
	if f[server] == nil {
		f[server] = map[string][]float64{}
	}
	return func(quantity string, v float64) {
		f[server][quantity] = append(f[server][quantity], v)
		fmt.Fprintf(os.Stderr, "    %-16s %-14s %.3f\n", server, quantity, v)
	}
}

// median is 0 where nothing was measured.
func (f figures) median(server, quantity string) float64 {
	values := slices.Sorted(slices.Values(f[server][quantity]))
	if len(values) == 0 {
		return 0
	}
	return values[len(values)/2]
}

// row is one line of the table. A bound of 0 is none.
type row struct {
	what, quantity, format string
	server                 string // the column of MSTM
	atMost                 float64
	floor, centrifuge      ratio
	nginx                  ratio // has no column
}

// ratio is what MSTM's median may be, or has to be, of another's.
type ratio struct{ atMost, atLeast float64 }

var rows = []row{
	{what: "broadcast, one outstanding: CPU µs a delivery", quantity: "cpu", format: "%.1f", floor: ratio{atMost: 1.2}, centrifuge: ratio{atMost: 0.65}},
	{what: "broadcast to a server at rest: p50, ms", quantity: "p50", format: "%.0f"},
	{what: "the same: p99, ms", quantity: "p99", format: "%.0f", centrifuge: ratio{atMost: 0.75}},
	{what: "8 broadcasts at once: deliveries a CPU second", quantity: "backlog", format: "%.0f", floor: ratio{atLeast: 4}},
	{what: "personal event, all others idle: p50, ms", quantity: "personal p50", format: "%.2f", atMost: 1},
	{what: "the same: p99, ms", quantity: "personal p99", format: "%.2f", atMost: 5},
	{what: "idle socket of a visitor, KiB resident", quantity: "idle", format: "%.1f", server: "mstm visitors", atMost: 6.5},
	{what: "idle socket of a learner, KiB resident", quantity: "idle", format: "%.1f", atMost: 6.5},
	{what: "catalogue read: requests a CPU second", quantity: "catalogue", format: "%.0f", floor: ratio{atLeast: 0.75}},
	{what: "cart read: requests a CPU second", quantity: "cart", format: "%.0f", floor: ratio{atLeast: 0.5}},
}

// streamRows are what is measured for a number of viewers.
func streamRows(n int) []row {
	of := func(quantity string) string { return streamed(quantity, n) }
	return []row{
		{what: fmt.Sprintf("%d learners that watch: CPU s a GB", n), quantity: of("stream cpu"), format: "%.2f", nginx: ratio{atMost: 1.5}},
		{what: "the same, without what the server does at rest", quantity: of("stream alone"), format: "%.2f", nginx: ratio{atMost: 1.5}},
		{what: "the same: Mbit/s each", quantity: of("stream rate"), format: "%.2f"},
		{what: "the same: MiB resident when all have begun", quantity: of("stream memory"), format: "%.0f"},
		{what: "the same: MiB resident half a minute later", quantity: of("stream grown"), format: "%.0f"},
		{what: "the same: MiB of heap in use then", quantity: of("stream heap"), format: "%.0f"},
	}
}

// print writes the table in Markdown: medians, and MSTM's against what it is to reach.
func (f figures) print(w io.Writer) {
	fmt.Fprintln(w, "| | floor | centrifuge | MSTM | reached |\n| --- | ---: | ---: | ---: | --- |")
	for _, r := range rows {
		if r.server == "" {
			r.server = "mstm"
		}
		if m := f.median(r.server, r.quantity); m != 0 {
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", r.what, f.cell(r, "floor"), f.cell(r, "centrifuge"), f.cell(r, r.server), f.verdict(r, m))
		}
	}
}

func (f figures) cell(r row, server string) string {
	m := f.median(server, r.quantity)
	if m == 0 {
		return ""
	}
	text := fmt.Sprintf(r.format, m)
	if tuned := f.median("centrifuge tuned", r.quantity); server == "centrifuge" && tuned != 0 {
		text += fmt.Sprintf(" (tuned "+r.format+")", tuned)
	}
	return text
}

// verdict names every bound with what was reached.
func (f figures) verdict(r row, m float64) string {
	var all []string
	say := func(ok bool, format string, v ...any) {
		text := fmt.Sprintf(format, v...)
		if !ok {
			text = "**missed:** " + text
		}
		all = append(all, text)
	}
	if r.atMost > 0 {
		say(m <= r.atMost, "goal ≤ %g", r.atMost)
	}
	for _, peer := range []struct {
		name string
		ratio
	}{{"floor", r.floor}, {"centrifuge", r.centrifuge}, {"nginx", r.nginx}} {
		other := f.median(peer.name, r.quantity)
		switch {
		case other == 0:
		case peer.atMost > 0:
			say(m <= peer.atMost*other, "%.2f × %s, goal ≤ %g", m/other, peer.name, peer.atMost)
		case peer.atLeast > 0:
			say(m >= peer.atLeast*other, "%.2f × %s, goal ≥ %g", m/other, peer.name, peer.atLeast)
		}
	}
	if floor, nginx := f.median("floor", r.quantity), f.median("nginx", r.quantity); r.nginx != (ratio{}) && floor > 0 && nginx > 0 {
		all = append(all, fmt.Sprintf("floor %.2f × nginx", floor/nginx))
	}
	return strings.Join(all, "; ")
}

// machine says where this ran.
func machine() string {
	return fmt.Sprintf("%s, %d cores; %s; %s; %s", processor(), runtime.NumCPU(),
		output("uname", "-sr"), runtime.Version(), strings.Join(strings.Fields(output("redis-server", "--version"))[:3], " "))
}

func processor() string {
	info, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer info.Close()
	for lines := bufio.NewScanner(info); lines.Scan(); {
		if name, model, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return "unknown processor"
}

func output(program string, args ...string) string {
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return program + "?"
	}
	return strings.TrimSpace(string(out))
}
