package modeltest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/store"
	"mstm/store/embedded"
	"mstm/store/storetest"
)

// mongoServer is the database of one world: FerretDB, with updates that are no transactions, so
// that one command at a time gets through, or what MONGODB_URI names.
type mongoServer struct {
	dial func() (net.Conn, error)
	name string // of the database
	pace *storetest.Pace
	one  sync.Locker // held by the command that is under way
	stop func()
}

// atOnce lets every command through: MongoDB does each undisturbed by itself.
type atOnce struct{}

func (atOnce) Lock()   {}
func (atOnce) Unlock() {}

// outsideMongo is a database of its own on the server that a URI names.
func outsideMongo(uri string) (*mongoServer, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mongodb" || u.User != nil || u.RawQuery != "" || strings.Contains(u.Host, ",") {
		return nil, errors.New("the model needs a MONGODB_URI of one address without a password: it listens in between")
	}
	m := &mongoServer{name: "mstm_model_" + store.NewID(), pace: storetest.NewPace(0), one: atOnce{}}
	m.dial = func() (net.Conn, error) { return net.Dial("tcp", u.Host) }
	m.stop = func() {
		client, err := mongo.Connect(options.Client().ApplyURI(uri))
		if err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			_ = client.Database(m.name).Drop(ctx)
			_ = client.Disconnect(ctx)
		}
	}
	return m, nil
}

// A history's crashes are those of processes, never of the machine, so nothing here waits
// for the disk.
const pragmas = "_pragma=busy_timeout(2000)&_pragma=journal_mode(wal)&_pragma=synchronous(off)"

// startMongo starts the database of a world; pace holds up what its instances ask of it.
func startMongo(pace *storetest.Pace) (*mongoServer, error) {
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		return outsideMongo(uri)
	}
	dir, err := os.MkdirTemp("", "mstm-model-") // short, for the socket in it
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "s")
	m := &mongoServer{name: "mstm", pace: pace, one: &sync.Mutex{}}
	m.dial = func() (net.Conn, error) { return net.Dial("unix", socket) }
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		return nil, err
	}
	f, err := embedded.NewFerretDB(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket}, Handler: "sqlite",
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

// gate is one process's way to the database. A test can shut it at a write, before the database
// sees the write or before the process gets the answer, and from then on it lets nothing through:
// what a kill of the process looks like from the database.
type gate struct {
	server *mongoServer
	ln     net.Listener
	uri    string
	dying  func() // called once, at the kill
	died   chan struct{}

	mu    sync.Mutex
	dead  bool
	left  int    // writes until the kill, counting the one at which it happens; 0: not armed
	after bool   // the write at which it happens is still done
	fatal string // any write of this name counts alone, if not ""
	at    string
	conns []net.Conn
	under sync.WaitGroup // commands that the database is at

	before func(command string) // waits, where a test orders the commands of two instances (nil: never)
}

func (m *mongoServer) gate() (*gate, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{server: m, ln: ln, uri: "mongodb://" + ln.Addr().String() + "/" + m.name, dying: func() {}, died: make(chan struct{})}
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
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left, g.after, g.fatal = n, after, ""
}

// armAt has it shut after the next write of that name, like "delete wakeups".
func (g *gate) armAt(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left, g.after, g.fatal = 1, true, name
}

// armed reports whether the kill is still to come, and isDead whether it has.
func (g *gate) armed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
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

func (g *gate) waits() func(command string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.before
}

func (g *gate) passOn(client net.Conn) {
	defer client.Close()
	server, err := g.server.dial()
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
		after := g.server.pace.Wait(command)
		reply, err := g.command(server, command)
		if err != nil {
			return
		}
		time.Sleep(after)
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// command lets one command through, unless this is where it ends.
func (g *gate) command(server net.Conn, command []byte) (reply []byte, err error) {
	name := writeOf(command)
	if before := g.waits(); before != nil {
		before(storetest.Kind(command))
	}
	g.server.one.Lock()
	defer g.server.one.Unlock()
	last, done, err := g.enter(name)
	if err != nil {
		return nil, err
	}
	if done {
		if _, err = server.Write(command); err == nil {
			reply, err = storetest.Message(server)
		}
	}
	g.under.Done()
	if last {
		g.under.Wait() // what the database is at it finishes
		g.die()
		return nil, net.ErrClosed
	}
	return reply, err
}

// enter counts a command; last says that the gate shuts at it, done that it still gets through.
func (g *gate) enter(name string) (last, done bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dead {
		return false, false, net.ErrClosed
	}
	if name != "" && g.left > 0 && (g.fatal == "" || g.fatal == name) {
		g.left--
		last = g.left == 0
		g.at = name
	}
	g.dead = last
	g.under.Add(1)
	return last, !last || g.after, nil
}

// die shuts the gate.
func (g *gate) die() {
	g.dying()
	close(g.died)
	g.close()
}

// writeOf is "insert orders" for a command that writes, "" for any other.
func writeOf(m []byte) string {
	kind := storetest.Kind(m)
	verb, _, _ := strings.Cut(kind, " ")
	if slices.Contains([]string{"insert", "update", "delete", "findAndModify"}, verb) {
		return kind
	}
	return ""
}
