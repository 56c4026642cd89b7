package lessontext

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
)

// keptTexts is how many rendered texts are kept: at a hundred kilobytes each, some tens of megabytes at most.
const keptTexts = 256

// Cache keeps texts that were rendered, by their version.
type Cache struct{ kept *lru.Cache[string, *Text] }

// NewCache makes an empty Cache.
func NewCache() *Cache {
	kept, err := lru.New[string, *Text](keptTexts)
	if err != nil {
		panic(err) // the size is none
	}
	return &Cache{kept}
}

// Render is Render of the text that is the version of the id.
func (c *Cache) Render(id string, version int64, source string) (*Text, error) {
	key := fmt.Sprint(id, ":", version)
	if t, ok := c.kept.Get(key); ok {
		return t, nil
	}
	t, err := Render(source)
	if err == nil {
		c.kept.Add(key, t)
	}
	return t, err
}
