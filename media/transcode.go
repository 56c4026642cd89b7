package media
import ("context"; "mstm/shop")
func (l *Library) transcode(ctx context.Context, m *shop.Media, attempt string, progress func(int)) error {return nil}
