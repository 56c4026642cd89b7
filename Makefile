# make run and make test need Go 1.26 and Node 20.19 (or newer), nothing else. What they
# download, build and keep stays in this folder and in the caches of Go and npm.

MODULES := web/node_modules/.package-lock.json
PEER    := wechat/peer/node_modules/.package-lock.json
PAGES   := web/dist/app/index.html
SOURCES := $(shell find web/src web/sw web/client/src web/public -type f) web/index.html web/docs.html web/console.html web/vite.config.ts web/vite.console.config.ts web/tsconfig.json
# npm packages may bring Go files of their own, which are not ours to judge, as .race does.
GOFILES := $(shell find . -name node_modules -prune -o -name .race -prune -o -name '*.go' -print)

# Where `make run` looks for the shop: as the program does, the environment goes before .env.
ADDR ?= $(or $(shell sed -n 's/^ADDR=//p' .env 2>/dev/null),127.0.0.1:8080)
SHOP := http://$(ADDR)

.PHONY: run test path soak flood broadcast fuzz drill bench types web build clean tools check-web check-go missing

run: build ## starts the shop with its sandbox and opens it in the browser
	@( while kill -0 $$$$ 2>/dev/null; do \
	     node -e "fetch('$(SHOP)/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))" && break; \
	     sleep 0.3; \
	   done; \
	   kill -0 $$$$ 2>/dev/null || exit 0; \
	   if command -v open >/dev/null && [ "$$(uname)" = Darwin ]; then open '$(SHOP)'; \
	   elif command -v xdg-open >/dev/null && [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then xdg-open '$(SHOP)'; \
	   else printf '  No browser found here: open %s yourself.\n\n' '$(SHOP)'; fi \
	 ) >&2 & exec ./mstm

build: web ## the whole program, pages included, in one file: ./mstm
	go build -o mstm .

web: $(PAGES) ## the pages, if anything in them changed

$(PAGES): $(MODULES) $(SOURCES)
	cd web && npx vite build && npx vite build -c vite.console.config.ts
	@touch $@

$(MODULES): web/package.json web/package-lock.json | tools
	cd web && npm ci --no-audit --no-fund
	@touch $@

# Another implementation of WeChat Pay, for a test of ours.
$(PEER): wechat/peer/package.json wechat/peer/package-lock.json | tools
	cd wechat/peer && npm ci --no-audit --no-fund
	@touch $@

tools:
	@command -v go >/dev/null || { echo 'Go 1.26 or newer is needed: https://go.dev/dl' >&2; exit 1; }
	@command -v npm >/dev/null || { echo 'Node 20.19 or newer is needed, with npm: https://nodejs.org' >&2; exit 1; }
	@node -e "const [a, b] = process.versions.node.split('.').map(Number); \
	  if (a < 20 || (a === 20 && b < 19)) { console.error('Node ' + process.version + ' is too old: 20.19 or newer is needed'); process.exit(1) }"

# The race detector is the one thing here that needs a C compiler.
RACE := $(if $(shell command -v $${CC:-cc} || command -v gcc),-race)

# What the embedded database does with documents, SQLite (C in Go's words), brotli and RSA's arithmetic are not watched for races:
# they took three quarters of the tests' time, and share no memory with our code. Only packages without instances of
# sync's generics may go unwatched: the linker keeps one copy for all. Nor are std's pointers checked. No debugger looks at
# these programs, so the compiler leaves out what it would need.
FERRETDB  := github.com/FerretDB/FerretDB/internal
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc modernc.org/memory crypto/internal/fips140/bigmod github.com/andybalholm/brotli github.com/FerretDB/wire/wirebson \
             $(addprefix $(FERRETDB)/,bson types util/json handler/sjson handler/handlerparams handler/common handler/commonpath)
RACEFLAGS := $(if $(RACE),-race -gcflags=all=-dwarf=false '-gcflags=std=-d=checkptr=0 -dwarf=false' $(UNWATCHED:%='-gcflags=%=-race=false -dwarf=false'))
WATCH     := $(if $(RACE),$(RACEFLAGS) -modfile=.race/go.mod)

# For the race detector's sake FerretDB turns into a "debug build", which takes the stack of every
# document, a third of the tests' time: in this copy it stays as it is shipped. It reads its documents with a copy of
# encoding/json of its own, because ours is watched; a Go whose encoding/json cannot be copied takes longer.
.race/go.mod: go.mod go.sum Makefile | tools
	rm -rf .race && mkdir .race
	go mod download github.com/FerretDB/FerretDB
	cp -R "$$(go list -m -f '{{.Dir}}' github.com/FerretDB/FerretDB)" .race/ferretdb && chmod -R u+w .race/ferretdb
	echo 'package debugbuild; const Enabled = false' >.race/ferretdb/internal/util/debugbuild/debugbuild_on.go
	@mkdir .race/ferretdb/internal/util/json && cd .race/ferretdb/internal/util/json; \
	for f in $$(go list -f '{{$$d := .Dir}}{{range .GoFiles}}{{$$d}}/{{.}} {{end}}' encoding/json); do \
	  sed 's/sync\.Map/cacheMap/; s/sync\.Pool/cachePool/' "$$f" >"$${f##*/}"; \
	  if grep -q '"sync"' "$$f"; then echo 'var _ sync.Locker' >>"$${f##*/}"; fi; \
	done; \
	cp ../../../../../acceptance/shoptest/testdata/caches.go.txt caches.go; \
	grep -q '"encoding/json/' *.go || for f in ../../handler/sjson/*.go; do \
	  sed 's#"encoding/json"#"$(FERRETDB)/util/json"#' "$$f" >"$$f.new" && mv "$$f.new" "$$f"; \
	done
	cp go.sum .race/go.sum
	printf 'go %s\nuse ..\nreplace github.com/FerretDB/FerretDB => ./ferretdb\n' "$$(go list -m -f '{{.GoVersion}}')" >.race/go.work
	cp go.mod $@.new && go mod edit -replace github.com/FerretDB/FerretDB=./.race/ferretdb $@.new && mv $@.new $@

# The tests of the whole program mostly wait, so their packages run beside others; the longest begin first. One goroutine
# a search explores the states of an order: the race detector would find nothing there, five times slower.
LONGEST := ./acceptance/crash ./acceptance/payments ./acceptance/broadcasts ./acceptance/pages ./acceptance/notices ./hub ./store
BESIDE  := 3

# The plays' browser: Chromium without windows, where it is installed, takes a third less of the machine.
CHROMIUM ?= $(or $(shell command -v chromium-headless-shell),/usr/bin/chromium)
test: export CHROMIUM := $(CHROMIUM)

# A garbage collector at work under the race detector takes an eighth of the tests' time: it comes less often.
test: export GOGC := 400

# The two checks run side by side: that of the pages leaves a core idle.
test: web $(PEER) missing $(if $(RACE),.race/go.mod) ## everything that CI checks
	@$(MAKE) --no-print-directory -j2 check-web check-go
	go build $(WATCH) ./...
	go test $(WATCH) -vet=off -timeout 20m -p $(BESIDE) $(LONGEST) $$(go list ./... | grep -v '^mstm/shop/explore$$')
	go test ./shop/explore
	@$(MAKE) --no-print-directory missing

path: ## which functions one payment passes, from WeChat's callback to its five events, and how many they are
	SETTLEMENT_PATH=1 go test -count=1 -v -timeout 20m -run 'TestSettlementPath' ./acceptance/payments

soak: ## every state of an order, random histories of orders against a model, races on stores held up by many seeds, 20 kills before and after each named write of an order's life, and three of each of 21 uploads; seeds are printed
	EXPLORE_STATES=$(or $(EXPLORE_STATES),1000000) go test -count=1 -v -timeout 12h -run Reachable -parallel 1 ./shop/explore
	MODEL_HISTORIES=$(or $(MODEL_HISTORIES),10000) go test -count=1 -v -timeout 12h -run 'TestModel$$' ./checkout/modeltest
	STORE_SEEDS=$(or $(STORE_SEEDS),200) go test -count=1 -v -timeout 12h -run 'TestRacesOnAPacedStore$$' ./acceptance/accounts
	STORE_SEED=$(or $(STORE_SEED),1) MODEL_HISTORIES=$(or $(PACED_HISTORIES),300) go test -count=1 -v -timeout 12h -run 'TestModel$$' ./checkout/modeltest
	CRASH_SEEDS=$(or $(CRASH_SEEDS),20) CRASH_WORKERS=$(or $(CRASH_WORKERS),8) go test -count=1 -v -timeout 12h -run 'TestKilledAtAnyWrite' ./acceptance/crash
	FILE_SEED=$(or $(FILE_SEED),1) FILE_SEEDS=$(or $(FILE_SEEDS),21) go test -count=1 -v -timeout 12h -run 'TestFiles_' ./acceptance/files

flood: ## 1,000 messages by two instances, 5,000 bad callbacks a second, 1,000,000 mutated ones, 20,000 of them over HTTP, one learner's lists on 200 connections; best on a free machine
	OVERLOAD=1 go test -count=1 -v -timeout 30m -run 'TestOneLearnersFlood' ./acceptance/outages
	MESSAGES=$(or $(MESSAGES),1000) FLOOD=$(or $(FLOOD),5000) go test -count=1 -v -timeout 30m -run 'TestTwoInstancesSendEachMessageOnce|TestAFloodOfBadCallbacks' ./acceptance/notices ./acceptance/payments
	MUTATED_CALLBACKS=$(or $(MUTATED_CALLBACKS),1000000) go test -count=1 -v -timeout 30m -run TestNoMutatedCallbackIsAccepted ./wechat
	MUTATED_CALLBACKS=$(or $(MUTATED_POSTS),20000) go test -count=1 -v -timeout 30m -run TestMutatedCallbacksChangeNothing ./acceptance/payments

broadcast: ## a broadcast to 20,000 learners with 3,000 pages while its senders are killed, payments amid broadcasts to 10,000 pages; best on a free machine
	BROADCAST_BIG=1 go test -count=1 -v -timeout 30m -run 'TestBroadcastsToMany' ./acceptance/broadcasts
	BROADCAST_PAGES=$(or $(BROADCAST_PAGES),10000) go test -count=1 -v -timeout 30m -run 'TestPaymentsOvertakeBroadcasts' ./acceptance/broadcasts

fuzz: ## every fuzz target in turn, FUZZTIME (60s) each
	@set -e; for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),60s) -parallel $(or $(FUZZPARALLEL),1) $$package; \
	  done; \
	done

drill: ## the hub's drills in full, an hour: kills, a Redis that freezes or loses all, 10,000 sockets
	HUB_DRILL=$(or $(HUB_DRILL),20) go test -count=1 -v -timeout 4h -run 'TestDrill' ./hub

bench: ## the hub beside centrifuge and the raw write floor, half an hour on a machine that does nothing else
	cd bench && go run .

check-web: $(MODULES)
	cd web && npm run check && npm run test --if-present

# The checks take what is compiled for the tests: nothing is compiled in a second way.
check-go: tools $(if $(RACE),.race/go.mod)
	@unformatted=$$(gofmt -l $(GOFILES)); test -z "$$unformatted" || { echo "gofmt would change:" $$unformatted >&2; exit 1; }
	cd lint && go build -o lint .
	$(if $(RACE),GOWORK="$$PWD/.race/go.work" GOFLAGS="$(RACEFLAGS)") lint/lint ./...
	cd bench && go vet $(RACEFLAGS) ./...

# Said before the tests and after them, for a skipped test is silent.
missing:
	@command -v redis-server >/dev/null || echo 'SKIPPED: redis-server is not installed; what needs a real Redis is not tested'
	@[ -x '$(CHROMIUM)' ] || echo 'SKIPPED: no Chromium at $(CHROMIUM) (CHROMIUM names another); the pages are not tested in a browser'
	@command -v ffmpeg >/dev/null || echo 'SKIPPED: ffmpeg is not installed; the making of videos is not tested'
	@command -v nginx >/dev/null || echo 'SKIPPED: nginx is not installed; event streams are not tested through a proxy'
	@python3 -c 'import websockets' 2>/dev/null || /usr/bin/python3 -c 'import websockets' 2>/dev/null || \
	  echo 'SKIPPED: Python with websockets (Debian: python3-websockets) is not installed; the hub is not tested with it'
	@test -n '$(RACE)' || echo 'SKIPPED: no C compiler; the tests run without the race detector'
	@test -n "$$MONGODB_URI" || echo 'Note: MONGODB_URI is not set; the store is tested on the embedded FerretDB alone'

types: $(MODULES) ## the pages' types, generated again from the two contracts
	UPDATE_TYPES=1 go test -count=1 -run TestTheTypesOfThePages ./handlers

clean: ## what was built and installed; ./data stays
	rm -rf mstm .race lint/lint web/dist/app web/node_modules wechat/peer/node_modules
