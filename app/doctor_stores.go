package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"mstm/media"
	"mstm/sms"
	"mstm/store"
	"mstm/store/embedded"
	"mstm/store/probe"
)

// The releases of the stores that the shop was written for: MongoDB 8.0 and Redis 7.4 are what docker-compose.yml starts.
const (
	oldestMongo, newestMongo = 5, 8
	oldestRedis              = 7
)

// mongo looks at the database: MONGODB_URI's, or the embedded one, unless a running shop has it.
func (d *doctor) mongo(ctx context.Context) {
	const part = "mongodb"
	uri := d.cfg.MongoURI
	if uri == "" {
		e, release, err := d.openEmbedded()
		if err != nil {
			d.wrong(part, "DATA_DIR", "see that this user may read and write the folder", "the embedded store cannot be opened: %v", err)
			return
		}
		if e == nil {
			return
		}
		defer release()
		uri = e.URI
	}
	m, err := probe.LookAtMongo(ctx, uri, d.cfg.MongoURI == "")
	if err != nil {
		d.wrong(part, "MONGODB_URI", "see that it runs, has a primary, and takes this user from this machine", "%v", err)
		return
	}
	if d.cfg.MongoURI == "" {
		d.inProduction(part, "version", "set MONGODB_URI", "the embedded FerretDB %s in %s", m.Version, absolute(d.cfg.DataDir))
	} else {
		d.mongoServer(m)
	}
	d.clock(part, "the database's", m.Ahead)
	if m.Writes != nil {
		d.wrong(part, "writes", "make room on its disk, and see that the user has readWrite", "it answers and takes no writes: %v", m.Writes)
	}
	switch ix := m.Indexes; {
	case ix.Collections == 0:
		d.ok(part, "indexes", "the database is empty: the first start makes collections and indexes")
	case len(ix.Missing) > 0:
		d.wrong(part, "indexes", "start an instance of this version: it makes them before it serves", "%d missing, lists read whole collections: %s",
			len(ix.Missing), some(ix.Missing))
	case len(ix.Retired) > 0:
		d.warn(part, "indexes", "start an instance of this version: it drops them", "%d that no query uses cost each write: %s", len(ix.Retired), some(ix.Retired))
	default:
		d.ok(part, "indexes", "all of %d collections are there", ix.Collections)
	}
}

// mongoServer says what of a server's arrangement loses data.
func (d *doctor) mongoServer(m probe.Mongo) {
	const part = "mongodb"
	switch major := majorOf(m.Version); {
	case m.Ferret:
		d.inProduction(part, "version", "use MongoDB", "FerretDB %s, whose updates are no transactions: two buyers may both win", m.Version)
		return
	case major < oldestMongo:
		d.wrong(part, "version", fmt.Sprintf("use %d to %d", oldestMongo, newestMongo), "MongoDB %s is too old", m.Version)
	case major > newestMongo:
		d.warn(part, "version", fmt.Sprintf("try it beside the real one, or use %d to %d", oldestMongo, newestMongo), "MongoDB %s is newer than what was tried", m.Version)
	default:
		d.ok(part, "version", "MongoDB %s", m.Version)
	}
	switch {
	case m.Set == "":
		d.inProduction(part, "replica set", "start it with --replSet, once rs.initiate(), and ?replicaSet= in MONGODB_URI", "is none: a write whose connection breaks is not repeated")
	case m.Hosts < 3 && d.cfg.production():
		d.warn(part, "replica set", "add members until there are three", "%s has %d members: the shop stands while one is away", m.Set, m.Hosts)
	default:
		d.ok(part, "replica set", "%s, %d members", m.Set, m.Hosts)
	}
}

// openEmbedded opens the embedded store for a look; nil where a running shop has it, or where there is none yet. It makes
// no folder, and takes the folder's lock as each command does, so that no shop opens it at the same time.
func (d *doctor) openEmbedded() (e *embedded.Mongo, release func(), err error) {
	const part, name = "mongodb", "DATA_DIR"
	dir := d.cfg.DataDir
	for _, there := range []string{"lock", "mongo"} {
		if _, err := os.Stat(filepath.Join(dir, there)); errors.Is(err, fs.ErrNotExist) {
			d.ok(part, name, "no shop has been in %s yet: the first start makes its data", absolute(dir))
			return nil, nil, nil
		}
	}
	lock, err := embedded.Lock(dir)
	if errors.Is(err, embedded.ErrInUse) {
		d.ok(part, name, "a running shop has the embedded store in %s: its /readyz and its log speak for it", absolute(dir))
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if e, err = embedded.StartMongo(dir, d.log); err != nil {
		return nil, nil, errors.Join(err, lock.Release())
	}
	return e, func() { _ = errors.Join(e.Close(context.Background()), lock.Release()) }, nil
}

// redis looks at each server of REDIS_URL.
func (d *doctor) redis(ctx context.Context) {
	const part = "redis"
	if d.cfg.RedisURL == "" {
		d.inProduction(part, "REDIS_URL", "set REDIS_URL", "is empty: the embedded miniredis keeps the carts")
		return
	}
	all, writes, err := probe.LookAtRedis(ctx, d.cfg.RedisURL)
	if err != nil {
		d.wrong(part, "REDIS_URL", "see that it runs and takes this password from this machine; until then there are no carts, and pages hear late", "%v", err)
		return
	}
	if writes != nil {
		d.wrong(part, "writes", "raise maxmemory, or see whether it is a replica or its disk is full", "it answers and takes no writes: %v", writes)
	}
	for _, r := range all {
		d.redisServer(r)
	}
}

func (d *doctor) redisServer(r probe.Redis) {
	const part = "redis"
	at := func(name string) string { return strings.TrimSpace(name + " " + r.Addr) }
	if majorOf(r.Version) < oldestRedis {
		d.wrong(part, at("version"), "use 7 or later", "Redis %s has no SSUBSCRIBE", r.Version)
	} else {
		d.ok(part, at("version"), "Redis %s", r.Version)
	}
	d.clock(part, "Redis'", r.Ahead)
	if r.Policy != "noeviction" {
		d.wrong(part, at("maxmemory-policy"), "CONFIG SET maxmemory-policy noeviction, and the same in its file",
			"is %s: when Redis is full it throws carts away, because they have a TTL", r.Policy)
	} else {
		d.ok(part, at("maxmemory-policy"), "noeviction")
	}
	if !r.AOF {
		d.inProduction(part, at("appendonly"), "CONFIG SET appendonly yes, and appendfsync everysec, and the same in its file", "is no: a restart of Redis empties the carts")
	} else {
		d.ok(part, at("appendonly"), "yes")
	}
	if r.Failing != "" {
		d.wrong(part, at("disk"), "make room on its disk, see its log", "its last write failed: %s", r.Failing)
	}
	switch {
	case r.Most > 0 && r.Used*10 >= r.Most*9:
		d.warn(part, at("memory"), "raise maxmemory", "%s of %s are used; nothing is put into carts when it is full", size(r.Used), size(r.Most))
	case r.Most == 0 && d.cfg.production():
		d.warn(part, at("memory"), "set maxmemory below what the machine has", "has no maxmemory: the machine's end is the bound, and the kernel kills it there")
	default:
		d.ok(part, at("memory"), "%s are used", size(r.Used))
	}
}

// The free room of a disk below which uploads are refused, and below which a person should look.
const (
	diskFull = 64 << 20
	diskLow  = 2 << 30
)

// disk looks whether DATA_DIR can be written, and what room is left.
func (d *doctor) disk(context.Context) {
	const part, name = "disk", "DATA_DIR"
	dir := absolute(d.cfg.DataDir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		above := filepath.Dir(dir)
		if _, err := os.Stat(above); err != nil {
			d.wrong(part, name, "make the folder, owned by the shop's user", "%s and the folder above are not there", dir)
			return
		}
		d.ok(part, name, "%s is not there yet: the first start makes it", dir)
		dir = above
	} else if err := tryFile(dir); err != nil {
		do := "give it to the shop's user, or see whether its disk is full or read-only"
		if d.cfg.MongoURI != "" && d.cfg.RedisURL != "" && d.cfg.Media.URL != "" {
			d.warn(part, name, do, "cannot be written, jobs of files use the system's folder instead: %v", err)
		} else {
			d.wrong(part, name, do, "cannot be written: %v", err)
		}
	} else {
		d.ok(part, name, "%s can be written", dir)
	}
	free, err := media.FreeDisk(dir)
	switch {
	case err != nil:
		d.warn(part, "room", "see df", "is not known: %v", err)
	case free < diskFull:
		d.wrong(part, "room", "make room", "%s are free in %s: uploads are refused", size(free), dir)
	case free < diskLow:
		d.warn(part, "room", "make room", "%s are free in %s", size(free), dir)
	default:
		d.ok(part, "room", "%s are free", size(free))
	}
}

// tryFile makes a file in a folder, writes it to the disk and deletes it.
func tryFile(dir string) error {
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.Repeat("x", 4096))
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
}

// files writes, reads and deletes an object where the files are, and looks for the programs that make videos.
func (d *doctor) files(ctx context.Context) {
	const part = "files"
	folder := d.cfg.mediaFolder()
	name := "MEDIA_URL"
	if d.cfg.Media.URL == "" {
		name = "DATA_DIR"
	}
	if _, err := os.Stat(folder); d.cfg.Media.URL == "" && errors.Is(err, fs.ErrNotExist) {
		d.ok(part, name, "the folder of files is not there yet: the first start makes it")
	} else if err := tryObject(ctx, d.cfg.Media.URL, folder); err != nil {
		d.wrong(part, name, "see that the bucket or folder is there, and that the keys in AWS_ACCESS_KEY_ID may put, get and delete", "%v", err)
	} else {
		d.ok(part, name, "an object was written, read and deleted")
	}
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		path, err := exec.LookPath(program)
		if err == nil {
			err = exec.CommandContext(ctx, path, "-version").Run()
		}
		switch {
		case err == nil:
			d.ok(part, program, "%s runs", path)
		case d.cfg.production():
			d.warn(part, program, "install ffmpeg on at least one instance", "does not run: this instance makes no HLS (%v)", err)
		default:
			d.ok(part, program, "is not there: videos are played as they were uploaded")
		}
	}
}

// tryObject has an object for a moment.
func tryObject(ctx context.Context, address, folder string) (err error) {
	storage, err := media.OpenStorage(ctx, address, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, storage.Close()) }()
	key, want := "doctor-"+store.NewID(), "the doctor was here"
	if _, err := storage.Put(ctx, key, "text/plain", strings.NewReader(want)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, storage.Delete(context.WithoutCancel(ctx), key)) }()
	r, err := storage.Open(ctx, key)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err == nil && string(got) != want {
		err = fmt.Errorf("%d bytes were written, %d others read", len(want), len(got))
	}
	return err
}

// reachSMS asks the provider's address for anything at all.
func reachSMS(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, cmp.Or(address, sms.DefaultBaseURL), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// majorOf is the first number of a version; 0 where it has none.
func majorOf(version string) int {
	first, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	n, _ := strconv.Atoi(first)
	return n
}

// some are the first of many, for a line.
func some(all []string) string {
	const most = 5
	if len(all) > most {
		return strings.Join(all[:most], ", ") + " …"
	}
	return strings.Join(all, ", ")
}

// size is a number of bytes for a person.
func size(bytes int64) string {
	const unit = 1 << 10
	v, name := float64(bytes), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if v < unit {
			break
		}
		v, name = v/unit, next
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + name
}
