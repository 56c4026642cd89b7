// Command counted is the program with a switch that says which functions it passes. It is to be built with
// -cover -covermode=atomic, and serves at COUNTED_ADDR: POST /clear forgets what was passed, POST /write?dir=DIR
// writes it into a folder, as `go tool covdata` reads it.
package main

import (
	"log"
	"net/http"
	"os"
	"runtime/coverage"

	"mstm/app"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /clear", func(w http.ResponseWriter, _ *http.Request) { answer(w, coverage.ClearCounters()) })
	mux.HandleFunc("POST /write", func(w http.ResponseWriter, r *http.Request) {
		dir := r.FormValue("dir")
		err := coverage.WriteMetaDir(dir)
		if err == nil {
			err = coverage.WriteCountersDir(dir)
		}
		answer(w, err)
	})
	go func() { log.Fatal(http.ListenAndServe(os.Getenv("COUNTED_ADDR"), mux)) }()
	app.Main()
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
