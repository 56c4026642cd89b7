package account

import (
	"testing"

	"mstm/store"
)

func TestDeviceName_SaysSystemAndBrowser(t *testing.T) {
	const webKit = " AppleWebKit/537.36 (KHTML, like Gecko) "
	for _, tt := range []struct{ name, client, agent, zh, en string }{
		{"WeChat on an iPhone", "web", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.54(0x18003631) NetType/WIFI Language/zh_CN", "iPhone · 微信", "iPhone · WeChat"},
		{"login by WeChat", "wechat", "Mozilla/5.0 (Linux; Android 15; PLC110)" + webKit + "Version/4.0 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.54", "安卓 · 微信", "Android · WeChat"},
		{"Chrome on Windows", "web", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webKit + "Chrome/131.0.0.0 Safari/537.36", "Windows · Chrome", "Windows · Chrome"},
		{"Edge on Windows", "web", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webKit + "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Windows · Edge", "Windows · Edge"},
		{"Safari on a Mac", "web", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Mac · Safari", "Mac · Safari"},
		{"Chrome on an iPad", "web", "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1", "iPad · Chrome", "iPad · Chrome"},
		{"Huawei's browser", "web", "Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00)" + webKit + "Chrome/114.0 HuaweiBrowser/15.0 Mobile Safari/537.36", "鸿蒙 · 华为浏览器", "HarmonyOS · Huawei Browser"},
		{"Firefox on Linux", "web", "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Linux · Firefox", "Linux · Firefox"},
		{"an app", "ios", "Shop/3 CFNetwork/1568 Darwin/24 iPhone", "iPhone · iOS App", "iPhone · iOS app"},
		{"a mini program", "miniprogram", "Mozilla/5.0 (iPhone) MicroMessenger/8.0.54 miniProgram", "iPhone · 小程序", "iPhone · Mini Program"},
		{"a program", "web", "Go-http-client/1.1", "浏览器", "Browser"},
		{"nothing", "phone", "", "手机", "Phone"},
		{"a session of before", "c7", "", "c7", "c7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := deviceOf(Visitor{Agent: tt.agent}, "u1", tt.client, "")
			row := store.TokenRow{Client: d.Client, System: d.System, App: d.App}
			if zh, en := deviceName(row, false), deviceName(row, true); zh != tt.zh || en != tt.en {
				t.Errorf("%q and %q", zh, en)
			}
		})
	}
}
