package media_test

import (
	"os"
	"path/filepath"
	"testing"

	"mstm/media"
)

func TestTheFolderOfJobsIsEmptiedByTheFirstInstance(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media-tmp")
	left := filepath.Join(dir, "transcode-1")
	open := func(want int) (leave func() error) {
		t.Helper()
		_, leave, err := media.OpenTemp(dir)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := os.ReadDir(dir); err != nil || len(all) != want {
			t.Fatalf("%v, %v", all, err)
		}
		return leave
	}
	one := open(0)
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	two := open(1)
	for _, leave := range []func() error{one, two} {
		if err := leave(); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(0)(); err != nil {
		t.Fatal(err)
	}
}
