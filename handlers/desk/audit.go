package desk

import (
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/people"
	"mstm/store"
)

// Audit is what staff, programs and the shop did.
type Audit struct{ People *people.People }

type auditRow struct {
	ID         string            `json:"id"`
	At         time.Time         `json:"at"`
	By         string            `json:"by"`
	ByName     string            `json:"by_name,omitempty"`
	Act        string            `json:"act"`
	Object     string            `json:"object"`
	ObjectName string            `json:"object_name,omitempty"`
	Data       map[string]string `json:"data,omitempty"`
	Before     map[string]string `json:"before,omitempty"`
	After      map[string]string `json:"after,omitempty"`
}

// List answers GET /api/admin/audit?object=&who=&what=&from=&to=&calls=&limit=&cursor=, newest first. from and to are days in
// Asia/Shanghai, both included.
func (h *Audit) List(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	ask := people.AuditQuery{Object: q.Get("object"), Who: q.Get("who"), AuditFilter: store.AuditFilter{Act: q.Get("what")}}
	if ask.From, ask.Until, err = days(q); err != nil {
		return err
	}
	if ask.Calls, err = rest.Flag(q, "calls"); err != nil {
		return err
	}
	all, next, err := h.People.Audit(r.Context(), ask, rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := rest.Page[auditRow]{Items: []auditRow{}, NextCursor: next}
	for _, a := range all {
		list.Items = append(list.Items, auditRow{
			ID: a.ID, At: rest.UTC(a.At), By: a.By, ByName: a.ByName, Act: a.Act, Object: a.Object, ObjectName: a.ObjectName,
			Data: a.Data, Before: a.Before, After: a.After,
		})
	}
	return rest.Encode(w, http.StatusOK, list)
}
