package media
type tools struct{}
func findTools() *tools {return nil}
