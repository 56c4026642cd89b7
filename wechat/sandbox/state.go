package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// The buckets of state.db; values are JSON.
const (
	bucketTrades  = "trades"  // out_trade_no → trade
	bucketCodes   = "codes"   // a code_url, prepay_id or h5_url → out_trade_no
	bucketRefunds = "refunds" // out_refund_no → refund
	bucketOpen    = "open"    // out_refund_no of refunds that settle by themselves
	bucketEvents  = "events"  // out_trade_no/sequence → event
	bucketPending = "pending" // key of an event still to deliver → unix second it is due
	bucketMeta    = "meta"    // clock, faults, counters, the official account's access token

	bucketFollowers = "followers" // openid → follower
	bucketQRCodes   = "qrcodes"   // ticket → qrCode
	bucketAuth      = "auth"      // authorisation code → authCode
	bucketMessages  = "messages"  // openid/sequence → message
	bucketOnce      = "once"      // openid/client_msg_id → when it was taken
	bucketGrants    = "grants"    // openid/template → how many messages it allows

	bucketTexts = "texts" // sequence → textMessage
)

// openState opens the state file. Writes are not flushed to the disk: they survive the process
// being killed, which is what the shop's tests do to it, and cost microseconds.
func openState(path string) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoSync: true, NoFreelistSync: true})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("sandbox: %s is in use by another process", path)
	}
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{bucketTrades, bucketCodes, bucketRefunds, bucketOpen, bucketEvents, bucketPending, bucketMeta,
			bucketFollowers, bucketQRCodes, bucketAuth, bucketMessages, bucketOnce, bucketGrants, bucketTexts} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	return db, err
}

// get reads one value; nil when there is none.
func get[T any](tx *bbolt.Tx, bucket, key string) (*T, error) {
	raw := tx.Bucket([]byte(bucket)).Get([]byte(key))
	if raw == nil {
		return nil, nil
	}
	v := new(T)
	return v, json.Unmarshal(raw, v)
}

func put(tx *bbolt.Tx, bucket, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Bucket([]byte(bucket)).Put([]byte(key), raw)
}

func drop(tx *bbolt.Tx, bucket, key string) error {
	return tx.Bucket([]byte(bucket)).Delete([]byte(key))
}

// list reads the values of all keys that begin with prefix, in the order of the keys.
func list[T any](tx *bbolt.Tx, bucket, prefix string) ([]T, error) {
	out := []T{}
	c := tx.Bucket([]byte(bucket)).Cursor()
	for k, raw := c.Seek([]byte(prefix)); k != nil && len(k) >= len(prefix) && string(k[:len(prefix)]) == prefix; k, raw = c.Next() {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// sequence is the next number of a bucket.
func sequence(tx *bbolt.Tx, bucket string) uint64 {
	n, _ := tx.Bucket([]byte(bucket)).NextSequence() // fails only outside Update
	return n
}
