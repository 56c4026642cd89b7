package operations

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mstm/wechat/sandbox"
)

// promises say of each fault that the sandbox can play what the shop keeps all the same, and which
// tests show it: a test's name, or the name of a case in a table. knobs are the fields of PUT
// /sandbox/faults, and the control calls, that make the fault.
var promises = []struct{ fault, knobs, promise, tests string }{
	{"WeChat refuses connections", "",
		"the order stays and is tried again under its number; the breaker opens, callbacks are taken all the while",
		"TestAWeChatThatRefusesConnectionsCostsPatienceOnly; TestTheBreakerOpensOnARefusedConnectionAndCallbacksAreStillTaken"},
	{"WeChat is slow or hangs", "api.delay_ms",
		"no request waits longer than five seconds; there is no second order and no second number",
		"WeChat hangs, and is waited for no longer than five seconds; no answer in time, yet done; an order is not held up by a WeChat that hangs"},
	{"the shop's own store hangs", "",
		"WeChat is answered within its five seconds, by 503, and comes again",
		"TestACallbackIsAnsweredInTimeThoughAStoreHangs"},
	{"WeChat answers 5xx or 429, or a gateway's page", "api.status api.code api.message api.html",
		"the same number later, and not too often",
		"C35 WeChat is busy: the order waits, the breaker opens; TestABusyWeChatLeavesAnOrderThatCanBePaidLater; TestFailingRefundsKeepToWeChatsLimit; a gateway's 502 in HTML"},
	{"charged, but the answer lost", "api.drop api.drop_before api.after",
		"the payment is found, under the same number, and counts once",
		"the connection is cut after WeChat did it; the connection is cut before WeChat did it; the number was paid although the answer was lost; C24 C25 a refund whose answer is lost is asked for again and paid once; 500 after it was done"},
	{"an answer with a bad signature, or none", "api.bad_signature",
		"it is no answer: the shop asks",
		"the answer's signature is wrong; an unsigned answer; a signature probe; TestACloseOrRefundWithoutAnAnswerIsSettledByAsking"},
	{"a callback is lost", "callback.lose",
		"the payment is found by asking, within 90 seconds; a refund as well",
		"a lost callback is made up for by asking WeChat; C08 a lost callback is made up for by asking, and the page hears of it; a refund without a callback is found by asking"},
	{"a callback before the answer to the prepay", "callback.early",
		"it counts",
		"a callback may come before the answer to the prepay; a callback that overtakes the prepay's own answer counts"},
	{"callbacks that are late or out of order", "callback.delay_s callback.delay_ms",
		"what came later is not undone; money for a closed order opens it or goes back",
		"C09 a callback twenty hours late changes nothing; TestACallbackThatIsRepeatedLaterChangesNothing; TestLateMoneyCases; C36 money that comes for a cancelled order counts"},
	{"repeated callbacks", "callback.repeat callback.parallel",
		"one payment, however many copies come at once, to however many instances",
		"TestManyCallbacksAndTheQueryAtOnceGrantOnce; C05 twenty callbacks and the server's own query at once count once; callbacks of a refund that come many times at once count once"},
	{"the wrong amount, merchant, app or currency, signed right", "callback.amount_delta callback.mchid callback.appid callback.currency",
		"nothing is granted and nothing goes back; people are called",
		"C12 an amount that is wrong by one fen grants nothing; C13 money of another merchant, app or currency grants nothing; TestGenuineCallbacksThatDoNotFitAreKeptForPeople; a refund's callback that proves nothing, or is about other money, counts for nothing"},
	{"bad signatures, SIGNTEST, old stamps, unknown keys, old XML", "callback.bad_signature callback.altered_body callback.signtest callback.stale callback.unknown_serial callback.xml",
		"4xx, and nothing changes; five thousand a second slow no learner down",
		"C15 a callback that proves nothing is refused and leaves no trace; TestCallbacksThatProveNothingChangeNothing; TestNoMutatedCallbackIsAccepted; TestMutatedCallbacksChangeNothing; TestAFloodOfBadCallbacks"},
	{"clocks that differ", "clock_skew_s",
		"the self-check names the clock; signatures outside five minutes are refused",
		"a clock six minutes slow; a clock six minutes fast"},
	{"keys that are replaced", "callback.signer /sandbox/certificates",
		"old and new are verified without a restart, a third is refused",
		"TestKeysThatWeChatReplacesWhileTheShopRuns; TestKeysThatRotateMidRunBothVerifyAndAThirdIsRefused; TestARotatedCertificateIsFoundWithoutARestart; TestInventedSerialsCauseOneDownloadAtMost"},
	{"a trade that is too young to be closed", "close_after_s",
		"there is no second number before the first is closed; the first stays good",
		"C22 a code that WeChat does not close for five minutes is good until then, and alone; a trade that WeChat will not close yet keeps its order closing"},
	{"refunds that get stuck or are given up", "refund.settle refund.after_s",
		"people are called; the money counts when it is back, and the course stays with a buyer that has not got it back",
		"a refund that gets stuck calls people, and counts when it came back by hand; a refund that WeChat gives up calls people, and can be asked for again"},
	{"an access token that WeChat takes no more", "/sandbox/access-token/expire /sandbox/access-token",
		"one instance gets a new one, once; no payment waits for it",
		"an access token that WeChat takes no more, or does not give, holds up no payment; TestATokenThatWasMadeInvalidIsReplacedOnceForAllInstances; TestTwoInstancesSendEachMessageOnce"},
	{"a text message that is lost, or that the provider does not take", "api.lose",
		"the person is told what is known; the same code can be asked for again while it is good",
		"TestText_Fault_IsMetByTheShop; TestPhone_ProviderFails_ThePersonIsTold"},
	{"messages that WeChat does not take", "api.errcode callback.outcome /sandbox/message-quota /sandbox/templates",
		"a former follower gets no more, a duplicate counts as sent, a quota stops the day, a template its kind",
		"what WeChat says of a message about a payment is final; a block of the account while WeChat has the message is on record; a quota that is used up stops the day; a template that is gone stops its kind, calls people and goes on when it is back"},
}

// addressing are the fields that say when a fault happens, and are none themselves.
var addressing = []string{"api", "callback", "refund", "api.api", "api.out_trade_no", "api.times", "callback.event", "callback.out_trade_no", "callback.times", "callback.attempts"}

// TestEachFaultOfTheSandboxHasAPromiseAndATest holds the list above against the faults that there are
// and the tests that there are.
func TestEachFaultOfTheSandboxHasAPromiseAndATest(t *testing.T) {
	var tests strings.Builder
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".race"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "promises_test.go":
			return nil
		}
		text, err := os.ReadFile(path)
		tests.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Clone(addressing)
	for _, p := range promises {
		known = append(known, strings.Fields(p.knobs)...)
		for name := range strings.SplitSeq(p.tests, "; ") {
			if !strings.Contains(tests.String(), "func "+name+"(t ") && !strings.Contains(tests.String(), `"`+name+`"`) {
				t.Errorf("%s: there is no test %q", p.fault, name)
			}
		}
	}
	for group, fault := range map[string]any{"api.": sandbox.APIFault{}, "callback.": sandbox.CallbackFault{}, "refund.": sandbox.RefundFault{}, "": sandbox.Faults{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(fault)) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !slices.Contains(known, group+name) {
				t.Errorf("%s%s has no promise", group, name)
			}
		}
	}
}
