package handlers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mstm/hub"
)

// typesOfThePages are generated from the two contracts; UPDATE_TYPES=1 writes them again.
const typesOfThePages = "../web/client/src/contract.ts"

// reader runs a program of the ecosystem over the two contracts, or says why that is left out.
func reader(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	if _, err := os.Stat("../web/node_modules/@asyncapi/parser"); err != nil {
		t.Skip("the readers of contracts are not installed: run `npm ci` in web/ first")
	}
	rest, err := Contract()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range map[string][]byte{"openapi.yaml": rest, "asyncapi.yaml": hub.Document()} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return exec.CommandContext(t.Context(), "node", "../web/contract/read.mjs", folder, what)
}

func TestTheContractsPassTheReadersOfTheEcosystem(t *testing.T) {
	t.Parallel()
	if out, err := reader(t, "check").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheTypesOfThePagesAreThoseOfTheContracts(t *testing.T) {
	t.Parallel()
	var faults bytes.Buffer
	cmd := reader(t, "types")
	cmd.Stderr = &faults
	want, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &faults)
	}
	if os.Getenv("UPDATE_TYPES") != "" {
		if err := os.WriteFile(typesOfThePages, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(typesOfThePages)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: `make types` writes it", typesOfThePages)
	}
}
