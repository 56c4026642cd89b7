package sandbox

// faultGroup is what can go wrong in one place, at the press of a button.
type faultGroup struct {
	Name    string
	Presets []preset
	Presses []press
}

// preset is a set of faults. Hint says what the shop meets.
type preset struct{ Name, Set, Hint string }

// press is something that happens at once.
type press struct{ Name, Method, Path, Body, Hint string }

var faultGroups = []faultGroup{
	{"付款通知", []preset{
		{"已扣款，通知丢失", `{"callback":[{"event":"payment","lose":true,"times":1}]}`, "下一笔付款永远没有通知，商店只能查单"},
		{"通知全部丢失", `{"callback":[{"event":"payment","lose":true}]}`, "每一笔付款都没有通知"},
		{"晚到 10 秒", `{"callback":[{"event":"payment","delay_ms":10000,"times":1}]}`, "真实时间"},
		{"重复 5 份，并发", `{"callback":[{"event":"payment","repeat":5,"parallel":true}]}`, "同一通知同时到达五次"},
		{"重复 20 份", `{"callback":[{"event":"payment","repeat":20}]}`, "同一通知先后到达二十次"},
		{"乱序", `{"callback":[{"delay_s":20,"repeat":2,"times":1}]}`, "下一个通知晚 20 秒（业务时间），被后面的超过"},
		{"先于下单应答", `{"callback":[{"event":"payment","early":true,"times":1}]}`, "下单还没有应答，付款通知已经到了"},
		{"金额多 1 分", `{"callback":[{"event":"payment","amount_delta":1,"times":1}]}`, "签名正确，金额不对"},
		{"别家的商户号", `{"callback":[{"event":"payment","mchid":"1900000001","times":1}]}`, "签名正确，不是给这家商店的"},
		{"旧版 XML", `{"callback":[{"event":"payment","xml":true,"attempts":1,"times":1}]}`, "第一次投递用 v2 的格式"},
	}, nil},
	{"签名与密钥", []preset{
		{"通知签名错误", `{"callback":[{"bad_signature":true,"attempts":1,"times":1}]}`, "第一次投递的签名是错的"},
		{"通知被改", `{"callback":[{"altered_body":true,"attempts":1,"times":1}]}`, "签名之后改了一个字节"},
		{"签名探测", `{"callback":[{"signtest":true,"attempts":1,"times":1}]}`, "WECHATPAY/SIGNTEST/…，须拒绝"},
		{"过期的签名", `{"callback":[{"stale":true,"attempts":1,"times":1}]}`, "六分钟前签的，可能是重放"},
		{"未知的序列号", `{"callback":[{"unknown_serial":true,"attempts":1,"times":1}]}`, "用商店没有的密钥"},
		{"通知改用平台证书", `{"callback":[{"signer":"certificate"}]}`, "公钥与证书并用的过渡期"},
		{"应答签名错误", `{"api":[{"api":"*","bad_signature":"wrong","times":1}]}`, "做了，但应答验不过"},
		{"时钟差 10 分钟", `{"clock_skew_s":600}`, "两边的签名都过期"},
	}, []press{{"换发平台证书", "POST", "/sandbox/certificates", "{}", "之后的签名用新证书"}}},
	{"支付接口", []preset{
		{"下单 500", `{"api":[{"api":"native","status":500,"times":1},{"api":"jsapi","status":500,"times":1},{"api":"h5","status":500,"times":1}]}`, "每种方式一次"},
		{"下单成功，应答丢失", `{"api":[{"api":"native","drop":true,"times":1},{"api":"jsapi","drop":true,"times":1},{"api":"h5","drop":true,"times":1}]}`, "微信已下单，商店不知道"},
		{"下单应答晚 8 秒", `{"api":[{"api":"native","delay_ms":8000,"times":1},{"api":"jsapi","delay_ms":8000,"times":1},{"api":"h5","delay_ms":8000,"times":1}]}`, "比商店愿意等的更久"},
		{"查单限频", `{"api":[{"api":"query","status":429,"times":3}]}`, "三次 429"},
		{"关单 500", `{"api":[{"api":"close","status":500,"times":1}]}`, "取消订单时"},
		{"5 分钟内不能关单", `{"close_after_s":300}`, "微信早先的规则，从下单算起"},
		{"全部 502", `{"api":[{"api":"*","status":502,"html":true}]}`, "网关的 HTML 错误页"},
		{"全部挂起 30 秒", `{"api":[{"api":"*","delay_ms":30000}]}`, "连上了，没有应答"},
		{"全部断开", `{"api":[{"api":"*","drop_before":true}]}`, "连接被切断，什么也没做"},
	}, nil},
	{"退款", []preset{
		{"退款异常", `{"refund":{"settle":"ABNORMAL","after_s":3}}`, "3 秒后变为 ABNORMAL"},
		{"退款关闭", `{"refund":{"settle":"CLOSED","after_s":3}}`, "3 秒后变为 CLOSED"},
		{"退款挂起", `{"refund":{"settle":"HOLD"}}`, "停在处理中，在下面手动结束"},
		{"已受理，应答丢失", `{"api":[{"api":"refund","drop":true,"times":1}]}`, "不得用新单号再退"},
		{"退款通知丢失", `{"callback":[{"event":"refund","lose":true}]}`, "商店只能查退款"},
	}, nil},
	{"短信", []preset{
		{"短信 500", `{"api":[{"api":"sms","status":500,"times":1}]}`, "下一条短信"},
		{"已发出，应答丢失", `{"api":[{"api":"sms","drop":true,"times":1}]}`, "短信到了，商店不知道"},
		{"应答晚 8 秒", `{"api":[{"api":"sms","delay_ms":8000,"times":1}]}`, "比商店愿意等的更久"},
		{"发送成功，没有收到", `{"api":[{"api":"sms","lose":true,"times":1}]}`, "丢在路上"},
		{"号码超过日限额", `{"api":[{"api":"sms","code":"LimitExceeded.PhoneNumberDailyLimit","times":1}]}`, "运营商拒绝"},
	}, nil},
	{"公众号", []preset{
		{"令牌被拒 40001", `{"api":[{"api":"template_send","errcode":40001,"times":1}]}`, "发消息时一次"},
		{"消息已发，应答丢失", `{"api":[{"api":"template_send","drop":true,"times":1}]}`, "不得让人收到两条"},
		{"消息接口 500", `{"api":[{"api":"template_send","status":500,"times":2}]}`, "两次"},
		{"系统繁忙 -1", `{"api":[{"api":"template_send","errcode":-1,"times":2}]}`, "两次"},
		{"用户拒收", `{"callback":[{"event":"message","outcome":"failed:user block","times":1}]}`, "下一条消息的结果"},
		{"IP 不在白名单", `{"api":[{"api":"stable_token","errcode":40164}]}`, "取不到令牌"},
		{"生成二维码失败", `{"api":[{"api":"qrcode","errcode":45009,"times":1}]}`, "绑定页上"},
	}, []press{
		{"令牌立即失效", "POST", "/sandbox/access-token/expire", "{}", "已发出的访问令牌作废"},
		{"今天额度用完", "PUT", "/sandbox/message-quota", `{"template":0}`, "模板消息 45009"},
		{"恢复额度", "PUT", "/sandbox/message-quota", `{"template":100000}`, "每天 100000 条"},
	}},
}

// leap moves the business clock by a number of seconds.
type leap struct {
	Name    string
	Seconds int
}

var leaps = []leap{{"+1 分", 60}, {"+15 分", 900}, {"+1 小时", 3600}, {"+1 天", 86400}, {"+7 天", 7 * 86400}, {"+31 天", 31 * 86400}}
