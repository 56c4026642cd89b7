package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

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
	shop := startShop(t, withDataDir(disk+"/data"))
	learner := shop.newLearner()
	body := courseOrder("go1", "go1full", 99900)
	buyer := learner.with("Idempotency-Key", "on-a-full-disk")
	learner.awaitCondition("mongodb", "200 ready mongodb up")

	fill(t, disk+"/fill")
	learner.awaitCondition("mongodb", "503 STORAGE_FULL503 mongodb full")
	visitor := shop.visitor()
	for i := range 5 {
		visitor.post("/api/register", obj{"username": fmt.Sprint("latecomer", i), "password": testPassword}).wantCode(503, "STORAGE_FULL")
	}
	a := visitor.post("/api/login", obj{"username": learner.name, "password": testPassword}).wantCode(503, "STORAGE_FULL")
	if a.header.Get("Retry-After") == "" {
		t.Error("the refusal has no Retry-After")
	}
	buyer.post("/api/orders", body).wantCode(503, "STORAGE_FULL")
	visitor.get("/api/courses/go1").want(200)

	if err := os.Remove(disk + "/fill"); err != nil {
		t.Fatal(err)
	}
	learner.awaitCondition("mongodb", "200 ready mongodb up")
	var placed placedJSON
	buyer.post("/api/orders", body).want(201).into(&placed)
	shop.scan(placed.Payment)
	learner.await(placed.Order.ID, "fulfilled")
	learner.wantOpenedOnce(placed.Order.ID, "go1")
}
