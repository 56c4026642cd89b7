package account

import (
	"regexp"
	"slices"
	"strings"

	"mstm/shop"
	"mstm/store"
)

// deviceID is the form of the id that a browser gives itself, such as a UUID.
var deviceID = regexp.MustCompile(`^[0-9A-Za-z._:-]{1,64}$`)

// CheckDevice refuses a client that is not on the list, and names those that are, and an id of a device that cannot be
// one. The id may be empty.
func CheckDevice(client, device string) error {
	if !store.ValidClient(client) {
		return shop.ErrInvalidField.At("client").With("allowed", store.Clients())
	}
	if device != "" && !deviceID.MatchString(device) {
		return shop.ErrInvalidField.At("device")
	}
	return nil
}

// deviceOf is where a visitor logs in, with what its name is made of.
func deviceOf(v Visitor, userID, client, device string) store.Device {
	d := store.OnClient(client)
	if device != "" {
		d.Key = store.DeviceKey(userID, device)
	}
	agent := v.Agent[:min(len(v.Agent), agentRead)]
	d.System, d.App = namedIn(agent, systems), namedIn(agent, apps)
	if !slices.Contains(browsing, client) {
		d.App = "" // the client says it better
	}
	return d
}

// agentRead is how much of a User-Agent is read, in bytes.
const agentRead = 512

// sign is a part of a User-Agent and what it says.
type sign struct{ part, name string }

// Signs of systems and of browsers. The first that is found counts: browsers name those that they are like after
// themselves.
var (
	systems = []sign{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"HarmonyOS", "HarmonyOS"}, {"OpenHarmony", "HarmonyOS"}, {"Android", "Android"},
		{"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Macintosh", "Mac"}, {"Linux", "Linux"},
	}
	apps = []sign{
		{"MicroMessenger", "WeChat"}, {"QQBrowser", "QQ Browser"}, {"Quark", "Quark"}, {"UCBrowser", "UC Browser"},
		{"HuaweiBrowser", "Huawei Browser"}, {"MiuiBrowser", "Xiaomi Browser"}, {"SamsungBrowser", "Samsung Internet"},
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"}, {"Chrome", "Chrome"},
		{"Safari", "Safari"},
	}
)

func namedIn(agent string, signs []sign) string {
	for _, s := range signs {
		if strings.Contains(agent, s.part) {
			return s.name
		}
	}
	return ""
}

// browsing are the clients that may be any browser.
var browsing = []string{"web", "phone", "tablet", "desktop", "console"}

// Words for clients, and Chinese ones for browsers and systems that have them.
var (
	clientWords = map[string][2]string{ // Chinese, English
		"web": {"浏览器", "Browser"}, "phone": {"手机", "Phone"}, "tablet": {"平板", "Tablet"}, "desktop": {"电脑", "Computer"},
		"wechat": {"微信", "WeChat"}, "miniprogram": {"小程序", "Mini Program"}, "app": {"App", "App"},
		"ios": {"iOS App", "iOS app"}, "android": {"安卓 App", "Android app"}, "console": {"控制台", "Console"},
	}
	chinese = map[string]string{
		"HarmonyOS": "鸿蒙", "Android": "安卓", "WeChat": "微信", "QQ Browser": "QQ 浏览器", "Quark": "夸克", "UC Browser": "UC 浏览器",
		"Huawei Browser": "华为浏览器", "Xiaomi Browser": "小米浏览器", "Samsung Internet": "三星浏览器",
	}
)

// DeviceName is what a person knows a session's device by, for staff.
func DeviceName(r store.TokenRow, english bool) string { return deviceName(r, english) }

// deviceName is what a person knows a session's device by, such as "iPhone · 微信" or "Windows · Chrome".
func deviceName(r store.TokenRow, english bool) string {
	system, app := r.System, r.App
	if !english {
		system, app = translated(system), translated(app)
	}
	words, known := clientWords[r.Client]
	if !known {
		words = [2]string{r.Client, r.Client} // of a session from before there was a list
	}
	if app == "" && (system == "" || !slices.Contains(browsing, r.Client)) {
		app = words[count(english)]
	}
	return strings.Join(slices.DeleteFunc([]string{system, app}, func(s string) bool { return s == "" }), " · ")
}

func translated(word string) string {
	if zh, has := chinese[word]; has {
		return zh
	}
	return word
}

// count is 1 for true.
func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
