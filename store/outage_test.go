package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/shop"
)

// TestOutagesAreNoRefusals: an answer of a server that is no primary, or stops, is worth
// another try and is answered 503; a refusal is a bug of ours.
func TestOutagesAreNoRefusals(t *testing.T) {
	for _, code := range []int32{6, 7, 43, 50, 89, 91, 134, 189, 237, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436} {
		wantOutage(t, mongo.CommandError{Code: code, Message: "no"}, true)
		wantOutage(t, mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: int(code)}}, true)
	}
	for _, label := range []string{"RetryableWriteError", "RetryableError", "SystemOverloadedError", "NetworkError", "TransientTransactionError"} {
		wantOutage(t, mongo.CommandError{Code: 1, Labels: []string{label}}, true)
	}
	wantOutage(t, context.DeadlineExceeded, true)
	wantOutage(t, mongo.ErrClientDisconnected, true)
	for _, code := range []int32{2, 9, 13, 48, 59, 85, 121, 11000} {
		wantOutage(t, mongo.CommandError{Code: code, Message: "no"}, false)
	}
	wantOutage(t, mongo.CommandError{Code: 1, Labels: []string{"NoWritesPerformed"}}, false)
	wantOutage(t, mongo.ErrNoDocuments, false)
}

func wantOutage(t *testing.T, err error, want bool) {
	t.Helper()
	err = failed("read", fmt.Errorf("as the driver says it: %w", err))
	if got := errors.Is(err, shop.ErrUnavailable); got != want {
		t.Errorf("%v: unavailable is %t", err, got)
	}
}
