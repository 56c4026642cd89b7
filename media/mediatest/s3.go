// Package mediatest starts object stores for tests.
package mediatest

import (
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3" // an S3 server in Go, spoken to over TCP
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// S3 starts an S3 server on loopback with one empty bucket and returns the address of it, as
// MEDIA_URL takes it. Credentials come from the environment, which it sets for the test.
func S3(t *testing.T) string {
	t.Helper()
	Credentials(t.Setenv)
	return Serve(t)
}

// Serve is S3 for programs that get their Credentials otherwise.
func Serve(t testing.TB) string {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("files"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(srv.Close)
	return "s3://files?region=us-east-1&use_path_style=true&hostname_immutable=true&endpoint=" + srv.URL
}

// Credentials sets some that the server takes.
func Credentials(set func(name, value string)) {
	set("AWS_ACCESS_KEY_ID", "test")
	set("AWS_SECRET_ACCESS_KEY", "test-secret")
	set("AWS_EC2_METADATA_DISABLED", "true")
}
