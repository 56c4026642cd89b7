package shop

import (
	"errors"
	"maps"
	"math"
	"slices"
	"time"
)

// Kind is the class of an error; the HTTP layer picks the status by it.
type Kind int

// The classes of errors, each one HTTP status.
const (
	Invalid              Kind = 400
	Unauthenticated      Kind = 401
	Forbidden            Kind = 403
	NotFound             Kind = 404
	NotAllowed           Kind = 405
	Conflict             Kind = 409
	PreconditionFailed   Kind = 412
	TooLarge             Kind = 413
	Unsupported          Kind = 415
	Unprocessable        Kind = 422
	PreconditionRequired Kind = 428
	TooMany              Kind = 429
	ChecksumMismatch     Kind = 460 // of the tus protocol
	Internal             Kind = 500
	Unavailable          Kind = 503
)

// Error is a refusal that a caller can act on. Code is the word that programs switch on
// and never changes its meaning; Zh and En are the sentences for people. Param names
// the field at fault, where there is one. Extra goes into the answer beside them
// (`offers`, `quote`), under these names.
type Error struct {
	Kind   Kind
	Code   string
	Zh, En string
	Param  string
	Extra  map[string]any
}

// Error is the code and the English sentence.
func (e *Error) Error() string {
	if e.Param != "" {
		return e.Code + " (" + e.Param + "): " + e.En
	}
	return e.Code + ": " + e.En
}

// Is makes errors.Is compare codes, so that a copy with details is still its kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// With is a copy of e that carries one more member of the answer.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Extra = maps.Clone(e.Extra)
	if c.Extra == nil {
		c.Extra = map[string]any{}
	}
	c.Extra[name] = value
	return &c
}

// At is a copy of e that names the field at fault.
func (e *Error) At(param string) *Error {
	c := *e
	c.Param = param
	return &c
}

// Because is a copy of e whose sentences say what this value should have been.
func (e *Error) Because(zh, en string) *Error {
	c := *e
	c.Zh, c.En = zh, en
	return &c
}

// TooManyRequests is ErrTooManyRequests till the wait is over, in whole seconds and at least one.
func TooManyRequests(wait time.Duration) *Error {
	return ErrTooManyRequests.With("retry_after_s", max(1, int(math.Ceil(wait.Seconds()))))
}

// CodeOf is the stable code of err, or "" where it has none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// IsRefusal reports whether err says that a request was understood and not done: its outcome
// is known, unlike that of a failure on our side.
func IsRefusal(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind < Internal
}

// WrongPassword is ErrWrongCredentials of a user that is logged in and is asked for the password alone, in a field.
func WrongPassword(field string) *Error {
	e := ErrWrongCredentials.At(field)
	e.Kind, e.Zh, e.En = Forbidden, "密码不正确", "The password is wrong."
	return e
}

// Errors is the whole catalogue, in the order of this file.
func Errors() []*Error { return catalogue }

// ErrorOf is the entry of the catalogue with this code; nil where there is none.
func ErrorOf(code string) *Error {
	for _, e := range catalogue {
		if e.Code == code {
			return e
		}
	}
	return nil
}

var catalogue []*Error

func define(kind Kind, code, zh, en string) *Error {
	e := &Error{Kind: kind, Code: code, Zh: zh, En: en}
	catalogue = append(catalogue, e)
	return e
}

// Requests.
var (
	ErrInvalidJSON     = define(Invalid, "INVALID_JSON", "请求内容不是有效的 JSON", "The body is not valid JSON.")
	ErrUnknownField    = define(Invalid, "UNKNOWN_FIELD", "请求里有未知的字段", "The body has a field that is not known.")
	ErrInvalidField    = define(Invalid, "INVALID_FIELD", "这一项的内容不符合要求，请改正后再试", "A field has a value that cannot be taken; correct it and try again.")
	ErrInvalidQuery    = define(Invalid, "INVALID_QUERY", "查询参数不正确", "A query parameter has a wrong value.")
	ErrInvalidCursor   = define(Invalid, "INVALID_CURSOR", "翻页游标无效，请从第一页开始", "The cursor is not valid; start from the first page.")
	ErrBodyTooLarge    = define(TooLarge, "BODY_TOO_LARGE", "请求内容超过 64 KiB", "The body is larger than 64 KiB.")
	ErrMediaType       = define(Unsupported, "UNSUPPORTED_MEDIA_TYPE", "请求内容必须是 application/json", "The body must be application/json.")
	ErrRouteNotFound   = define(NotFound, "ROUTE_NOT_FOUND", "没有这个地址", "There is no such address.")
	ErrMethod          = define(NotAllowed, "METHOD_NOT_ALLOWED", "这个地址不支持该方法", "The address does not know this method.")
	ErrInternal        = define(Internal, "INTERNAL", "服务器出错了，请稍后再试", "Something failed on our side; try again later.")
	ErrUnavailable     = define(Unavailable, "UNAVAILABLE", "服务暂时不可用，请稍后再试", "The service is not available right now; try again soon.")
	ErrStorageFull     = define(Unavailable, "STORAGE_FULL", "存储空间已满，暂时无法保存；没有任何改动，请稍后再试", "The disk is full and nothing can be saved; nothing was changed. Try again later.")
	ErrTooManyRequests = define(TooMany, "TOO_MANY_REQUESTS", "操作太频繁，请稍后再试", "Too many requests; try again later.")
	ErrOverloaded      = define(Unavailable, "OVERLOADED", "现在访问的人太多，请稍后再试", "Too many people are asking at once; try again in a moment.")
)

// Accounts.
var (
	ErrUnauthenticated  = define(Unauthenticated, "UNAUTHENTICATED", "请先登录", "Log in first.")
	ErrWrongCredentials = define(Unauthenticated, "WRONG_CREDENTIALS", "用户名或密码不正确", "The username or the password is wrong.")
	ErrForbidden        = define(Forbidden, "FORBIDDEN", "没有权限", "You may not do this.")
	ErrUsernameTaken    = define(Conflict, "USERNAME_TAKEN", "用户名已被使用", "The username is taken.")
	ErrProofRequired    = define(Forbidden, "PROOF_REQUIRED", "注册的人太多，需要先完成计算验证，请在网页上注册", "Many accounts are being made: solve the challenge and send the request again with the proof.")
	ErrPasswordTooShort = define(Unprocessable, "PASSWORD_TOO_SHORT", "密码太短", "The password is too short.")
	ErrPasswordTooLong  = define(Unprocessable, "PASSWORD_TOO_LONG", "密码太长", "The password is too long.")
	ErrPasswordCommon   = define(Unprocessable, "PASSWORD_TOO_COMMON", "密码太常见，请换一个", "The password is too common; choose another.")
	ErrPasswordWeak     = define(Unprocessable, "PASSWORD_TOO_WEAK", "密码太容易被猜到，请加长，或换成几个互不相关的词", "The password is too easy to guess: make it longer, or use several words that do not belong together.")
	ErrSessionNotFound  = define(NotFound, "SESSION_NOT_FOUND", "没有这个登录，它可能已经退出了", "There is no such session; it may have ended already.")
	ErrLoginCode        = define(NotFound, "LOGIN_CODE_ENDED", "二维码已失效，请在电脑上刷新后再扫", "The code is no longer good: show another one and scan that.")
	ErrLoginCodeStaff   = define(Forbidden, "LOGIN_CODE_STAFF", "员工账号不能扫码登录，请在电脑上用密码登录", "An account of staff logs in by its password, not by a code.")
	ErrStepUp           = define(Forbidden, "STEP_UP_REQUIRED", "请再次输入密码确认是您本人", "Give your password again first; it counts for ten minutes.")
	ErrStaffPassword    = define(Forbidden, "STAFF_PASSWORD_REQUIRED", "员工账号的密码至少要 15 个字符，请先修改密码；密码已够长的，请重新登录", "Staff need a password of at least 15 characters: change yours first, or, if it has them, log in again.")
	ErrLastAdmin        = define(Conflict, "LAST_ADMIN", "商店至少要有一位管理员，请先指定另一位", "The shop needs an administrator: make another user one first.")
	ErrStaffAccount     = define(Conflict, "STAFF_ACCOUNT", "员工账号不能停用或注销，请先由管理员取消角色", "An account of staff can be neither blocked nor deleted; an admin has to take its roles first.")
	ErrOwnAccount       = define(Forbidden, "OWN_ACCOUNT", "不能给自己的账号开通课程、退款或处理异常，请由另一位员工来做", "Money and access of your own account are for another member of the staff to decide.")
	ErrAccountBlocked   = define(Forbidden, "ACCOUNT_BLOCKED", "账号已被停用，请联系客服", "The account is blocked; ask the shop's support.")
	ErrAccountDeleted   = define(Conflict, "ACCOUNT_DELETED", "账号已注销", "The account was deleted.")
	ErrUserNotFound     = define(NotFound, "USER_NOT_FOUND", "没有这个用户", "There is no such user.")
)

// Catalogue.
var (
	ErrCourseNotFound    = define(NotFound, "COURSE_NOT_FOUND", "没有这门课程", "There is no such course.")
	ErrCategoryNotFound  = define(NotFound, "CATEGORY_NOT_FOUND", "没有这个分类", "There is no such category.")
	ErrLessonNotFound    = define(NotFound, "LESSON_NOT_FOUND", "没有这节课", "There is no such lesson.")
	ErrCategoryInUse     = define(Conflict, "CATEGORY_IN_USE", "分类里还有课程，请先把它们移到别的分类", "Courses stand in this category: move them to another one first.")
	ErrPolicyNotFound    = define(NotFound, "POLICY_NOT_FOUND", "这门课程没有这个价格方案", "The course has no such price policy.")
	ErrNoPolicies        = define(Conflict, "NO_POLICIES", "课程还没有价格方案", "The course has no price policies yet.")
	ErrPlanTime          = define(Unprocessable, "PLAN_TIME", "计划的时间要在现在之后、一年以内", "A plan's time has to come, within a year.")
	ErrPlanNeedless      = define(Conflict, "PLAN_NEEDLESS", "课程已经是这个状态，不需要计划", "The course is so already: the plan would change nothing.")
	ErrCourseTakenDown   = define(Conflict, "COURSE_TAKEN_DOWN", "课程因法律原因下架，只能由人手动重新上架", "The law has taken the course off sale: only a person can put it on sale again, by hand.")
	ErrEditConflict      = define(Conflict, "EDIT_CONFLICT", "内容已被别人修改，请刷新", "Another request has changed it; read it again.")
	ErrPaperNotFound     = define(NotFound, "PAPER_NOT_FOUND", "没有这份文本或这个版本，请从页面底部打开现行的", "There is no such text or version; the foot of each page has those of now.")
	ErrLessonTextPicture = define(Invalid, "LESSON_TEXT_PICTURE", "课文里的图片要先上传，再写成 ![说明](media:文件编号)；不能引用别处的图片", "A picture of a text has to be uploaded first and written as ![words](media:ID); pictures of other places are not shown.")
	ErrLessonTextTooLong = define(TooLarge, "LESSON_TEXT_TOO_LONG", "课文最多 200 KB，请分成几节课", "A text has at most 200 KB: make several lessons of it.")
	ErrLessonTextComplex = define(Invalid, "LESSON_TEXT_TOO_COMPLEX", "课文里的链接太多，或引用嵌套太深，请分成几节课", "The text has too many links, or its quotes lie too deep in one another: make several lessons of it.")
)

// Files and what is played of them.
var (
	ErrMediaNotFound     = define(NotFound, "MEDIA_NOT_FOUND", "没有这个文件", "There is no such file.")
	ErrMediaInUse        = define(Conflict, "MEDIA_IN_USE", "课程或首页正在使用这个文件，请先从那里移除", "A course or the front page uses the file; take it out there first.")
	ErrMediaNotReady     = define(Conflict, "MEDIA_NOT_READY", "文件还没有准备好，请稍后再试", "The file is not ready yet; try again when it is.")
	ErrMediaTooLarge     = define(TooLarge, "MEDIA_TOO_LARGE", "文件超过了这一类型的大小上限", "The file is larger than its kind may be.")
	ErrMediaQuota        = define(TooLarge, "MEDIA_QUOTA", "存储空间不足，请先删除不用的文件", "There is no room for this file; delete some that are not used.")
	ErrMediaRefused      = define(Unsupported, "MEDIA_REFUSED", "不支持这种文件，请上传视频、音频、图片、PDF 或 Office 文件", "Files of this kind are not taken: upload video, audio, pictures, PDF or office files.")
	ErrUploadNotFound    = define(NotFound, "UPLOAD_NOT_FOUND", "没有这个上传任务，请重新上传", "There is no such upload; begin again.")
	ErrUploadOffset      = define(Conflict, "UPLOAD_OFFSET", "上传位置不一致，请查询进度后继续", "The upload stands elsewhere: ask for its offset and go on from there.")
	ErrUploadInvalid     = define(Invalid, "UPLOAD_INVALID", "上传请求不符合 tus 1.0 协议", "The request is not one of the tus 1.0 protocol.")
	ErrUploadVersion     = define(PreconditionFailed, "UPLOAD_VERSION", "只支持 tus 1.0.0", "Only tus 1.0.0 is spoken here.")
	ErrUploadChecksum    = define(ChecksumMismatch, "UPLOAD_CHECKSUM", "收到的内容与校验和不一致，没有保存，请重新发送", "The bytes do not have the checksum that was announced and are not kept; send them again.")
	ErrTranscodingOff    = define(Conflict, "TRANSCODING_OFF", "只有视频可以转码", "Only a video can be transcoded.")
	ErrPlaybackAddress   = define(Forbidden, "PLAYBACK_ADDRESS", "播放地址无效，请重新打开这节课", "The address is not valid here; open the lesson again.")
	ErrPlaybackExpired   = define(Forbidden, "PLAYBACK_EXPIRED", "播放地址已过期，请重新打开这节课", "The address is past its time; open the lesson again.")
	ErrPlaybackElsewhere = define(Conflict, "PLAYBACK_ELSEWHERE", "这个账号正在其他设备上播放，是否在这里继续？", "The account plays on other devices: continue here, and the oldest of them ends.")
	ErrNoteNotFound      = define(NotFound, "NOTE_NOT_FOUND", "没有这条笔记", "There is no such note.")
	ErrTooManyNotes      = define(Conflict, "TOO_MANY_NOTES", "这节课的笔记已有 200 条，请先删除不需要的", "This lesson has 200 notes already; delete some that you do not need.")
)

// What a learner may watch and buy.
var (
	ErrEnrolmentRequired = define(Forbidden, "ENROLMENT_REQUIRED", "购买后才能学习", "Buy the course to open this lesson.")
	ErrEnrolmentExpired  = define(Forbidden, "ENROLMENT_EXPIRED", "学习期限已到，续费后继续学习", "Your access has ended; renew to go on.")
	ErrTrialUsed         = define(Conflict, "TRIAL_USED", "第一阶段已经用过了", "The first stage has been used already.")
	ErrTrialNeedsWeChat  = define(Conflict, "TRIAL_NEEDS_WECHAT", "免费阶段需要先绑定微信", "Bind a WeChat to your account first; then the free stage is yours.")
	ErrTrialNeedsPhone   = define(Conflict, "TRIAL_NEEDS_PHONE", "免费阶段需要先绑定手机号", "The free stage needs an account with a phone number.")
	ErrStageAlreadyUsed  = define(Conflict, "STAGE_ALREADY_USED", "这个阶段已经买过了", "This stage has been bought already.")
	ErrStageNotEligible  = define(Conflict, "STAGE_NOT_ELIGIBLE", "还没有到这个阶段", "This stage has not been reached yet.")
	ErrStageLapsed       = define(Conflict, "STAGE_LAPSED", "中断太久，只能购买全款", "You were away too long; only the full price is left.")
	ErrPeriodNotBegun    = define(Conflict, "PERIOD_NOT_BEGUN", "已有一个尚未开始的期限", "A period you bought has not begun yet.")
	ErrAccessLonger      = define(Conflict, "ACCESS_ALREADY_LONGER", "这门课程已经开通到这一天或更晚", "The access to this course lasts as long already.")
	ErrAlreadyOwned      = define(Conflict, "ALREADY_OWNED", "已经永久拥有这门课程", "You own this course for ever.")
	ErrCourseOffSale     = define(Conflict, "COURSE_OFF_SALE", "课程已下架", "The course is off sale.")
	ErrPolicyRetired     = define(Conflict, "POLICY_RETIRED", "这个价格方案已停售", "This price policy is no longer sold.")
)

// Cart.
var (
	ErrCartUnavailable = define(Unavailable, "CART_UNAVAILABLE", "购物车暂时不可用，可以直接购买", "The cart is not available right now; you can buy directly.")
	ErrCartFull        = define(Conflict, "CART_FULL", "购物车最多放 50 门课程", "A cart holds 50 courses at most.")
	ErrCartConflict    = define(Conflict, "CART_CONFLICT", "购物车已在别处更新", "The cart was changed elsewhere.")
)

// Orders and payment.
var (
	ErrOrderNotFound       = define(NotFound, "ORDER_NOT_FOUND", "没有这个订单", "There is no such order.")
	ErrIdempotencyKey      = define(Invalid, "IDEMPOTENCY_KEY_REQUIRED", "缺少 Idempotency-Key", "The Idempotency-Key header is missing or malformed.")
	ErrIdempotencyMismatch = define(Unprocessable, "IDEMPOTENCY_MISMATCH", "这个 Idempotency-Key 已用于另一个请求，请换一个", "The Idempotency-Key was used for another request; use a new one.")
	ErrNoLines             = define(Unprocessable, "NO_LINES", "没有选择课程", "There is nothing to buy.")
	ErrDuplicateLine       = define(Unprocessable, "DUPLICATE_LINE", "同一门课程出现了两次", "A course appears twice.")
	ErrPriceChanged        = define(Conflict, "PRICE_CHANGED", "价格有变动，请确认新的价格", "The price has changed; look at the new quote.")
	ErrLinesNotSellable    = define(Conflict, "LINES_NOT_SELLABLE", "有课程不能购买，请确认其余的课程", "Some of the courses cannot be bought; confirm the rest.")
	ErrOrderInProgress     = define(Conflict, "ORDER_IN_PROGRESS", "这门课程有一笔订单正在处理", "An order for this course is being worked on.")
	ErrOrderNotPayable     = define(Conflict, "ORDER_NOT_PAYABLE", "订单已不能支付", "The order cannot be paid any more.")
	ErrOrderNotCancellable = define(Conflict, "ORDER_NOT_CANCELLABLE", "订单已不能取消", "The order cannot be cancelled any more.")
	ErrOpenidRequired      = define(PreconditionRequired, "OPENID_REQUIRED", "请先在微信里授权", "Authorise in WeChat first.")
	ErrPayChannelBusy      = define(Unavailable, "PAY_CHANNEL_BUSY", "微信支付繁忙，请稍后再试", "WeChat Pay is busy; try again in a moment.")
	ErrPayRefused          = define(Conflict, "PAY_REFUSED", "微信支付拒绝了这笔付款", "WeChat Pay refused this payment.")
)

// WeChat accounts of learners.
var (
	ErrWeChatUnavailable = define(Unavailable, "WECHAT_UNAVAILABLE", "微信暂时不可用，请稍后再试", "WeChat is not available right now; try again soon.")
	ErrWeChatLink        = define(Conflict, "WECHAT_LINK_INVALID", "二维码或授权已失效，请重新操作", "The code or the authorisation is no longer good; start again.")
	ErrWeChatBound       = define(Conflict, "WECHAT_ALREADY_BOUND", "账号已绑定微信，请先解绑", "The account has a WeChat already; unbind it first.")
	ErrWeChatConfirm     = define(Forbidden, "WECHAT_CONFIRM", "首次用这个微信登录，请输入账号的密码", "Give the account's password once before this WeChat may log in to it.")
	ErrWeChatOwnAccount  = define(Conflict, "WECHAT_HAS_ACCOUNT", "这个微信有自己的账号，请先用微信登录那个账号，设置用户名和密码", "This WeChat has an account of its own; log in to that one and set a username and a password first.")
	ErrWeChatOnlyLogin   = define(Conflict, "WECHAT_ONLY_LOGIN", "请先设置用户名和密码，再解绑微信", "Set a username and a password before unbinding the WeChat.")
	ErrLoginTooOld       = define(Forbidden, "LOGIN_TOO_OLD", "请重新登录后再操作", "Log in again, then do this.")
)

// Phone numbers and the codes that prove them.
var (
	ErrPhoneOff     = define(Unavailable, "PHONE_OFF", "本店没有开通短信，请用密码或微信登录", "This shop sends no text messages; log in by password or with WeChat.")
	ErrPhoneInvalid = define(Unprocessable, "PHONE_INVALID", "请填写能收短信的手机号，如 138 0000 1234", "Give a mobile number that takes text messages.")
	ErrSMSFailed    = define(Unavailable, "SMS_FAILED", "短信没有发出去，请过一会儿再试，或用密码登录", "The text message could not be sent; try again in a moment, or log in by password.")
	ErrCodeWrong    = define(Unprocessable, "CODE_WRONG", "验证码不对或已过期，请核对短信，或重新获取", "The code is wrong or no longer good; compare it with the message, or ask for another.")
	ErrCodeSpent    = define(Unprocessable, "CODE_SPENT", "验证码输错太多次，请重新获取", "The code was mistyped too often; ask for another.")
	ErrPhoneUnknown = define(NotFound, "PHONE_UNKNOWN", "这个手机号还没有账号，可以用它直接登录", "No account has this number; log in with it to get one.")
	ErrPhoneTaken   = define(Conflict, "PHONE_TAKEN", "这个手机号已绑定另一个账号，请用它登录那个账号", "Another account has this number; log in to that one with it.")
	ErrPhoneOnly    = define(Conflict, "PHONE_ONLY_LOGIN", "请先设置用户名和密码，再解绑手机号", "Set a username and a password before giving the number up.")
	ErrStaffNoPhone = define(Forbidden, "STAFF_NO_PHONE", "员工账号请用用户名和密码登录", "Accounts of staff log in by username and password.")
	ErrNoConsent    = define(Forbidden, "CONSENT_REQUIRED", "请先阅读并同意用户协议和隐私政策", "Agree to the terms and the privacy policy first.")
)

// Refunds.
var (
	ErrNotRefundable     = define(Conflict, "NOT_REFUNDABLE", "这笔订单不能退款", "This order cannot be refunded.")
	ErrRefundTooMuch     = define(Conflict, "REFUND_TOO_MUCH", "退款金额超过可退金额", "More than what is left to refund.")
	ErrRefundLaterStage  = define(Conflict, "REFUND_LATER_STAGE_FIRST", "请先退后面的阶段", "Refund the later stage first.")
	ErrCreditConsumed    = define(Conflict, "CREDIT_CONSUMED", "这笔钱已抵扣全款，请先退全款", "This money was used as credit; refund the full price first.")
	ErrRefundWindow      = define(Conflict, "REFUND_WINDOW_CLOSED", "付款已超过 365 天，请人工转账", "The payment is older than 365 days; pay it back by hand.")
	ErrRefundTooSoon     = define(Conflict, "REFUND_TOO_SOON", "距离上一笔退款不足 1 分钟", "Less than a minute since the last refund of this order.")
	ErrRefundTooMany     = define(Conflict, "REFUND_TOO_MANY", "退款次数已达 50 次", "An order can be refunded in 50 parts at most.")
	ErrRefundUnderWay    = define(Conflict, "REFUND_UNDER_WAY", "有一笔退款正在处理", "A refund of this order is under way.")
	ErrRefundLine        = define(Unprocessable, "REFUND_LINE_UNKNOWN", "订单里没有这门课程", "The order has no line for this course.")
	ErrRefundSum         = define(Unprocessable, "REFUND_SUM_DIFFERS", "各课程的退款金额之和与总额不一致", "The amounts of the lines do not add up to amount_fen.")
	ErrRefundBeyondRule  = define(Forbidden, "REFUND_BEYOND_RULE", "客服只能按退款规则退整笔订单，其他退法请交给财务", "Support refunds a whole order by the shop's rule; ask finance for anything else.")
	ErrRefundNotExpected = define(Conflict, "REFUND_AMOUNT_CHANGED", "可退金额有变动，请确认", "The refundable amount has changed; look again.")
)

// Money that waits for a person.
var (
	ErrNotException      = define(Conflict, "ORDER_NOT_EXCEPTION", "订单没有待处理的异常，可能已经处理过了", "The order does not wait for a decision; perhaps it was made already.")
	ErrOrderSettled      = define(Conflict, "ORDER_SETTLED", "订单已经付款或这笔钱正在退回，不能再计入", "The order is paid already, or this money is on its way back.")
	ErrNothingPaid       = define(Conflict, "NOTHING_PAID", "微信没有可以处理的这笔收款，请在微信商户平台核对", "WeChat has no such money to decide about; look at it in WeChat's own console.")
	ErrUnmatchedNotFound = define(NotFound, "UNMATCHED_NOT_FOUND", "没有这笔不符的付款", "There is no such unmatched payment.")
	ErrUnmatchedResolved = define(Conflict, "UNMATCHED_RESOLVED", "这笔付款已经处理过了", "This payment was decided about already.")
	ErrUnmatchedOfOrder  = define(Conflict, "UNMATCHED_OF_ORDER", "这笔付款属于一个订单，请在那个订单里处理", "This payment belongs to an order: decide there.")
	ErrUnmatchedCounted  = define(Conflict, "UNMATCHED_COUNTED", "这笔钱已经计入订单，没有可退回的；核对后可以标记为已处理", "This money counts for an order already, so nothing of it goes back; dismiss it once you have looked.")
)

// Books.
var (
	ErrReconciliationNotFound = define(NotFound, "RECONCILIATION_NOT_FOUND", "这一天还没有对账", "This day has not been reconciled yet.")
	ErrReconciliationRunning  = define(Conflict, "RECONCILIATION_RUNNING", "这一天正在对账", "This day is being reconciled right now.")
)

// Callbacks of WeChat.
var (
	ErrCallbackSignature = define(Unauthenticated, "CALLBACK_SIGNATURE", "签名验证失败", "The callback's signature is not valid.")
	ErrCallbackContent   = define(Invalid, "CALLBACK_CONTENT", "回调内容不正确", "The callback's content cannot be used.")
	ErrUnknownTrade      = define(NotFound, "UNKNOWN_TRADE", "未知的商户订单号", "The out_trade_no is not known here.")
)

// Notices, the hub and its keys.
var (
	ErrNoticeNotFound = define(NotFound, "NOTICE_NOT_FOUND", "没有这条消息", "There is no such notice.")
	ErrTopicUnknown   = define(Unprocessable, "TOPIC_UNKNOWN", "不能向这个主题发布", "The topic cannot be published to.")
	ErrHubUnavailable = define(Unavailable, "HUB_UNAVAILABLE", "实时推送暂时不可用", "The hub is not available right now.")
	ErrNotWebSocket   = define(Invalid, "NOT_A_WEBSOCKET", "这个地址只接受 WebSocket 握手", "This address takes WebSocket handshakes only.")
	ErrOriginRefused  = define(Forbidden, "ORIGIN_REFUSED", "不允许从这个网站连接", "Pages of this origin may not connect.")
	ErrTooManySockets = define(TooMany, "TOO_MANY_SOCKETS", "连接过多，请稍后再试", "Too many connections; try again later.")
	ErrAPIKeyNotFound = define(NotFound, "API_KEY_NOT_FOUND", "没有这个密钥", "There is no such API key.")
)

// Templates of notices.
var (
	ErrTemplateNotFound = define(NotFound, "TEMPLATE_NOT_FOUND", "没有这个消息模板", "There is no such notice template.")
	ErrPlaceholder      = define(Unprocessable, "PLACEHOLDER_UNKNOWN", "模板里有这种消息没有的占位符，或多余的花括号", "The text has a placeholder that this notice does not know, or a brace that belongs to none.")
)

// Broadcasts.
var (
	ErrBroadcastNotFound = define(NotFound, "BROADCAST_NOT_FOUND", "没有这条群发消息", "There is no such broadcast.")
	ErrBroadcastState    = define(Conflict, "BROADCAST_STATE", "群发消息现在的状态不能这样操作", "The broadcast's state does not allow this.")
	ErrSecondPerson      = define(Conflict, "SECOND_PERSON_REQUIRED", "需要另一个人确认", "Another person has to confirm it.")
	ErrAudienceChanged   = define(Conflict, "AUDIENCE_CHANGED", "人数与确认的不一致", "The audience is not the number that was confirmed.")
	ErrAudienceEmpty     = define(Unprocessable, "AUDIENCE_EMPTY", "没有符合条件的人", "The audience is empty.")
	ErrAudienceTooLarge  = define(Unprocessable, "AUDIENCE_TOO_LARGE", "最多列出 2000 个用户", "At most 2000 users can be listed.")
	ErrLink              = define(Unprocessable, "LINK_NOT_ALLOWED", "链接只能指向本站或允许的网站", "The link must lead to this shop or to an allowed host, over https.")
)

// Webhooks.
var (
	ErrWebhookNotFound  = define(NotFound, "WEBHOOK_NOT_FOUND", "没有这个 Webhook", "There is no such webhook.")
	ErrDeliveryNotFound = define(NotFound, "WEBHOOK_DELIVERY_NOT_FOUND", "没有这次投递，或已过了保留的 30 天", "There is no such delivery, or the 30 days are over for which it was kept.")
	ErrWebhookAddress   = define(Unprocessable, "WEBHOOK_ADDRESS_REFUSED", "不能发到这个网址", "Nothing can be sent to this address.")
	ErrWebhookPaused    = define(Conflict, "WEBHOOK_PAUSED", "这个 Webhook 已暂停，请先恢复", "The webhook is paused; resume it first.")
	ErrTooManyWebhooks  = define(Conflict, "TOO_MANY_WEBHOOKS", "最多 20 个 Webhook，请先删除不用的", "There are 20 webhooks already; delete one that is not used.")
)

// frameErrors are the sentences of the error frames that a socket of the hub sends, by code. The hub adds which member of
// the frame, or which topic, it is about.
var frameErrors = map[string]string{
	"BAD_FRAME":       "帧不是有效的 JSON，或其成员的形式不对",
	"BINARY_FRAME":    "只接受文本帧",
	"HELLO_EXPECTED":  "第一帧必须是 hello",
	"HELLO_TWICE":     "hello 只能发送一次",
	"TOO_MANY_TOPICS": "关注的主题过多",
	"TOPIC_FORBIDDEN": "无权关注该主题",
	"TOPIC_UNKNOWN":   "没有这个主题",
	"TRY_LATER":       "请稍后再试",
	"UNKNOWN_OP":      "未知的操作",
}

// ExplainFrame is the sentence about a code of an error frame; "" where there is none.
func ExplainFrame(code string) string { return frameErrors[code] }

// FrameErrors are the codes of error frames, sorted.
func FrameErrors() []string { return slices.Sorted(maps.Keys(frameErrors)) }
