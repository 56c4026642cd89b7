package people

import (
	"context"
	"errors"
	"strings"

	"mstm/shop"
	"mstm/store"
)

// AuditQuery is what staff look for in the audit; what is empty matches all.
type AuditQuery struct {
	store.AuditFilter
	Object string // kind:id, or an id of whatever kind
	Who    string // the id of a user or key:ID, or a username
}

// AuditRow is a row with the names of people.
type AuditRow struct {
	store.AuditRow
	ByName     string // "" where By is no person's, or the account is gone
	ObjectName string // likewise of an object that is a person
}

// auditKinds are the kinds of objects that an id alone may be one of.
var auditKinds = []string{"order:", "user:", "course:", "broadcast:", "media:", "key:", "unmatched:", "notice_template:", "reconciliation:"}

const userObject = "user:"

// Audit lists what people, programs and the shop did, newest first.
func (p *People) Audit(ctx context.Context, q AuditQuery, limit int, cursor string) ([]AuditRow, string, error) {
	f := q.AuditFilter
	if q.Object != "" {
		f.Objects = objectsOf(q.Object)
	}
	if q.Who != "" {
		f.By = []string{q.Who}
		u, err := p.cfg.Store.Users.ByUsername(ctx, q.Who)
		if err == nil {
			f.By = append(f.By, u.ID)
		} else if !errors.Is(err, shop.ErrUserNotFound) {
			return nil, "", err
		}
	}
	rows, next, err := p.cfg.Store.Audit.Page(ctx, f, limit, cursor)
	if err != nil {
		return nil, "", err
	}
	all, err := p.withNames(ctx, rows)
	return all, next, err
}

// withNames adds the names of the people that rows are of and about.
func (p *People) withNames(ctx context.Context, rows []store.AuditRow) ([]AuditRow, error) {
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.By, strings.TrimPrefix(r.Object, userObject))
	}
	names, err := p.names(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]AuditRow, 0, len(rows))
	for _, r := range rows {
		row := AuditRow{AuditRow: r, ByName: names[r.By]}
		if id, ok := strings.CutPrefix(r.Object, userObject); ok {
			row.ObjectName = names[id]
		}
		all = append(all, row)
	}
	return all, nil
}

func objectsOf(text string) []string {
	if strings.Contains(text, ":") {
		return []string{text}
	}
	all := make([]string, 0, len(auditKinds))
	for _, kind := range auditKinds {
		all = append(all, kind+text)
	}
	return all
}
