package storetest

import (
	"encoding/binary"
	"io"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// findByIDs is a find of the documents that have one of several _ids, and of nothing else.
type findByIDs struct {
	Collection string `bson:"find"`
	Filter     struct {
		ID struct {
			In []string `bson:"$in"`
		} `bson:"_id"`
	} `bson:"filter"`
	DB string `bson:"$db"`
}

// foundByIDs answers such a find by looking up each _id, for FerretDB would read the whole
// collection. ok is false for every other command.
func foundByIDs(server io.ReadWriter, command []byte) (reply []byte, ok bool, err error) {
	find, ok := readFindByIDs(command)
	if !ok {
		return nil, false, nil
	}
	batch, seen := bson.A{}, map[string]bool{}
	for _, id := range find.Filter.ID.In {
		if seen[id] {
			continue
		}
		seen[id] = true
		doc, err := document(server, find.DB, find.Collection, id)
		if err != nil {
			return nil, false, err
		}
		if doc != nil {
			batch = append(batch, doc)
		}
	}
	answer, err := bson.Marshal(bson.D{
		{Key: "cursor", Value: bson.D{
			{Key: "firstBatch", Value: batch}, {Key: "id", Value: int64(0)}, {Key: "ns", Value: find.DB + "." + find.Collection},
		}},
		{Key: "ok", Value: 1.0},
	})
	if err != nil {
		return nil, false, err
	}
	head := make([]byte, 20)
	copy(head[8:12], command[4:8]) // the request that it answers
	binary.LittleEndian.PutUint32(head[12:], message)
	return joined(head, []section{{docs: []bson.Raw{answer}}}), true, nil
}

func readFindByIDs(command []byte) (find findByIDs, ok bool) {
	if len(command) < 26 || binary.LittleEndian.Uint32(command[12:]) != message || command[16]&checksum != 0 {
		return find, false
	}
	sections, err := split(command[20:])
	if err != nil || len(sections) != 1 || sections[0].name != "" {
		return find, false
	}
	body := sections[0].docs[0]
	filter, _ := body.Lookup("filter").DocumentOK()
	if !only(filter, "_id") || bson.Unmarshal(body, &find) != nil || find.Collection == "" {
		return find, false
	}
	condition, _ := filter.Lookup("_id").DocumentOK()
	return find, only(condition, "$in") && only(body, "find", "filter", "$db", "lsid", "readConcern", "$clusterTime", "$readPreference")
}

// only reports whether a document has fields, and none but these.
func only(doc bson.Raw, names ...string) bool {
	elements, err := doc.Elements()
	for _, e := range elements {
		if !slices.Contains(names, e.Key()) {
			return false
		}
	}
	return err == nil && len(elements) > 0
}
