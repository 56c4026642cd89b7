package operations

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// TestBackup_OfAShopThatSells_IsAWholeShopElsewhere is the drill: an archive is made while a shop sells, restored into an
// empty folder, checked, and opened.
func TestBackup_OfAShopThatSells_IsAWholeShopElsewhere(t *testing.T) {
	s := shoptest.Start(t)
	if s.Mongo != "" {
		t.Skip("a server without snapshots is not copied while it sells") // and what a replica set does is tested nowhere yet
	}
	early := s.NewLearner()
	c := s.Sell(shoptest.Usual())
	o := s.Buy(early, 99900, c.Full)
	early.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)

	stop, sold := make(chan struct{}), make(chan int, 1)
	begun := make(chan struct{}, 1)
	go func() {
		n := 0
		defer func() { sold <- n }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			s.Buy(s.NewLearner(), 99900, c.Full)
			n++
			select {
			case begun <- struct{}{}:
			default:
			}
		}
	}()
	<-begun
	file := filepath.Join(t.TempDir(), "shop.tar.zst")
	said, err := operation(t, settingsOf(s), "backup", file)
	close(stop)
	if n := <-sold; n == 0 || err != nil {
		t.Fatalf("%d were sold: %v\n%s", n, err, said)
	}
	if _, err := operation(t, settingsOf(s), "restore", file); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("restored into a running shop: %v", err)
	}

	cfg := shoptest.Settings(t)
	said, err = operation(t, cfg, "restore", file)
	if err != nil || !strings.HasSuffix(said, "whole\n") || !strings.Contains(said, "sqlite") {
		t.Fatalf("%v\n%s", err, said)
	}
	if _, err := operation(t, cfg, "restore", file); err == nil || !strings.Contains(err.Error(), "there is data already") {
		t.Errorf("restored twice: %v", err)
	}
	again := shoptest.Start(t, shoptest.WithDataDir(cfg.DataDir))
	learner := again.Visitor()
	learner.Name = early.Name
	learner.Login(early.Name, shoptest.Password, "web")
	if got := learner.Order(o.ID); got.State != "fulfilled" {
		t.Errorf("the order is %s", got.State)
	}
	if cover := learner.Get("/api/courses/" + o.Lines[0].CourseID).Want(200).Body; !bytes.Contains(cover, []byte(o.Lines[0].CourseID)) {
		t.Errorf("the course: %s", cover)
	}
	if owned := learner.Get("/api/enrolments").Want(200).Body; !bytes.Contains(owned, []byte(o.Lines[0].CourseID)) {
		t.Errorf("the learner owns %s", owned)
	}
}

// settingsOf are those of a shop in this process, for a command beside it.
func settingsOf(s *shoptest.Shop) app.Settings {
	cfg := shoptest.Settings(s.T)
	cfg.DataDir, cfg.MongoURI = s.DataDir, s.Mongo
	return cfg
}

// operation runs a command.
func operation(t *testing.T, cfg app.Settings, args ...string) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = shoptest.Program(cfg, &out).Run(t.Context(), args)
	return out.String(), err
}
