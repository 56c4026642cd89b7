package cart

import (
	"mstm/store"
	"mstm/store/redisstore"
)

// Collections are the collections that Carts read and write.
type Collections struct {
	Courses    *store.Courses
	Catalogue  *store.CatalogueCache
	Carts      *redisstore.Carts
	Enrolments *store.Enrolments
}

// CollectionsOf are those of a shop.
func CollectionsOf(db *store.DB) Collections {
	return Collections{
		Courses:    db.Courses,
		Catalogue:  db.Catalogue,
		Carts:      db.Carts,
		Enrolments: db.Enrolments,
	}
}
