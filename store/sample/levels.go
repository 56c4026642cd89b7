package sample

import "mstm/shop"

// levels are those of the courses that say what they ask of a learner.
var levels = map[string]shop.Level{
	"free1": shop.LevelBeginner, "py1": shop.LevelBeginner, "sql1": shop.LevelBeginner, "wc1": shop.LevelBeginner, "jp1": shop.LevelBeginner,
	"kr1": shop.LevelBeginner, "fr1": shop.LevelBeginner, "piano1": shop.LevelBeginner, "guitar1": shop.LevelBeginner, "photo1": shop.LevelBeginner,
	"pod1": shop.LevelBeginner, "money1": shop.LevelBeginner, "yoga1": shop.LevelBeginner, "three1": shop.LevelBeginner,
	"go1": shop.LevelIntermediate, "ml1": shop.LevelIntermediate, "llm1": shop.LevelIntermediate, "linux1": shop.LevelIntermediate,
	"en1": shop.LevelIntermediate, "ui1": shop.LevelIntermediate, "pm1": shop.LevelIntermediate, "tone1": shop.LevelIntermediate, "mix1": shop.LevelIntermediate,
	"ts1": shop.LevelAdvanced, "db1": shop.LevelAdvanced, "algo1": shop.LevelAdvanced, "jazz1": shop.LevelAdvanced, "type1": shop.LevelAdvanced,
}
