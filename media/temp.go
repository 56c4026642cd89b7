package media

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// OpenTemp makes the folder for the files of jobs, and empties it of what killed processes left:
// where several instances of a machine share it, the first one that starts does. leave gives it up.
func OpenTemp(dir string) (_ string, leave func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return "", nil, fmt.Errorf("the folder of jobs: %w", err)
	}
	lock := flock.New(dir + ".lock")
	alone, err := lock.TryLock()
	if err != nil {
		return "", nil, fmt.Errorf("lock the folder of jobs: %w", err)
	}
	if alone {
		err = errors.Join(os.RemoveAll(dir), lock.Unlock())
	}
	if err = errors.Join(err, lock.RLock(), os.MkdirAll(dir, 0o700)); err != nil {
		return "", nil, errors.Join(fmt.Errorf("the folder of jobs: %w", err), lock.Close())
	}
	return dir, lock.Close, nil
}
