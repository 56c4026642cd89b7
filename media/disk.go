package media

import (
	"log/slog"

	"mstm/shop"
)

// spareDisk is how many bytes of the disk stay free of uploads: the database may be on the same one.
const spareDisk = 64 << 20

// diskRoom refuses an upload that the disk of the folder has no room for: its parts, and the file that is put together
// from them. Uploads side by side may still fill it; what does not fit then is refused when it comes.
func (l *Library) diskRoom(size int64) error {
	if !l.Storage.IsFolder() {
		return nil
	}
	free, err := FreeDisk(l.Storage.dir)
	if err != nil {
		l.Log.Warn("the free room of the disk is not known", slog.Any("err", err))
		return nil
	}
	if free < 2*size+spareDisk {
		return shop.ErrStorageFull
	}
	return nil
}
