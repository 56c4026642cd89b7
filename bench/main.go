// Command bench measures the shop's hub beside two others on the machine it runs on: a floor
// that does nothing but write (bench/floor) and a server on centrifuge, the library inside
// Centrifugo (bench/centrifuge). The shop is the real program with a real redis-server,
// published to through its API.
//
// Machines differ and drift, so what counts are ratios within one run: in each round every
// server takes its turn, and medians of the rounds are compared. Processor time is the
// server's own, from /proc, so what the clients cost is not in it; times to arrive have it in
// them, as clients and servers share the machine. It runs on Linux.
//
//	make bench                                  # everything, half an hour; the machine should be idle
//	cd bench && go run . -sockets 500 -rounds 1 -idle=0
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"time"
)

type plan struct {
	sockets, rounds, learners, viewers int
	hub, rest                          bool
	idle                               time.Duration
	film                               *film // nil: none is watched
}

func main() {
	log.SetFlags(0)
	var p plan
	flag.IntVar(&p.sockets, "sockets", 10_000, "sockets on each server; the limit of open files is to be twice that")
	flag.IntVar(&p.rounds, "rounds", 5, "rounds, in each of which every server takes its turn")
	flag.IntVar(&p.learners, "learners", 1000, "learners that own the shop's sockets")
	flag.IntVar(&p.viewers, "viewers", 0, "learners that watch a video at once, a twentieth, three twentieths, a quarter and all of them, at the shop, the floor and nginx (which needs ffmpeg and nginx); 0: none do")
	flag.BoolVar(&p.hub, "hub", true, "measure broadcasts and personal events")
	flag.BoolVar(&p.rest, "rest", true, "measure reads over REST")
	flag.DurationVar(&p.idle, "idle", 130*time.Second, "rest before idle sockets are weighed; 0: they are not")
	flag.Parse()
	if err := p.run(); err != nil {
		log.Fatal(err)
	}
}

func (p plan) run() error {
	dir, err := os.MkdirTemp("", "mstm-bench-")
	if err != nil {
		return err
	}
	log.Print("building, and registering learners; logs are in ", dir)
	st, err := newSite(dir, p.learners)
	if err != nil {
		return err
	}
	defer st.close()
	f := figures{}
	if p.viewers > 0 {
		if p.film, err = st.prepareFilm(p.viewers); err != nil {
			return fmt.Errorf("a video to watch: %w", err)
		}
	}
	if err := p.measure(st, f); err != nil {
		return err
	}
	fmt.Printf("%d sockets, %d rounds; %s\n\n", p.sockets, p.rounds, machine())
	if p.viewers > 0 {
		for _, n := range crowds(p.viewers) {
			rows = append(rows, streamRows(n)...)
		}
	}
	f.print(os.Stdout)
	return os.RemoveAll(dir)
}

// measure fills f. What a socket weighs does not drift, so it is measured once.
func (p plan) measure(st *site, f figures) error {
	for round := range p.rounds {
		log.Printf("round %d of %d", round+1, p.rounds)
		if err := p.round(st, f); err != nil {
			return err
		}
	}
	if p.idle == 0 {
		return nil
	}
	log.Print("idle sockets")
	for _, name := range []string{"mstm visitors", "mstm", "centrifuge", "centrifuge tuned"} {
		if err := measureIdle(st, name, p.sockets, p.idle, f.put(name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (p plan) round(st *site, f figures) error {
	if p.hub {
		for _, name := range []string{"floor", "centrifuge", "mstm"} {
			if err := measureHub(st, name, p.sockets, f.put(name)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if p.film != nil {
		if err := measureStream(st, p.film, f); err != nil {
			return fmt.Errorf("streaming: %w", err)
		}
	}
	if p.rest {
		return measureREST(st, f.put("floor"), f.put("mstm"))
	}
	return nil
}
