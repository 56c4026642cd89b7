package checkout

import (
	"mstm/shop"
	"mstm/wechat"
)

// billEntries are the rows of a bill in the words of the shop.
func billEntries(rows []wechat.BillRow) []shop.BillEntry {
	entries := make([]shop.BillEntry, 0, len(rows))
	for _, r := range rows {
		e := shop.BillEntry{At: r.At, OutTradeNo: r.OutTradeNo, TransactionID: r.TransactionID, Amount: r.Total}
		switch {
		case r.IsRefund():
			e.OutRefundNo, e.Amount, e.State = r.OutRefundNo, r.RefundAsked, billRefundStates[r.RefundState]
		case r.State != "SUCCESS":
			e.OtherState = r.State
		}
		entries = append(entries, e)
	}
	return entries
}

// billRefundStates are the bill's words for what became of a refund; they are not the API's.
var billRefundStates = map[string]shop.RefundState{
	"SUCCESS": shop.RefundSucceeded, "PROCESSING": shop.RefundProcessing, "FAIL": shop.RefundClosed, "CHANGE": shop.RefundAbnormal,
}
