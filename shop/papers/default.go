package papers

import (
	"embed"
	"strings"
	"time"
)

//go:embed texts/*.md
var texts embed.FS

// ownText is the program's own text of a kind.
func ownText(k Kind) Text {
	raw, err := texts.ReadFile("texts/" + string(k) + ".md")
	if err != nil {
		panic(err) // a text is missing in the program
	}
	return Text{Markdown: strings.TrimSpace(string(raw)), Version: 1}
}

// Default are the papers of a shop before the first edit. Nothing in them is to be registered.
func Default() *Papers {
	return &Papers{Name: "拾课", Slogan: "一门一门，把想学的学完", Terms: ownText(Terms), Privacy: ownText(Privacy), Refunds: ownText(Refunds)}
}

// Sample are the papers of a shop for demonstrations. The numbers are zeros, which no register gives out.
func Sample(now time.Time) *Papers {
	p := Default()
	p.V, p.By, p.At = 1, "demoadmin", now.UTC()
	p.Company = "拾课（示例）教育科技有限公司"
	p.ICP, p.Police = "京ICP备00000000号-1", "京公网安备00000000000000号"
	p.Contact = Contact{Phone: "400-000-0000", Email: "service@example.com", WeChat: "shike-service", Hours: "每天 9:00–21:00", QR: "https://work.weixin.qq.com/kfid/kfc00000000"}
	return p
}
