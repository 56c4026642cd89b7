package shop

import (
	"maps"
	"slices"
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
