package shop

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of what a broadcast says, in characters, and of its link, in bytes.
const (
	MaxBroadcastTitle = 40
	MaxBroadcastBody  = 500
	maxBroadcastLink  = 500
)

// Links says where a broadcast's link may lead.
type Links struct {
	PublicURL string   // the shop's own address: a link to it becomes a path
	Hosts     []string // others, host or host:port, over https
}

// Clean is a link as it is kept: a path of the shop's pages, or https on an allowed host. All
// else is ErrLink: other schemes, other hosts, and what browsers take for one of these.
func (l Links) Clean(link string) (string, error) {
	if link == "" {
		return "", nil
	}
	bad := func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f || r > 0x7e }
	if len(link) > maxBroadcastLink || strings.ContainsFunc(link, bad) {
		return "", ErrLink.At("link")
	}
	u, err := url.Parse(link)
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", ErrLink.At("link")
	}
	if u.Scheme == "" && u.Host == "" && strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") {
		return link, nil
	}
	if own, err := url.Parse(l.PublicURL); err == nil && own.Host != "" && u.Scheme == own.Scheme && u.Host == own.Host {
		return "/" + strings.TrimLeft(u.RequestURI(), "/") + fragment(u), nil
	}
	if u.Scheme == "https" && slices.Contains(l.Hosts, u.Host) {
		return link, nil
	}
	return "", ErrLink.At("link")
}

func fragment(u *url.URL) string {
	if u.Fragment == "" {
		return ""
	}
	return "#" + u.EscapedFragment()
}

// Funnel counts what came of a broadcast, in people: readers, followers of its link, and readers
// that bought within BoughtWithin of reading. A purchase counts if it is of the course that the
// link leads to; where the link leads to no course, any purchase counts.
type Funnel struct {
	Read    int64 `bson:"read" json:"read"`
	Clicked int64 `bson:"clicked" json:"clicked"`
	Bought  int64 `bson:"bought" json:"bought"`
}

// BoughtWithin is how long after reading a purchase still counts as the broadcast's.
const BoughtWithin = 7 * 24 * time.Hour

// FunnelFinal is how long after its end a broadcast's funnel is final: readers of the first week
// have had their week.
const FunnelFinal = 2 * BoughtWithin

var courseLink = regexp.MustCompile(`^/courses/([0-9a-z]{1,32})(?:[/?#]|$)`)

// LinkedCourse is the course that the broadcast's link leads to, "" where there is none.
func (b *Broadcast) LinkedCourse() string {
	if m := courseLink.FindStringSubmatch(b.Link); m != nil {
		return m[1]
	}
	return ""
}

// Brought reports whether an order counts as bought because its buyer read the broadcast at
// readAt: paid for, after it and within BoughtWithin. WeChat's times are whole seconds.
func (b *Broadcast) Brought(o *Order, readAt time.Time) bool {
	if o.Paid == 0 || o.PaidAt == nil || o.PaidAt.Before(readAt.Truncate(time.Second)) || o.PaidAt.After(readAt.Add(BoughtWithin)) {
		return false
	}
	course := b.LinkedCourse()
	return course == "" || slices.ContainsFunc(o.Lines, func(l OrderLine) bool { return l.CourseID == course })
}
