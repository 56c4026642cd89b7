package storetest

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
	_ "modernc.org/sqlite" // the driver that FerretDB uses, for the index it lacks

	"mstm/store/embedded"
	"mstm/store/redistest"
)

// Mongo is the URI of a database of its own that several instances can share: on
// MONGODB_URI where that is set, else on a FerretDB of this process, with commands held up as
// STORE_SEED says.
func Mongo(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		uri = database(uri, "mstm_test_"+fmt.Sprint(time.Now().UnixNano()))
		t.Cleanup(func() { drop(t, uri) })
		return uri
	}
	return Paced(t, NewPace(Seed(t)))
}

// Paced is the URI of a database of its own on a FerretDB of this process, with commands held up
// at a pace. FerretDB's updates are no transactions, so its commands go one at a time through a
// proxy: what MongoDB does atomically then happens undisturbed, over as many connections as the
// driver likes. And what MongoDB finds by an index takes FerretDB the reading of a whole
// collection; the proxy sees to it that documents are found by their _ids.
func Paced(t testing.TB, pace *Pace) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mstm-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	m := &mongoServer{
		socket: filepath.Join(dir, "s"), files: "file:" + (&url.URL{Path: dir + "/db/"}).EscapedPath(), pace: pace,
	}
	f, err := embedded.NewFerretDB(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: m.socket}, Handler: "sqlite",
		SQLiteURL: m.files + pragmas, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		t.Fatalf("start FerretDB: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() { _ = f.Run(ctx) }()
	t.Cleanup(stop)
	return "mongodb://" + m.oneAtATime(t) + "/" + sharedName
}

// Own is the URI of the database that a shop with this data folder has: one of its own on
// MONGODB_URI, or on a store that STORE_SEED holds up; "", the embedded store, without either.
// A folder has the same database until the test ends.
func Own(t testing.TB, dir string) string {
	t.Helper()
	if os.Getenv("MONGODB_URI") == "" && Seed(t) == 0 {
		return ""
	}
	owned.Lock()
	defer owned.Unlock()
	uri, ok := owned.byDir[dir]
	if !ok {
		uri = Mongo(t)
		owned.byDir[dir] = uri
		t.Cleanup(func() {
			owned.Lock()
			defer owned.Unlock()
			delete(owned.byDir, dir)
		})
	}
	return uri
}

var owned = struct {
	sync.Mutex
	byDir map[string]string
}{byDir: map[string]string{}}

const sharedName = "mstm"

// pragmas: what is acknowledged outlives a killed process, though not a power cut.
const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=synchronous(off)"

// mongoServer is a FerretDB behind a proxy.
type mongoServer struct {
	socket, files string
	pace          *Pace
	one           sync.Mutex // held while a command is answered
}

// oneAtATime is the address of a proxy to the server that lets one command through at a time, over
// all connections.
func (m *mongoServer) oneAtATime(t testing.TB) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go m.passOn(client)
		}
	}()
	return ln.Addr().String()
}

func (m *mongoServer) passOn(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", m.socket)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		command, err := Message(client)
		if err != nil {
			return
		}
		after := m.pace.Wait(command)
		reply, err := m.answer(server, command)
		if err != nil {
			return
		}
		time.Sleep(after)
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// answer is the server's reply to a command.
func (m *mongoServer) answer(server io.ReadWriter, command []byte) ([]byte, error) {
	m.one.Lock()
	defer m.one.Unlock()
	if reply, ok, err := foundByIDs(server, command); ok || err != nil {
		return reply, err
	}
	narrow, made, err := narrowed(server, command)
	if err != nil {
		return nil, err
	}
	reply, err := ask(server, narrow)
	if err == nil && made != "" {
		err = m.indexID(made)
	}
	return reply, err
}

func ask(server io.ReadWriter, command []byte) ([]byte, error) {
	if _, err := server.Write(command); err != nil {
		return nil, err
	}
	return Message(server)
}

// indexID gives a collection that was just made the index that FerretDB's look-up by _id needs,
// as the embedded store has it.
func (m *mongoServer) indexID(collection string) error {
	db, err := sql.Open("sqlite", m.files+sharedName+".sqlite"+pragmas)
	if err != nil {
		return err
	}
	defer db.Close()
	var table string
	err = db.QueryRow(`SELECT table_name FROM _ferretdb_collections WHERE name = ?`, collection).Scan(&table)
	if err != nil {
		return nil // it was not made after all
	}
	_, err = db.Exec(fmt.Sprintf(`CREATE INDEX IF NOT EXISTS %q ON %q (_ferretdb_sjson->'$._id')`, table+"_test_id", table))
	return err
}

// Message reads one message of MongoDB's wire protocol: its length comes first.
func Message(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n < 16 || n > 64<<20 {
		return nil, fmt.Errorf("message of %d bytes", n)
	}
	whole := make([]byte, n)
	copy(whole, head[:])
	_, err := io.ReadFull(r, whole[4:])
	return whole, err
}

// Redis is the URL of a redis-server started for this test. Where there is none on the
// machine the test is skipped.
func Redis(t testing.TB) string {
	t.Helper()
	return redistest.Single(t)
}
