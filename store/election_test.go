package store_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/store"
	"mstm/store/storetest"
)

// meddled is the URI of a database behind a proxy: meddle may answer in the server's place; nil
// from it lets the server answer.
func meddled(t *testing.T, meddle func(command bson.Raw) bson.D) string {
	t.Helper()
	u, err := url.Parse(storetest.Paced(t, storetest.NewPace(0)))
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			go passOn(in, server, meddle)
		}
	}()
	u.Host = ln.Addr().String()
	return u.String()
}

func passOn(in net.Conn, server string, meddle func(bson.Raw) bson.D) {
	defer in.Close()
	out, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer out.Close()
	for {
		command, err := storetest.Message(in)
		if err != nil {
			return
		}
		var reply []byte
		if binary.LittleEndian.Uint32(command[12:]) == opMsg {
			reply = answered(command, meddle(bson.Raw(command[21:])))
		}
		if reply == nil {
			if _, err := out.Write(command); err != nil {
				return
			}
			if reply, err = storetest.Message(out); err != nil {
				return
			}
		}
		if _, err := io.Copy(in, bytes.NewReader(reply)); err != nil {
			return
		}
	}
}

const opMsg = 2013

// answered is doc as the reply to a command.
func answered(command []byte, doc bson.D) []byte {
	if doc == nil {
		return nil
	}
	body, _ := bson.Marshal(doc) // plain values
	reply := make([]byte, 21, 21+len(body))
	copy(reply[8:12], command[4:8])
	binary.LittleEndian.PutUint32(reply[12:], opMsg)
	reply = append(reply, body...)
	binary.LittleEndian.PutUint32(reply, uint32(len(reply)))
	return reply
}

// TestAListWhoseCursorIsLostIsReadAgain: an election between two batches costs a list nothing.
func TestAListWhoseCursorIsLostIsReadAgain(t *testing.T) {
	for _, code := range []int32{43, 237} {
		var lost atomic.Int32
		uri := meddled(t, func(command bson.Raw) bson.D {
			if first, err := command.IndexErr(0); err != nil || first.Key() != "getMore" || lost.Add(1) > 1 {
				return nil
			}
			return bson.D{{Key: "ok", Value: 0.0}, {Key: "code", Value: code}, {Key: "errmsg", Value: "cursor lost"}}
		})
		db := storetest.Open(t, func(c *store.Config) { c.MongoURI = uri })
		const n = 150 // more than a batch
		for i := range n {
			if _, err := db.Claims.Take(t.Context(), "user", fmt.Sprint("course", i), "order"); err != nil {
				t.Fatal(err)
			}
		}
		claims, err := db.Claims.All(t.Context())
		if err != nil || len(claims) != n || lost.Load() < 2 {
			t.Errorf("code %d: %d claims after %d batches, %v", code, len(claims), lost.Load(), err)
		}
	}
}

// TestAnIndexMayTakeLongerThanARequest: a release with a new index on a big collection starts.
func TestAnIndexMayTakeLongerThanARequest(t *testing.T) {
	var slow atomic.Bool
	uri := meddled(t, func(command bson.Raw) bson.D {
		if first, err := command.IndexErr(0); err == nil && first.Key() == "createIndexes" && !slow.Swap(true) {
			time.Sleep(5500 * time.Millisecond) // a request is given up after 5 s
		}
		return nil
	})
	storetest.Open(t, func(c *store.Config) { c.MongoURI = uri })
	if !slow.Load() {
		t.Error("no index was made")
	}
}

// TestIndexes_OfTheVersionBefore_GoAndSessionsExpire: an index that no query needs any more is dropped, and MongoDB is asked
// to delete what is over, where the shop's clock is true.
func TestIndexes_OfTheVersionBefore_GoAndSessionsExpire(t *testing.T) {
	var expiring atomic.Int32
	uri := meddled(t, func(command bson.Raw) bson.D {
		if _, err := command.LookupErr("indexes", "0", "expireAfterSeconds"); err != nil {
			return nil
		}
		expiring.Add(1)
		return bson.D{{Key: "ok", Value: 1.0}} // FerretDB has no such index
	})
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.Background())
	config := func(c *store.Config) { c.MongoURI, c.Expire = uri, true }
	storetest.Open(t, config)
	u, _ := url.Parse(uri)
	courses := client.Database(cmp.Or(strings.Trim(u.Path, "/"), "mstm")).Collection("courses").Indexes()
	old := bson.D{{Key: "state", Value: 1}, {Key: "category_id", Value: 1}}
	if _, err := courses.CreateOne(t.Context(), mongo.IndexModel{Keys: old}); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, config)
	have, err := courses.ListSpecifications(t.Context())
	if err != nil || len(have) != 2 || expiring.Load() != 6 {
		t.Errorf("%d indexes, %d that expire, %v", len(have), expiring.Load(), err)
	}
}
