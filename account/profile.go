package account

import (
	"context"
	"fmt"

	"mstm/shop"
	"mstm/shop/phone"
	"mstm/shop/referral"
	"mstm/store"
)

// Profile is an account as its owner sees it.
type Profile struct {
	User        *shop.User
	WeChatBound bool
	Referral    string // the tag of the links that the owner shares
}

// Phone is the account's number, masked; "": none.
func (p Profile) Phone() string { return phone.Masked(p.User.Phone) }

// Profile reads an account.
func (a *Accounts) Profile(ctx context.Context, userID string) (Profile, error) {
	u, err := a.Users.Get(ctx, userID)
	if err != nil {
		return Profile{}, err
	}
	b, err := a.Bindings.Get(ctx, u.ID)
	if err != nil {
		return Profile{}, err
	}
	secret, err := a.Settings.Secret(ctx, "referral")
	return Profile{u, b.Openid != "", referral.OfPerson(secret, u.ID)}, err
}

// ProfileChange is what the owner of an account wants otherwise. What is nil, or not named, stays as it is.
type ProfileChange struct {
	Name          *string
	Locale        *string
	Notifications map[shop.Topic]*bool
}

// check is the change as the store takes it.
func (c ProfileChange) check() (store.ProfileChange, error) {
	change := store.ProfileChange{Locale: c.Locale, Mute: map[shop.Topic]bool{}}
	if c.Name != nil {
		name, err := shop.CleanLine("name", *c.Name, 1, shop.MaxName)
		if err != nil {
			return change, err
		}
		change.Name = &name
	}
	if c.Locale != nil && *c.Locale != shop.LocaleZh && *c.Locale != shop.LocaleEn {
		return change, shop.ErrInvalidField.At("locale")
	}
	for topic, wanted := range c.Notifications {
		if !topic.Valid() {
			return change, shop.ErrUnknownField.At(fmt.Sprintf("notifications.%.32q", string(topic)))
		}
		if wanted == nil { // a null is no "no"
			return change, shop.ErrInvalidField.At("notifications." + string(topic))
		}
		change.Mute[topic] = !*wanted
	}
	if change.Name == nil && change.Locale == nil && len(change.Mute) == 0 {
		return change, shop.ErrInvalidField // nothing that could be changed
	}
	return change, nil
}

// ChangeProfile makes a change. The user's open pages learn which notifications are wanted now, because they are shown
// activities for everybody also where those are not wanted.
func (a *Accounts) ChangeProfile(ctx context.Context, userID string, c ProfileChange) (Profile, error) {
	change, err := c.check()
	if err != nil {
		return Profile{}, err
	}
	if err := a.Users.ChangeProfile(ctx, userID, change); err != nil {
		return Profile{}, err
	}
	if len(change.Mute) > 0 {
		a.showNotifications(ctx, userID)
	}
	return a.Profile(ctx, userID)
}

func (a *Accounts) showNotifications(ctx context.Context, userID string) {
	u, err := a.Users.Get(ctx, userID)
	if err != nil {
		a.Log.WarnContext(ctx, "a choice of notifications is not published", "err", err)
		return
	}
	a.pages.show(ctx, shop.NotificationsChanged(u))
}
