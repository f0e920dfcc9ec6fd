package emulator

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The lexer returns one token at a time, so its memory does not grow with the text. A modifier such
// as ".global" or ".L1::no_allocate" is one token.

type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokIdent            // ld, %r1, $L__BB0_1
	tokDot              // .global, .v4, .16x64b; text without the dot
	tokInt              // 12, 0x1F, 017, 0b11, 5U
	tokFloat            // 1.5, 0f3F800000, 0d…
	tokString           // "…"
	tokPunct            // one of , ; : [ ] { } ( ) < > @ | & + - * / % ! ~ ? = ^ and << >> == != <= >= && ||
)

type token struct {
	kind   tokenKind
	text   string
	pos    Pos
	glued  bool // no space before it
	int    uint64
	uns    bool // U suffix
	single bool // 0f…
	float  float64
}

// describe names a token in an error message.
func (t token) describe() string {
	switch t.kind {
	case tokEOF:
		return "the end of the file"
	case tokString:
		return "a string"
	case tokDot:
		return "\"." + clip(t.text) + "\""
	}
	return strconv.Quote(clip(t.text))
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

type lexer struct {
	file string
	src  string
	off  int
	line int32
	bol  int // offset of the line's first byte
}

// bail is the panic value of the lexer and the parser; Parse recovers it.
type bail struct{ err *SyntaxError }

func (l *lexer) fail(p Pos, format string, args ...any) {
	panic(bail{&SyntaxError{File: l.file, Pos: p, Reason: fmt.Sprintf(format, args...)}})
}

func (l *lexer) pos() Pos {
	return Pos{l.line, int32(min(l.off-l.bol+1, math.MaxInt32))}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' || c == '$' }

// blanks skips spaces and comments; it reports whether it skipped anything.
func (l *lexer) blanks() bool {
	start := l.off
	for l.off < len(l.src) {
		c := l.src[l.off]
		switch {
		case c == '\n':
			l.line++
			l.off++
			l.bol = l.off
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v':
			l.off++
		case c == '/' && strings.HasPrefix(l.src[l.off:], "//"):
			if n := strings.IndexByte(l.src[l.off:], '\n'); n >= 0 {
				l.off += n
			} else {
				l.off = len(l.src)
			}
		case c == '/' && strings.HasPrefix(l.src[l.off:], "/*"):
			p := l.pos()
			n := strings.Index(l.src[l.off+2:], "*/")
			if n < 0 {
				l.fail(p, "comment is not closed")
			}
			end := l.off + 2 + n + 2
			for ; l.off < end; l.off++ {
				if l.src[l.off] == '\n' {
					l.line++
					l.bol = l.off + 1
				}
			}
		case c == 0 && l.off == len(l.src)-1: // the text may end in NUL, as the driver accepts it
			l.off++
		default:
			return l.off > start
		}
	}
	return l.off > start
}

func (l *lexer) next() token {
	blank := l.blanks()
	t := token{pos: l.pos(), glued: !blank}
	if l.off >= len(l.src) {
		return t
	}
	c := l.src[l.off]
	start := l.off
	switch {
	case isLetter(c) || c == '_' || c == '$' || c == '%' && l.off+1 < len(l.src) && isWord(l.src[l.off+1]) && !isDigit(l.src[l.off+1]):
		l.off++
		for l.off < len(l.src) && isWord(l.src[l.off]) {
			l.off++
		}
		t.kind, t.text = tokIdent, l.src[start:l.off]
	case c == '.' && l.off+1 < len(l.src) && isWord(l.src[l.off+1]) && (t.glued || !isDigit(l.src[l.off+1])):
		l.off++
		for l.off < len(l.src) {
			if isWord(l.src[l.off]) {
				l.off++
			} else if strings.HasPrefix(l.src[l.off:], "::") && l.off+2 < len(l.src) && isWord(l.src[l.off+2]) {
				l.off += 2
			} else {
				break
			}
		}
		t.kind, t.text = tokDot, l.src[start+1:l.off]
	case isDigit(c) || c == '.':
		l.number(&t)
	case c == '"':
		l.off++
		for l.off < len(l.src) && l.src[l.off] != '"' && l.src[l.off] != '\n' {
			if l.src[l.off] == '\\' && l.off+1 < len(l.src) && l.src[l.off+1] != '\n' {
				l.off++
			}
			l.off++
		}
		if l.off >= len(l.src) || l.src[l.off] != '"' {
			l.fail(t.pos, "string is not closed")
		}
		l.off++
		t.kind, t.text = tokString, l.src[start+1:l.off-1]
	default:
		if l.off+1 < len(l.src) {
			switch l.src[l.off : l.off+2] {
			case "<<", ">>", "==", "!=", "<=", ">=", "&&", "||", "@@":
				l.off += 2
				t.kind, t.text = tokPunct, l.src[start:l.off]
				return t
			}
		}
		if strings.IndexByte(",;:[]{}()<>@|&+-*/%!~?=^", c) < 0 {
			l.fail(t.pos, "unexpected character %q", rune(c))
		}
		l.off++
		t.kind, t.text = tokPunct, l.src[start:l.off]
	}
	return t
}

// number reads an integer or a float.
func (l *lexer) number(t *token) {
	start := l.off
	rest := l.src[l.off:]
	if len(rest) >= 2 && rest[0] == '0' && (rest[1]|0x20 == 'f' || rest[1]|0x20 == 'd') {
		digits := 8
		if rest[1]|0x20 == 'd' {
			digits = 16
		}
		end := 2
		for end < len(rest) && isWord(rest[end]) {
			end++
		}
		l.off += end
		t.text = rest[:end]
		bits, err := strconv.ParseUint(rest[2:end], 16, 64)
		if err != nil || end != 2+digits {
			l.fail(t.pos, "floating constant %s does not have %d hexadecimal digits", strconv.Quote(clip(t.text)), digits)
		}
		t.kind, t.int = tokFloat, bits
		if digits == 8 {
			t.single, t.float = true, float64(math.Float32frombits(uint32(bits)))
		} else {
			t.float = math.Float64frombits(bits)
		}
		return
	}
	isFloat := false
	hex := len(rest) >= 2 && rest[0] == '0' && rest[1]|0x20 == 'x'
	for l.off < len(l.src) {
		c := l.src[l.off]
		if !hex && c == '.' && !isFloat && !(l.off+1 < len(l.src) && isLetter(l.src[l.off+1]) && l.src[l.off+1]|0x20 != 'e') {
			isFloat = true
		} else if !hex && (c == '+' || c == '-') && l.off > start && l.src[l.off-1]|0x20 == 'e' {
			isFloat = true
		} else if !isWord(c) {
			break
		} else if !hex && c|0x20 == 'e' {
			isFloat = true
		}
		l.off++
	}
	t.text = l.src[start:l.off]
	if isFloat {
		v, err := strconv.ParseFloat(strings.ReplaceAll(t.text, "_", "?"), 64)
		if err != nil && !(v > math.MaxFloat64 || v < -math.MaxFloat64) {
			l.fail(t.pos, "malformed floating constant %s", strconv.Quote(clip(t.text)))
		}
		t.kind, t.float, t.int = tokFloat, v, math.Float64bits(v)
		return
	}
	text := t.text
	if n := len(text); n > 1 && (text[n-1] == 'U' || text[n-1] == 'u') {
		text, t.uns = text[:n-1], true
	}
	if strings.Contains(text, "_") || len(text) > 1 && text[0] == '0' && text[1]|0x20 == 'o' {
		l.fail(t.pos, "malformed integer constant %s", strconv.Quote(clip(t.text)))
	}
	v, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		l.fail(t.pos, "malformed integer constant %s", strconv.Quote(clip(t.text)))
	}
	t.kind, t.int = tokInt, v
}
