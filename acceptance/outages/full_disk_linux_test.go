package outages

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/store/storetest"
)

// smallDisk mounts a disk of so much memory for one test, which is skipped where that is not allowed.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "disk-")
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		_ = os.Remove(dir)
		t.Skipf("no small disk can be mounted, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
		_ = os.Remove(dir)
	})
	return dir
}

// fill writes a file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for piece := make([]byte, 4096); ; {
		if _, err := f.Write(piece); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestFullDisk_Answers503AndRecovers keeps the data of a shop on a small disk, fills that, and makes room again.
func TestFullDisk_Answers503AndRecovers(t *testing.T) {
	disk := smallDisk(t, "12m")
	if storetest.Own(t, disk+"/data") != "" {
		t.Skip("is about the embedded store; MONGODB_URI or STORE_SEED is set")
	}
	shop := shoptest.Start(t, shoptest.WithDataDir(disk+"/data"))
	editor := shop.Staff("editor")
	draft := obj{"title": "草稿", "category_id": shop.Category(), "teacher": obj{"name": "林"}, "description": "课"}
	editor.With("Tus-Resumable", "1.0.0").With("Upload-Length", "10000000").Post("/api/admin/uploads", nil).WantCode(503, "STORAGE_FULL") // before its first byte
	learner := shop.NewLearner()
	body := shoptest.CourseOrder("go1", "go1full", 99900)
	buyer := learner.With("Idempotency-Key", "on-a-full-disk")
	awaitCondition(learner, "mongodb", "200 ready mongodb up")

	fill(t, disk+"/fill")
	awaitCondition(learner, "mongodb", "503 STORAGE_FULL503 mongodb full")
	editor.Post("/api/admin/courses", draft).WantCode(503, "STORAGE_FULL")
	visitor := shop.Visitor()
	for i := range 5 {
		visitor.Post("/api/register", obj{"username": fmt.Sprint("latecomer", i), "password": shoptest.Password}).WantCode(503, "STORAGE_FULL")
	}
	a := visitor.Post("/api/login", obj{"username": learner.Name, "password": shoptest.Password}).WantCode(503, "STORAGE_FULL")
	if a.Header.Get("Retry-After") == "" {
		t.Error("the refusal has no Retry-After")
	}
	buyer.Post("/api/orders", body).WantCode(503, "STORAGE_FULL")
	visitor.Get("/api/courses/go1").Want(200)

	if err := os.Remove(disk + "/fill"); err != nil {
		t.Fatal(err)
	}
	awaitCondition(learner, "mongodb", "200 ready mongodb up")
	var placed shoptest.Placed
	buyer.Post("/api/orders", body).Want(201).Into(&placed)
	shop.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "fulfilled")
	learner.WantOpenedOnce(placed.Order.ID, "go1")
}
