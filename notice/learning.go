package notice

import (
	"context"

	"mstm/shop"
)

// CourseFinished congratulates a learner on a finished course, once for ever.
func (in *Inbox) CourseFinished(ctx context.Context, userID string, c *shop.Course) error {
	return in.notify(ctx, news{
		userID: userID, kind: shop.NoticeCourseFinished, ref: c.ID, link: "/courses/" + c.ID,
		facts: func(string) map[string]string { return map[string]string{"course": c.Title} },
	})
}
