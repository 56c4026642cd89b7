package store

import (
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// outages are MongoDB's error codes of a server that cannot answer now: it stops, it is no
// primary any more or not yet, or its majority has not got so far. The driver tries most of
// these again by itself until its deadline; what is left of them is an outage and no bug.
var outages = append([]int{
	6, 7, 89, 9001, // HostUnreachable, HostNotFound, NetworkTimeout, SocketException
	50, 262, // MaxTimeMSExpired, ExceededTimeLimit
	91, 11600, // ShutdownInProgress, InterruptedAtShutdown
	134,        // ReadConcernMajorityNotAvailableYet
	189, 11602, // PrimarySteppedDown, InterruptedDueToReplStateChange
	10058, 10107, // NotWritablePrimary
	13435, 13436, // NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary
}, cursorsLost...)

// cursorsLost are CursorNotFound and CursorKilled: the server went away half way through a list.
var cursorsLost = []int{43, 237}

// outageLabels are the driver's and the server's words for the same.
var outageLabels = []string{"RetryableWriteError", "RetryableError", "SystemOverloadedError", "NetworkError", "TransientTransactionError"}

// isOutage tells a store that cannot be reached or does not answer in time from a
// request that was refused.
func isOutage(err error) bool {
	if mongo.IsTimeout(err) || mongo.IsNetworkError(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	var labelled mongo.LabeledError
	return errors.As(err, &labelled) && slices.ContainsFunc(outageLabels, labelled.HasErrorLabel) || hasCode(err, outages)
}

func hasCode(err error, codes []int) bool {
	var refusal mongo.ServerError
	return errors.As(err, &refusal) && slices.ContainsFunc(codes, refusal.HasErrorCode)
}

// again does a read once more where its cursor was lost half way, as by an election.
func again[T any](read func() (T, error)) (T, error) {
	v, err := read()
	if hasCode(err, cursorsLost) {
		v, err = read()
	}
	return v, err
}
