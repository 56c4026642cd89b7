package notice

import (
	"context"
	"errors"
	"strings"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// settle notes what WeChat's answer means for a delivery. before is since when it may have had
// the message before this attempt; nil: it had it not.
func (c *WeChatSender) settle(ctx context.Context, d shop.Delivery, before *time.Time, m wechat.Message, err error) error {
	activity := d.Kind == shop.KindActivity
	switch {
	case err == nil, errors.Is(err, wechat.ErrDuplicate):
		if err := c.finish(ctx, d, shop.DeliverySent, ""); err != nil || !activity {
			return err
		}
		// The consent last: a message that still waited when it is used up could be sent again on
		// the next one. Of one that stays on record WeChat knows better, and says so.
		if err := c.Store.Followers.UseConsent(ctx, m.Openid, m.TemplateID, false); err != nil {
			c.Log.WarnContext(ctx, "a used consent is still on record", "err", err)
		}
		return nil
	case errors.Is(err, wechat.ErrNotSubscribed):
		if before != nil { // it was the first try that used the consent up
			return c.finish(ctx, d, shop.DeliverySent, "")
		}
		return errors.Join(c.Store.Followers.UseConsent(ctx, m.Openid, m.TemplateID, true), c.finish(ctx, d, shop.DeliverySkipped, shop.SkipNotSubscribed))
	case errors.Is(err, wechat.ErrNotFollowing):
		return errors.Join(c.noteGone(ctx, m.Openid), c.finish(ctx, d, shop.DeliverySkipped, shop.SkipNotFollowing))
	case errors.Is(err, wechat.ErrOpenid):
		return errors.Join(c.noteGone(ctx, m.Openid), c.finish(ctx, d, shop.DeliveryFailed, code(err)))
	case errors.Is(err, wechat.ErrTemplate), errors.Is(err, wechat.ErrQuota), errors.Is(err, wechat.ErrNotAllowed):
		d.AskedAt = before
		return c.stop(ctx, d, m.TemplateID, err)
	case errors.Is(err, wechat.ErrRefused):
		c.Log.ErrorContext(ctx, "WeChat refuses a message", "kind", d.Kind, "err", err)
		return c.finish(ctx, d, shop.DeliveryFailed, code(err))
	}
	if wechat.NotSent(err) {
		d.AskedAt = before
	}
	return c.putOff(ctx, d, c.Now().Add(retryPause(d.Attempts)), err)
}

// noteGone notes that a WeChat does not follow. WeChat counts time in whole seconds: a follow
// within the same second wins.
func (c *WeChatSender) noteGone(ctx context.Context, openid string) error {
	return c.Store.Followers.SetFollowing(ctx, openid, false, c.Now().Truncate(time.Second))
}

// pause stops messages until a time, on all instances. With a template it stops that one alone,
// so that a setting that was mended works at once.
type pause struct {
	Until      time.Time `bson:"until"`
	TemplateID string    `bson:"template_id"`
	Code       string    `bson:"code"`
}

// What is stopped: a kind of message, all of one way of sending, everything.
const (
	pausePrefix = "wechat_pause:"
	pauseAll    = "*"
	byTemplate  = "template"
	byConsent   = "subscribe"
)

// How long sending stops for what people have to mend.
const (
	templatePause = time.Hour
	accountPause  = 10 * time.Minute
)

func wayOf(kind string) string {
	if kind == shop.KindActivity {
		return byConsent
	}
	return byTemplate
}

// stop stops sending what WeChat would refuse as it refused this one, calls for people, and puts
// the delivery off until then.
func (c *WeChatSender) stop(ctx context.Context, d shop.Delivery, templateID string, why error) error {
	now := c.Now()
	what, p := pauseAll, pause{Until: now.Add(accountPause), Code: code(why)}
	switch {
	case errors.Is(why, wechat.ErrTemplate):
		what, p.Until, p.TemplateID = messageKind(d.Kind), now.Add(templatePause), templateID
	case errors.Is(why, wechat.ErrQuota):
		what, p.Until = wayOf(d.Kind), shop.DateOf(now).End()
	}
	var known pause
	if err := c.Store.Settings.Get(ctx, pausePrefix+what, &known); err != nil || !now.Before(known.Until) {
		c.alarm(ctx, "WeChat messages stop", "what", what, "until", p.Until, "err", why)
	}
	err := c.Store.Settings.Put(ctx, pausePrefix+what, p)
	c.forgetPauses()
	return errors.Join(err, c.putOff(ctx, d, p.Until, nil))
}

// pausesNow is what is stopped, as it was read a moment ago. The caller must not change it.
func (c *WeChatSender) pausesNow(ctx context.Context) (map[string]pause, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.readAt.IsZero() && time.Since(c.readAt) < pausesAge {
		return c.paused, nil
	}
	all, err := c.pauses(ctx)
	if err == nil {
		c.paused, c.readAt = all, time.Now()
	}
	return all, err
}

// forgetPauses has what is stopped read again: this instance has just written it.
func (c *WeChatSender) forgetPauses() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readAt = time.Time{}
}

// pauses reads what is stopped.
func (c *WeChatSender) pauses(ctx context.Context) (map[string]pause, error) {
	all := map[string]pause{}
	names := []string{pauseAll, byTemplate, byConsent}
	for kind := range c.Templates {
		names = append(names, kind)
	}
	for _, name := range names {
		var p pause
		err := c.Store.Settings.Get(ctx, pausePrefix+name, &p)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all[name] = p
	}
	return all, nil
}

// stoppedUntil is when a message of this kind may be tried again, where it may not now.
func stoppedUntil(all map[string]pause, kind string, t Template, now time.Time) (until time.Time, stopped bool) {
	for _, name := range []string{pauseAll, wayOf(kind), messageKind(kind)} {
		p, there := all[name]
		if there && now.Before(p.Until) && (p.TemplateID == "" || p.TemplateID == t.ID) && p.Until.After(until) {
			until, stopped = p.Until, true
		}
	}
	return until, stopped
}

// Finished takes WeChat's word on what became of a template message that it had queued: success,
// failed:user block, failed: system failed. known is false where no delivery has its number (yet).
// Taking it again changes nothing.
func (c *WeChatSender) Finished(ctx context.Context, msgid int64, status string) (known bool, err error) {
	for range conflictsMost {
		d, err := c.Store.Deliveries.ByMsgID(ctx, msgid)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		switch d.State {
		case shop.DeliverySent:
		case shop.DeliveryWaiting: // the sender has not written down yet that it is sent, or died before
			now := c.Now().UTC()
			d.MsgID, d.SentAt, d.AskedAt = msgid, &now, nil
		default:
			return true, nil
		}
		d.State, d.Code = outcome(status)
		if won, err := c.Store.Deliveries.Save(ctx, d); won || err != nil {
			return true, err
		}
	}
	return true, shop.ErrUnavailable
}

const conflictsMost = 8 // writers of one delivery at once are two at most

// outcome reads WeChat's word, which its pages spell with and without a space.
func outcome(status string) (shop.DeliveryState, string) {
	if status == "success" {
		return shop.DeliveryDelivered, ""
	}
	_, why, _ := strings.Cut(status, ":")
	return shop.DeliveryFailed, strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(why), " ", "_"))
}
