package storetest

import (
	"context"
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

	"mstm/store/redistest"
)

// Mongo is the URI of a database of its own that several instances can share: on
// MONGODB_URI where that is set, else on a FerretDB of this process. FerretDB's updates are
// no transactions, so its commands go one at a time through a proxy: what MongoDB does
// atomically then happens undisturbed.
func Mongo(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("MONGODB_URI"); uri != "" {
		uri = database(uri, "mstm_test_"+fmt.Sprint(time.Now().UnixNano()))
		t.Cleanup(func() { drop(t, uri) })
		return uri
	}
	dir, err := os.MkdirTemp("", "mstm-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket}, Handler: "sqlite",
		SQLiteURL: "file:" + (&url.URL{Path: dir + "/db/"}).EscapedPath(), Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		t.Fatalf("start FerretDB: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() { _ = f.Run(ctx) }()
	t.Cleanup(stop)
	return "mongodb://" + oneAtATime(t, socket) + "/mstm"
}

// oneAtATime is the address of a proxy to the socket that lets one command through at a
// time, whoever sends it.
func oneAtATime(t testing.TB, socket string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	var one sync.Mutex
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go passOn(client, socket, &one)
		}
	}()
	return ln.Addr().String()
}

func passOn(client net.Conn, socket string, one *sync.Mutex) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		command, err := Message(client)
		if err != nil {
			return
		}
		one.Lock()
		_, err = server.Write(command)
		var reply []byte
		if err == nil {
			reply, err = Message(server)
		}
		one.Unlock()
		if err != nil {
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
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
