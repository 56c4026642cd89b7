package notice

import "mstm/store"

// InboxCollections are the collections that an Inbox reads and writes.
type InboxCollections struct {
	Users           *store.Users
	Notices         *store.Notices
	NoticeTemplates *store.NoticeTemplates
	Broadcasts      *store.Broadcasts
	Readers         *store.Readers
	Unsent          *store.UnsentNews
}

// InboxCollectionsOf are those of a shop.
func InboxCollectionsOf(db *store.DB) InboxCollections {
	return InboxCollections{
		Users:           db.Users,
		Notices:         db.Notices,
		NoticeTemplates: db.NoticeTemplates,
		Broadcasts:      db.Broadcasts,
		Readers:         db.Readers,
		Unsent:          db.Unsent,
	}
}

// BroadcasterCollections are the collections that a Broadcaster reads and writes.
type BroadcasterCollections struct {
	Users      *store.Users
	APIKeys    *store.APIKeys
	Bindings   *store.Bindings
	Catalogue  *store.CatalogueCache
	Orders     *store.Orders
	Notices    *store.Notices
	Broadcasts *store.Broadcasts
	Audiences  *store.Audiences
	Readers    *store.Readers
	Deliveries *store.Deliveries
	Unsent     *store.UnsentNews
	Audit      *store.Audit
}

// BroadcasterCollectionsOf are those of a shop.
func BroadcasterCollectionsOf(db *store.DB) BroadcasterCollections {
	return BroadcasterCollections{
		Users:      db.Users,
		APIKeys:    db.APIKeys,
		Bindings:   db.Bindings,
		Catalogue:  db.Catalogue,
		Orders:     db.Orders,
		Notices:    db.Notices,
		Broadcasts: db.Broadcasts,
		Audiences:  db.Audiences,
		Readers:    db.Readers,
		Deliveries: db.Deliveries,
		Unsent:     db.Unsent,
		Audit:      db.Audit,
	}
}

// SenderCollections are the collections that a WeChatSender reads and writes.
type SenderCollections struct {
	Users      *store.Users
	Bindings   *store.Bindings
	Followers  *store.Followers
	Orders     *store.Orders
	Broadcasts *store.Broadcasts
	Deliveries *store.Deliveries
	Wakeups    *store.Wakeups
	Settings   *store.Settings
}

// SenderCollectionsOf are those of a shop.
func SenderCollectionsOf(db *store.DB) SenderCollections {
	return SenderCollections{
		Users:      db.Users,
		Bindings:   db.Bindings,
		Followers:  db.Followers,
		Orders:     db.Orders,
		Broadcasts: db.Broadcasts,
		Deliveries: db.Deliveries,
		Wakeups:    db.Wakeups,
		Settings:   db.Settings,
	}
}
