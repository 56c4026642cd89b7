// Package sms sends text messages, by Tencent Cloud. The shop sends one kind: a code that proves that a phone number is
// in the hands of the person that typed it.
package sms

import (
	"context"
	"errors"
)

// What may go wrong with a text message. Each is joined with what the provider said, for the log.
var (
	// ErrUnavailable is of a message that was not taken, or whose answer is missing: it may arrive all the same.
	ErrUnavailable = errors.New("sms: the provider does not take the message")
	// ErrTooMany is of a number that has had as many messages as the provider allows within a time.
	ErrTooMany = errors.New("sms: too many messages to this number")
	// ErrNumber is of a number that gets no messages: it is none, or its owner has refused them.
	ErrNumber = errors.New("sms: no message can be sent to this number")
)

// Sender sends text messages. Its methods may be called from any goroutine.
type Sender interface {
	// SendCode sends a code that is good for some minutes to a number in E.164.
	SendCode(ctx context.Context, phone, code string, minutes int) error
}
