package storetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Of MongoDB's wire protocol: the kind of all messages, and the flag of those with a checksum.
const (
	message  = 2013
	checksum = 1
)

// narrowed is a command in which each conditional write names its document by _id alone, because
// FerretDB finds one by anything more only by reading all of them: the rest of the condition is
// looked at here, while no other command is let through. made is the collection that the command
// makes.
func narrowed(server io.ReadWriter, command []byte) (narrow []byte, made string, err error) {
	if len(command) < 26 || binary.LittleEndian.Uint32(command[12:]) != message || command[16]&checksum != 0 {
		return command, "", nil
	}
	sections, err := split(command[20:])
	if err != nil || len(sections) == 0 || sections[0].name != "" {
		return command, "", err
	}
	body := sections[0].docs[0]
	elements, err := body.Elements()
	if err != nil || len(elements) == 0 {
		return command, "", err
	}
	collection, _ := elements[0].Value().StringValueOK()
	switch elements[0].Key() {
	case "create":
		return command, collection, nil
	case "update", "delete":
	default:
		return command, "", nil
	}
	db, _ := body.Lookup("$db").StringValueOK()
	changed := false
	for _, s := range sections[1:] {
		for i, write := range s.docs {
			one, err := narrowedWrite(server, db, collection, write)
			if err != nil {
				return nil, "", err
			}
			changed = changed || !bytes.Equal(one, write)
			s.docs[i] = one
		}
	}
	if !changed {
		return command, "", nil
	}
	return joined(command[:20], sections), "", nil
}

// section is one of a message: the command itself, or the documents of one of its lists, by name.
type section struct {
	name string
	docs []bson.Raw
}

func split(b []byte) (all []section, err error) {
	for len(b) > 0 {
		kind, rest := b[0], b[1:]
		if kind == 0 {
			doc, err := bson.ReadDocument(bytes.NewReader(rest))
			if err != nil {
				return nil, err
			}
			all, b = append(all, section{docs: []bson.Raw{doc}}), rest[len(doc):]
			continue
		}
		if kind != 1 || len(rest) < 5 || int(binary.LittleEndian.Uint32(rest)) > len(rest) {
			return nil, errors.New("storetest: a message of an unknown shape")
		}
		list := rest[4:binary.LittleEndian.Uint32(rest)]
		b = rest[len(list)+4:]
		name, docs, ok := bytes.Cut(list, []byte{0})
		if !ok {
			return nil, errors.New("storetest: a list without a name")
		}
		s := section{name: string(name)}
		for len(docs) > 0 {
			doc, err := bson.ReadDocument(bytes.NewReader(docs))
			if err != nil {
				return nil, err
			}
			s.docs, docs = append(s.docs, doc), docs[len(doc):]
		}
		all = append(all, s)
	}
	return all, nil
}

// joined is split undone, behind the head of the message.
func joined(head []byte, sections []section) []byte {
	out := bytes.Clone(head)
	for _, s := range sections {
		if s.name == "" {
			out = append(append(out, 0), s.docs[0]...)
			continue
		}
		list := append([]byte(s.name), 0)
		for _, doc := range s.docs {
			list = append(list, doc...)
		}
		out = binary.LittleEndian.AppendUint32(append(out, 1), uint32(len(list)+4))
		out = append(out, list...)
	}
	binary.LittleEndian.PutUint32(out, uint32(len(out)))
	return out
}

// narrowedWrite is one write with a condition of _id alone: that of its document where the rest
// holds, else one that nothing has.
func narrowedWrite(server io.ReadWriter, db, collection string, write bson.Raw) (bson.Raw, error) {
	var w bson.D
	if err := bson.Unmarshal(write, &w); err != nil || len(w) == 0 {
		return write, err
	}
	q, ok := w[0].Value.(bson.D)
	if upsert, _ := write.Lookup("upsert").BooleanOK(); !ok || upsert || w[0].Key != "q" || len(q) < 2 {
		return write, nil
	}
	var id any
	for _, condition := range q {
		switch condition.Value.(type) {
		case bson.D, bson.A:
			return write, nil // FerretDB knows operators, this does not
		}
		if condition.Key == "_id" {
			id = condition.Value
		}
	}
	if _, ok := id.(string); !ok {
		return write, nil
	}
	holds, err := matches(server, db, collection, id, q)
	if err != nil {
		return nil, err
	}
	if !holds {
		id = "nothing has this id"
	}
	w[0].Value = bson.D{{Key: "_id", Value: id}}
	return bson.Marshal(w)
}

// matches reports whether the document of this _id is there and has each of the values; a nil
// matches a missing field too.
func matches(server io.ReadWriter, db, collection string, id any, values bson.D) (bool, error) {
	doc, err := document(server, db, collection, id)
	if err != nil || doc == nil {
		return false, err
	}
	for _, v := range values {
		if !has(doc, v) {
			return false, nil
		}
	}
	return true, nil
}

// document is that of an _id, nil where there is none.
func document(server io.ReadWriter, db, collection string, id any) (bson.Raw, error) {
	find, err := bson.Marshal(bson.D{
		{Key: "find", Value: collection}, {Key: "filter", Value: bson.D{{Key: "_id", Value: id}}},
		{Key: "limit", Value: int64(1)}, {Key: "singleBatch", Value: true}, {Key: "$db", Value: db},
	})
	if err != nil {
		return nil, err
	}
	head := make([]byte, 20)
	binary.LittleEndian.PutUint32(head[12:], message)
	reply, err := ask(server, joined(head, []section{{docs: []bson.Raw{find}}}))
	if err != nil {
		return nil, err
	}
	sections, err := split(reply[20:])
	if err != nil || len(sections) != 1 {
		return nil, errors.Join(err, errors.New("storetest: an answer of an unknown shape"))
	}
	doc, _ := sections[0].docs[0].Lookup("cursor", "firstBatch", "0").DocumentOK()
	return doc, nil
}

func has(doc bson.Raw, v bson.E) bool {
	got, err := doc.LookupErr(strings.Split(v.Key, ".")...)
	if err != nil {
		got = bson.RawValue{Type: bson.TypeNull}
	}
	if v.Value == nil {
		return got.Type == bson.TypeNull
	}
	typ, data, err := bson.MarshalValue(v.Value)
	if err != nil {
		return false
	}
	want := bson.RawValue{Type: typ, Value: data}
	if a, ok := got.AsInt64OK(); ok {
		b, ok := want.AsInt64OK()
		return ok && a == b
	}
	return got.Equal(want)
}
