package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
)

// program prints to out and must not ask for settings.
func program(t *testing.T, out io.Writer) Program {
	return Program{Log: slog.New(slog.DiscardHandler), Out: out, Settings: func() (Settings, error) {
		t.Error("the settings were read")
		return Settings{}, errors.New("no settings here")
	}}
}

func TestProgram_HelpVersionAndCompletion_NeedNoSettings(t *testing.T) {
	for _, tt := range []struct{ args, wants string }{
		{"--help", "serve check check-wechat doctor backup restore grant sandbox completion --version"},
		{"-h", "serve"},
		{"help", "serve"},
		{"--version", "mstm version"},
		{"-v", "mstm version"},
		{"grant --help", "USERNAME admin finance"},
		{"sandbox -h", "--addr --dir --url --shop --events --forward FROM=TO"},
		{"check -h", "invariants"},
		{"backup -h", "FILE --without-files zstd"},
		{"restore -h", "FILE empty sums"},
		{"doctor -h", "--json wrong"},
		{"completion bash", "complete mstm --generate-shell-completion"},
		{"completion zsh", "compdef"},
		{"completion fish", "complete"},
		{"sandbox --f --generate-shell-completion", "--forward"},
	} {
		var out bytes.Buffer
		if err := program(t, &out).Run(context.Background(), strings.Fields(tt.args)); err != nil {
			t.Errorf("mstm %s: %v", tt.args, err)
		}
		for want := range strings.FieldsSeq(tt.wants) {
			if !strings.Contains(out.String(), want) {
				t.Errorf("mstm %s does not print %q:\n%s", tt.args, want, &out)
			}
		}
	}
}

func TestProgram_UnknownWords_AreRefusedByName(t *testing.T) {
	for _, args := range []string{"chekc", "check now", "serve now", "check-wechat x", "doctor now", "backup --now", "restore --now", "-x", "--adr 1", "sandbox now", "sandbox -adr x", "sandbox -addr"} {
		var out bytes.Buffer
		err := program(t, &out).Run(context.Background(), strings.Fields(args))
		if last := args[strings.LastIndexAny(args, " -")+1:]; err == nil || !strings.Contains(err.Error(), last) && !strings.Contains(err.Error(), "adr") {
			t.Errorf("mstm %s: %v", args, err)
		}
	}
}

func TestProgram_Commands_GetTheEnvironmentAndTheSettingsFirst(t *testing.T) {
	wrong := errors.New("MSTM_ENV: wrong")
	for _, args := range []string{"", "serve", "check", "check-wechat", "backup x", "restore x", "grant a admin"} {
		var order []string
		p := Program{Log: slog.New(slog.DiscardHandler), Out: io.Discard,
			ReadEnv:  func() error { order = append(order, "env"); return nil },
			Settings: func() (Settings, error) { order = append(order, "settings"); return Settings{}, wrong }}
		if err := p.Run(context.Background(), strings.Fields(args)); !errors.Is(err, wrong) || strings.Join(order, " ") != "env settings" {
			t.Errorf("mstm %s: %v after %q", args, err, order)
		}
	}
}

// TestSandboxFlags_WithOneDashOrTwo_AreTheSame runs on a port that cannot be, so that the flag's value is in the error.
func TestSandboxFlags_WithOneDashOrTwo_AreTheSame(t *testing.T) {
	for _, args := range []string{"-addr 127.0.0.1:99999", "--addr 127.0.0.1:99999", "-addr=127.0.0.1:99999", "--addr=127.0.0.1:99999"} {
		err := program(t, io.Discard).Run(context.Background(), append([]string{"sandbox", "-dir", t.TempDir()}, strings.Fields(args)...))
		if err == nil || !strings.Contains(err.Error(), "99999") {
			t.Errorf("mstm sandbox %s: %v", args, err)
		}
	}
}
