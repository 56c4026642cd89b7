package lessontext

import (
	"regexp"
	"strings"
)

// Bounds of what the parser's work grows with the square of: the marks of quotes and lists that a line
// begins with, and, in a whole text, brackets and the openings of links and pictures.
const (
	maxMarks    = 50
	maxBrackets = 8000
	maxLinks    = 1000
)

var (
	marksOfLine = regexp.MustCompile(`^(?:[ \t]*(?:>|(?:[-*+]|[0-9]{1,9}[.)])[ \t]))+`)
	oneMark     = regexp.MustCompile(`>|[-*+]|[0-9]+[.)]`)
)

// isComplex reports whether a text would keep the parser busy for seconds.
func isComplex(source string) bool {
	if strings.Count(source, "](") > maxLinks || strings.Count(source, "[") > maxBrackets {
		return true
	}
	for line := range strings.Lines(source) {
		marks := marksOfLine.FindString(line)
		if len(marks) > maxMarks && len(oneMark.FindAllString(marks, maxMarks+1)) > maxMarks {
			return true
		}
	}
	return false
}
