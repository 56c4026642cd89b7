package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mstm/shop"
	"mstm/store"
	"mstm/store/embedded"
	"mstm/store/redistest"
	"mstm/store/storetest"
)

// asked runs `mstm doctor --json` with settings as the command line does.
func asked(t *testing.T, cfg Settings) (all []finding, err error) {
	t.Helper()
	var out bytes.Buffer
	p := Program{Log: slog.New(slog.DiscardHandler), Out: &out, Settings: func() (Settings, error) { return cfg, cfg.Check() }}
	err = p.Run(context.Background(), []string{"doctor", "--json"})
	var said struct {
		OK       bool
		Findings []finding
	}
	if e := json.Unmarshal(out.Bytes(), &said); e != nil {
		t.Fatalf("%v:\n%s", e, &out)
	}
	if said.OK != (err == nil) {
		t.Errorf("ok is %v, and the command ends with %v", said.OK, err)
	}
	return said.Findings, err
}

// stateOf is what was found about a thing; "" where nothing was.
func stateOf(all []finding, part, name string) finding {
	i := slices.IndexFunc(all, func(f finding) bool { return f.Part == part && f.Name == name })
	if i < 0 {
		return finding{}
	}
	return all[i]
}

func wants(t *testing.T, all []finding, part, name, state, why string) {
	t.Helper()
	if f := stateOf(all, part, name); f.State != state || !strings.Contains(f.Why, why) || (state != fine) != (f.Do != "") {
		t.Errorf("%s %s: %+v, want %s and %q", part, name, f, state, why)
	}
}

func laptop(dir string) Settings {
	return Settings{Env: "development", Addr: "127.0.0.1:0", SandboxAddr: "127.0.0.1:0", SeedDemo: "off", DataDir: dir, TrialNeeds: shop.TrialNeedsNone, SMS: SMSSettings{Countries: []string{"86"}}}
}

func TestDoctor_FolderOfNoShopYet_StaysAsItIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	all, err := asked(t, laptop(dir))
	if err != nil {
		t.Errorf("%v: %+v", err, all)
	}
	wants(t, all, "mongodb", "DATA_DIR", fine, "no shop has been")
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}

func TestDoctor_EmbeddedStore_IsLookedAtUnlessAShopHasIt(t *testing.T) {
	if os.Getenv("MONGODB_URI") != "" {
		t.Skip("there is no embedded store")
	}
	cfg := storetest.Config(t)
	cfg.RedisURL = ""
	db, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	all, err := asked(t, laptop(cfg.DataDir))
	wants(t, all, "mongodb", "DATA_DIR", fine, "a running shop has")
	if err := errors.Join(err, db.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	before := listing(t, cfg.DataDir)
	all, err = asked(t, laptop(cfg.DataDir))
	if err != nil {
		t.Errorf("%v: %+v", err, all)
	}
	wants(t, all, "mongodb", "indexes", fine, "collections are there")
	wants(t, all, "mongodb", "clock", fine, "agree")
	if after := listing(t, cfg.DataDir); !slices.Equal(before, after) {
		t.Errorf("the folder has %v, before it had %v", after, before)
	}
	lock, err := embedded.Lock(cfg.DataDir)
	if err != nil {
		t.Fatalf("the doctor keeps the folder: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

// listing are the files below a folder.
func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestDoctor_ServersAsTheyShouldNotBe_AreNamedWithWhatToDo(t *testing.T) {
	r := redistest.Start(t, "--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb")
	cfg := laptop(t.TempDir())
	cfg.MongoURI, cfg.RedisURL = storetest.Mongo(t), r.URL()
	all, err := asked(t, cfg)
	if err == nil {
		t.Error("a Redis that evicts carts is fine")
	}
	wants(t, all, "redis", "maxmemory-policy", wrong, "allkeys-lru")
	wants(t, all, "redis", "appendonly", fine, "is no")
	wants(t, all, "mongodb", "indexes", fine, "is empty")
	cfg.Env = "production"
	r.Kill()
	all, _ = asked(t, cfg)
	wants(t, all, "redis", "REDIS_URL", wrong, "")
	wants(t, all, "settings", "PUBLIC_URL", wrong, "must be https in production")
	wants(t, all, "settings", "TRIAL_NEEDS", warning, "many free months")
}
