// Package web is the storefront and the console of the staff: pages built by Vite into dist/app and embedded
// in the program. It serves files and knows nothing of courses or orders; the
// pages talk to the REST API and the socket of the host they came from.
package web

import (
	"bytes"
	"embed"
	"errors"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// Options are what the pages must know about their server.
type Options struct {
	// SandboxURL is where the sandbox's phone page lives, for example
	// http://127.0.0.1:8090. Empty when payments go to the real WeChat: the
	// pages then offer the QR code only.
	SandboxURL string
	// WeChatScript is whether pages inside WeChat may load its script, from SandboxURL or from WeChat itself.
	WeChatScript bool
	// MediaOrigin is the scheme://host[:port] of the object store where the pages fetch files; empty when all come from
	// this server.
	MediaOrigin string
	// Pages says what pages show before a script runs; nil: every page is the index as it was built.
	Pages Pages
}

// Handler serves the embedded pages: a file of the build under its own name,
// console.html under /console, and index.html under every other path, since the routers in the browser know the
// pages' paths. Without a build it says how to make one. It answers GET and
// HEAD only, and is meant to be asked for whatever no other route claims.
func Handler(opts Options) http.Handler {
	built, err := fs.Sub(dist, "dist/app")
	if err != nil {
		panic(err) // only a malformed constant path can fail
	}
	return HandlerOf(built, opts)
}

// HandlerOf is Handler over any build, so that a test can bring its own.
func HandlerOf(built fs.FS, opts Options) http.Handler {
	s := &site{assets: map[string]asset{}, pages: opts.Pages}
	switch err := s.load(built, opts); {
	case errors.Is(err, fs.ErrNotExist):
		return guarded(http.HandlerFunc(notBuilt), opts)
	case err != nil:
		panic(err) // reading a file system in memory does not fail
	}
	return guarded(s, opts)
}

// HasDocs reports whether the build has the page that shows the API's contract, which
// Handler serves as /docs.
func HasDocs() bool {
	_, err := fs.Stat(dist, "dist/app/"+docsFile)
	return err == nil
}

const (
	indexFile   = "index.html"
	shellFile   = "shell.html" // the index under an address of its own, for browsers that keep it
	workerFile  = "sw.js"
	docsFile    = "docs.html"
	consoleFile = "console.html"
)

// fileOf is the file of the build that answers for a path without its leading slash, before the index does.
func fileOf(name string) string {
	switch {
	case name == "docs":
		return docsFile
	case name == "console", strings.HasPrefix(name, "console/"):
		return consoleFile
	}
	return name
}

// site is one build, held ready in memory; nothing changes after load.
type site struct {
	assets  map[string]asset // by path below the root, without a leading slash
	pages   Pages            // nil: none
	compose Compose
	routes  routes
}

// load reads the whole build, or reports fs.ErrNotExist when there is none.
func (s *site) load(built fs.FS, opts Options) (err error) {
	if _, err := fs.Stat(built, indexFile); err != nil {
		return err
	}
	if s.routes, err = routesOf(built); err != nil {
		return err
	}
	return fs.WalkDir(built, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == routesFile {
			return err
		}
		body, err := fs.ReadFile(built, name)
		if err != nil {
			return err
		}
		if name == indexFile {
			body = withSandbox(body, opts.SandboxURL)
			s.compose = composer(body)
		}
		a := newAsset(name, body)
		if name != indexFile {
			same, _ := packedFiles.LoadOrStore(name+" "+a.etag, a)
			a = same.(asset)
		}
		s.assets[name] = a
		return nil
	})
}

// packedFiles are the assets by name and tag: sites of one process that have the same file pack it once.
var packedFiles sync.Map

// withSandbox puts the sandbox's address into the page, in a meta element: the content security
// policy allows no inline script that could carry it.
func withSandbox(index []byte, url string) []byte {
	if url == "" {
		return index
	}
	meta := `<meta name="mstm-sandbox" content="` + html.EscapeString(url) + `"></head>`
	return bytes.Replace(index, []byte("</head>"), []byte(meta), 1)
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == shellFile {
		s.assets[indexFile].serve(w, r)
		return
	}
	if name == workerFile && s.assets[name].body == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r) // the index in its place would say that there is one
		return
	}
	if a, ok := s.assets[fileOf(name)]; ok && name != indexFile {
		a.serve(w, r)
		return
	}
	// A page from before the last release asks for a chunk that is gone: the
	// index in its place would be run as a script.
	if strings.HasPrefix(name, assetDir) {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	if !s.serveFile(w, r) {
		s.serveIndex(w, r)
	}
}

// notBuilt answers for pages that are not in this program. It is a failure to
// a probe and a hint to a person.
func notBuilt(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(notBuiltPage)) // an error means that the client has gone
	}
}

const notBuiltPage = `<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>MSTM</title></head>
<body>
<h1>页面还没有构建</h1>
<p>接口已在运行（<a href="/docs">文档</a>），但这个程序里没有商店页面。在项目目录运行 <code>make web</code>（需要 Node 20.19 或更新），再重新启动。</p>
<h1>The pages are not built</h1>
<p>The API is running (<a href="/docs">its documentation</a>), but this program holds no storefront. Run <code>make web</code> in the project's folder (it needs Node 20.19 or later) and start again.</p>
</body>
</html>
`
