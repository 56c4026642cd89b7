package sandbox

import (
	"slices"

	"go.etcd.io/bbolt"
)

// person is a possible owner of the phone.
type person struct {
	Openid string `json:"openid"`
	Name   string `json:"name"`
}

// people are the possible owners of the phone. It belongs to the first until another takes it, so
// that a scan by another person than the buyer can be tried out by hand.
var people = [...]person{
	{defaultOpenid, "小拾"},
	{"oSandboxBuyer00000000000002", "阿课"},
	{"oSandboxBuyer00000000000003", "路人"},
}

// ownerIndex is the index of an openid among the people, 0 for an unknown openid.
func ownerIndex(openid string) int {
	return max(0, slices.IndexFunc(people[:], func(p person) bool { return p.Openid == openid }))
}

const metaOwner = "phone_owner"

// openOwner reads the stored owner of the phone.
func (s *phones) openOwner() error {
	return s.db.View(func(tx *bbolt.Tx) error {
		saved, err := get[string](tx, bucketMeta, metaOwner)
		if saved == nil {
			saved = &people[0].Openid
		}
		s.owner.Store(saved)
		return err
	})
}

// openidOr is the openid given, or else the phone's owner.
func (s *phones) openidOr(openid string) string {
	if openid == "" {
		return *s.owner.Load()
	}
	return openid
}

// showOwner answers GET /sandbox/owner with the people and the phone's owner.
func (s *phones) showOwner(*request) (any, error) {
	return struct {
		Openid string   `json:"openid"`
		People []person `json:"people"`
	}{s.openidOr(""), people[:]}, nil
}

// putOwner answers PUT /sandbox/owner `{openid}`: one of the people takes the phone.
func (s *phones) putOwner(r *request) (any, error) {
	var in struct {
		Openid string `json:"openid"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(people[:], func(p person) bool { return p.Openid == in.Openid }) {
		return nil, paramError("openid", "none of the people that may hold the phone")
	}
	if err := s.db.Update(func(tx *bbolt.Tx) error { return put(tx, bucketMeta, metaOwner, in.Openid) }); err != nil {
		return nil, err
	}
	s.owner.Store(&in.Openid)
	return s.showOwner(r)
}
