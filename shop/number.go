package shop

import "strings"

// NumberIn is the number that a person copied, in the plain form of its characters (see
// Fold), without the blanks in it and the mark that a spreadsheet or WeChat's bill puts
// before it.
func NumberIn(s string) string {
	return strings.TrimLeft(strings.ReplaceAll(Fold(s), " ", ""), "`'")
}

// OrderIDsOf are the ids of the orders that a number of ours may belong to: as an order's
// id, an out_trade_no or an out_refund_no.
func OrderIDsOf(number string) (ids []string) {
	if ValidID(number) {
		ids = append(ids, number)
	}
	if id, ok := OrderOfTrade(number); ok {
		ids = append(ids, id)
	}
	if id, ok := OrderOfRefund(number); ok {
		ids = append(ids, id)
	}
	return ids
}

// IsTransaction reports whether a number can be WeChat's transaction_id: at most 32 digits,
// and more than anybody types as a name.
func IsTransaction(number string) bool {
	return len(number) >= 10 && len(number) <= 32 && strings.Trim(number, "0123456789") == ""
}
