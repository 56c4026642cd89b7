package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// DataLock says that this process owns the data folder. FerretDB's locks are its
// process's own: two processes on one folder would both win the same sale.
type DataLock struct{ file *flock.Flock }

// ErrInUse is of a data folder that another process has.
var ErrInUse = errors.New("in use by another process")

// Lock takes the data folder for this process; ErrInUse is of one that another process has.
func Lock(dir string) (*DataLock, error) {
	if dir == "" {
		return nil, errors.New("DATA_DIR is empty: the embedded stores need a folder")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	f := flock.New(filepath.Join(dir, "lock"))
	ok, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock DATA_DIR: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("the data folder %s is %w: stop that one, or set DATA_DIR to another folder", dir, ErrInUse)
	}
	return &DataLock{f}, nil
}

// Release lets another process have the folder.
func (l *DataLock) Release() error { return l.file.Unlock() }
