package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"mstm/store"
)

// development are the settings of a shop on free ports in an empty folder.
func development(t *testing.T) Settings {
	t.Helper()
	clearSettings(t)
	t.Setenv("ADDR", "127.0.0.1:0")
	t.Setenv("SANDBOX_ADDR", "127.0.0.1:0")
	t.Setenv("DATA_DIR", t.TempDir())
	cfg, err := ReadSettings()
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestBanner_OnATerminal_NamesAddressesAccountsAndData(t *testing.T) {
	var log, banner bytes.Buffer
	a := &App{Settings: development(t), Log: slog.New(slog.NewJSONHandler(&log, nil)), Banner: &banner}
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{a.URL, a.SandboxURL + "/phone", a.Settings.DataDir, "learner, editor", "NAME-demo-password", "no MONGODB_URI", "no WECHAT_PAY_"} {
		if !strings.Contains(banner.String(), want) {
			t.Errorf("the banner lacks %q:\n%s", want, &banner)
		}
	}
	if strings.Contains(log.String(), "the shop is open") {
		t.Errorf("the log says it as well:\n%s", &log)
	}
}

func TestTerminal_AFileOrAPipe_GetsNoBanner(t *testing.T) {
	t.Setenv("TERM", "xterm")
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if terminal(file) != nil || terminal(pipe) != nil {
		t.Error("a file or a pipe is taken for a terminal")
	}
}

// TestApp_OnAGivenStore_ServesAndLeavesItOpen also holds the log lines that stand in for the banner.
func TestApp_OnAGivenStore_ServesAndLeavesItOpen(t *testing.T) {
	cfg := development(t)
	var log bytes.Buffer
	quiet := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Config{MongoURI: cfg.MongoURI, RedisURL: cfg.RedisURL, DataDir: cfg.DataDir, Log: quiet, Now: (&clock{}).now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	a := &App{Settings: cfg, Log: slog.New(slog.NewJSONHandler(&log, nil)), Store: db}
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx) }()
	res, err := http.Get(a.URL + "/livez")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("/livez: %v, %v", res, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("it closed with %v", err)
	}
	for _, want := range []string{"no MONGODB_URI", "no REDIS_URL", "no WECHAT_PAY_ settings", `"the shop is open","url":"` + a.URL + `"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &log)
		}
	}
	if err := db.Settings.Get(t.Context(), clockKey, &clockSetting{}); err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the store that was given is closed: %v", err)
	}
}

func TestApp_OpenThatFails_ClosesWhatItHasOpened(t *testing.T) {
	cfg := development(t)
	cfg.SandboxAddr = "127.0.0.1:99999"
	for range 2 { // the second finds the data folder free
		err := (&App{Settings: cfg, Log: slog.New(slog.DiscardHandler)}).Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), "SANDBOX_ADDR") {
			t.Fatalf("%v", err)
		}
	}
}
