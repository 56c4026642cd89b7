// Command floor does the least that the work can cost on this machine, to have something to
// measure real servers against. A broadcast is one frame made once and one write call for each
// socket, without subscriptions, waiting or storage. A REST answer is bytes that are ready, or
// what one round trip to Redis brings.
package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"

	"github.com/julienschmidt/httprouter"
	"github.com/redis/go-redis/v9"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen")
	redisAddr := flag.String("redis", "", "host:port of a Redis, for /redis/")
	files := flag.String("files", "", "folder that is served, by net/http's own server of files")
	flag.Parse()
	if *files != "" {
		log.Fatal(http.ListenAndServe(*addr, http.FileServer(http.Dir(*files))))
	}
	f := &floor{redis: redis.NewClient(&redis.Options{Addr: *redisAddr})}
	mux := httprouter.New()
	mux.GET("/ws", f.accept)
	mux.POST("/publish", f.publish)
	mux.PUT("/bytes", f.keep)
	mux.GET("/bytes", f.answerBytes)
	mux.GET("/redis", f.answerRedis)
	log.Fatal(http.ListenAndServe(*addr, mux))
}

type floor struct {
	redis *redis.Client

	mu    sync.RWMutex
	conns []net.Conn
	ready []byte // what /bytes answers
}

// handshakeGUID is RFC 6455 §1.3's.
const handshakeGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// accept answers a handshake and keeps the bare connection. Nothing reads from it: the floor has
// no pings and no hello.
func (f *floor) accept(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + handshakeGUID))
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns = append(f.conns, conn)
}

// publish writes the body as one text frame to every socket, on as many goroutines as there
// are processors.
func (f *floor) publish(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	frame := textFrame(body)
	f.mu.RLock()
	defer f.mu.RUnlock()
	parts := runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	for part := range parts {
		all.Go(func() {
			for i := part; i < len(f.conns); i += parts {
				f.conns[i].Write(frame) // one that is gone costs the same
			}
		})
	}
	all.Wait()
}

// textFrame is RFC 6455 §5.2's, unmasked and in one piece; payloads here are below 64 KiB.
func textFrame(payload []byte) []byte {
	const finText = 0x81
	if len(payload) < 126 {
		return append([]byte{finText, byte(len(payload))}, payload...)
	}
	head := binary.BigEndian.AppendUint16([]byte{finText, 126}, uint16(len(payload)))
	return append(head, payload...)
}

const redisKey = "bench:bytes"

// keep takes what /bytes and /redis are to answer: the very bytes that the other side answers.
func (f *floor) keep(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := f.redis.Set(r.Context(), redisKey, b.Bytes(), 0).Err(); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = b.Bytes()
}

func (f *floor) answerBytes(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
	f.mu.RLock()
	ready := f.ready
	f.mu.RUnlock()
	answer(w, ready)
}

func (f *floor) answerRedis(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	b, err := f.redis.Get(r.Context(), redisKey).Bytes()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	answer(w, b)
}

func answer(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}
