package modeltest

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"

	"mstm/store/storetest"
)

// mongoServer is the database of one world: FerretDB, whose updates are no transactions, so
// that one command at a time gets through, whoever sends it.
type mongoServer struct {
	socket string
	one    sync.Mutex // held by the command that is under way
	stop   func()
}

// A history's crashes are those of processes, never of the machine, so nothing here waits
// for the disk.
const pragmas = "_pragma=busy_timeout(2000)&_pragma=journal_mode(wal)&_pragma=synchronous(off)"

// starting lets one FerretDB start at a time: they share counters.
var starting sync.Mutex

func startMongo() (*mongoServer, error) {
	starting.Lock()
	defer starting.Unlock()
	dir, err := os.MkdirTemp("", "mstm-model-") // short, for the socket in it
	if err != nil {
		return nil, err
	}
	m := &mongoServer{socket: filepath.Join(dir, "s")}
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		return nil, err
	}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: m.socket}, Handler: "sqlite",
		SQLiteURL: "file:" + (&url.URL{Path: dir + "/db/"}).EscapedPath() + "?" + pragmas,
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("start FerretDB: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Run(ctx) }()
	m.stop = func() {
		cancel()
		<-done
		_ = os.RemoveAll(dir)
	}
	return m, nil
}

// gate is one process's way to the database. It can be told to shut at a write, before the
// database sees it or before the process hears of it, and from then on lets nothing
// through: what a kill of the process looks like from the database.
type gate struct {
	server *mongoServer
	ln     net.Listener
	uri    string
	dying  func() // called once, at the kill
	died   chan struct{}

	// Guarded by server.one.
	dead  bool
	left  int    // writes until the kill, counting the one at which it happens; 0: not armed
	after bool   // the write at which it happens is still done
	fatal string // any write of this name counts alone, if not ""
	at    string

	mu     sync.Mutex
	conns  []net.Conn
	before func(write string) // waits, where a test orders the writes of two instances (nil: never)
}

func (m *mongoServer) gate() (*gate, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{server: m, ln: ln, uri: "mongodb://" + ln.Addr().String() + "/mstm", dying: func() {}, died: make(chan struct{})}
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go g.passOn(client)
		}
	}()
	return g, nil
}

// arm has the gate shut at the n-th write from now.
func (g *gate) arm(n int, after bool) {
	g.server.one.Lock()
	defer g.server.one.Unlock()
	g.left, g.after, g.fatal = n, after, ""
}

// armAt has it shut after the next write of that name, like "delete due".
func (g *gate) armAt(name string) {
	g.arm(1, true)
	g.server.one.Lock()
	defer g.server.one.Unlock()
	g.fatal = name
}

// armed tells whether the kill is still to come, and isDead whether it has.
func (g *gate) armed() bool {
	g.server.one.Lock()
	defer g.server.one.Unlock()
	return g.left > 0 && !g.dead
}

func (g *gate) isDead() bool {
	select {
	case <-g.died:
		return true
	default:
		return false
	}
}

func (g *gate) close() {
	_ = g.ln.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close()
	}
}

func (g *gate) keep(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns = append(g.conns, c)
}

func (g *gate) waits() func(write string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.before
}

func (g *gate) passOn(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", g.server.socket)
	if err != nil {
		return
	}
	defer server.Close()
	g.keep(client)
	for {
		command, err := storetest.Message(client)
		if err != nil {
			return
		}
		reply, err := g.command(server, command)
		if err != nil {
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// command lets one command through, unless this is where it ends.
func (g *gate) command(server net.Conn, command []byte) (reply []byte, err error) {
	name := writeOf(command)
	if before := g.waits(); name != "" && before != nil {
		before(name)
	}
	g.server.one.Lock()
	defer g.server.one.Unlock()
	if g.dead {
		return nil, net.ErrClosed
	}
	last := false
	if name != "" && g.left > 0 && (g.fatal == "" || g.fatal == name) {
		g.left--
		last = g.left == 0
		g.at = name
	}
	if last && !g.after {
		g.die()
		return nil, net.ErrClosed
	}
	if _, err = server.Write(command); err == nil {
		reply, err = storetest.Message(server)
	}
	if last {
		g.die()
		return nil, net.ErrClosed
	}
	return reply, err
}

// die shuts the gate. server.one is held.
func (g *gate) die() {
	g.dead = true
	g.dying()
	close(g.died)
	g.close()
}

const (
	opMsg      = 2013
	msgCommand = 16 + 4 + 1 + 4 + 1 // header, flags, kind of section, length of the document, type of its first field
)

// writeOf is "insert orders" for a command that writes, "" for any other. A command's name
// is the first field of the document in an OP_MSG, and its value is the collection
// (the wire protocol in the MongoDB manual, "OP_MSG").
func writeOf(m []byte) string {
	if len(m) < msgCommand || binary.LittleEndian.Uint32(m[12:]) != opMsg || m[20] != 0 {
		return ""
	}
	name, rest, _ := strings.Cut(string(m[msgCommand:]), "\x00")
	if !slices.Contains([]string{"insert", "update", "delete", "findAndModify"}, name) || len(rest) < 4 {
		return ""
	}
	collection, _, _ := strings.Cut(rest[4:], "\x00")
	return name + " " + collection
}
