package mnist

import (
	"fmt"
	"strconv"
	"strings"
)

// npyHeader is the contents of a .npy file's header.
type npyHeader struct {
	descr   string // the type of the values, such as <f4
	fortran bool   // column-major: the first index varies fastest
	shape   []int
}

// maxNPYDims is the largest number of dimensions of a NumPy array.
const maxNPYDims = 64

// npyParser reads the header's text: a literal of a Python dictionary such as
//
//	{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }
//
// It accepts the parts of the language that may occur there, and nothing else:
// strings without escapes, True, False, and tuples of whole numbers.
type npyParser struct {
	text string
	at   int
}

// headerSyntax is a mistake in the header's text.
type headerSyntax struct{ found, expected string }

func (e *headerSyntax) Error() string {
	return "found " + e.found + ", expected " + e.expected
}

// parseNPYHeader reads the text of a header. It must have the three keys that NumPy
// writes, each once, in any order.
func parseNPYHeader(text string) (h npyHeader, err error) {
	p := &npyParser{text: text}
	if err := p.take("{"); err != nil {
		return h, err
	}
	seen := map[string]bool{}
	for !p.has("}") {
		if len(seen) > 0 {
			if err := p.take(","); err != nil {
				return h, err
			}
			if p.has("}") { // a comma may end the list
				break
			}
		}
		key, err := p.str()
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, &headerSyntax{fmt.Sprintf("the key %q twice", key), "each key once"}
		}
		seen[key] = true
		if err := p.take(":"); err != nil {
			return h, err
		}
		switch key {
		case "descr":
			h.descr, err = p.descr()
		case "fortran_order":
			h.fortran, err = p.boolean()
		case "shape":
			h.shape, err = p.tuple()
		default:
			err = &headerSyntax{fmt.Sprintf("the key %q", key), "descr, fortran_order or shape"}
		}
		if err != nil {
			return h, err
		}
	}
	p.at++ // the closing brace
	p.space()
	if p.at != len(p.text) {
		return h, p.wrong("only spaces after the dictionary")
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, &headerSyntax{"no key " + key, "descr, fortran_order and shape"}
		}
	}
	return h, nil
}

// space skips white space.
func (p *npyParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// has reports whether token comes next, after white space.
func (p *npyParser) has(token string) bool {
	p.space()
	return strings.HasPrefix(p.text[p.at:], token)
}

// take reads token.
func (p *npyParser) take(token string) error {
	if !p.has(token) {
		return p.wrong(strconv.Quote(token))
	}
	p.at += len(token)
	return nil
}

// wrong reports that something other than the expected comes next.
func (p *npyParser) wrong(expected string) error {
	rest := p.text[p.at:]
	if rest == "" {
		return &headerSyntax{"the end of the header", expected}
	}
	if len(rest) > 20 {
		rest = rest[:20] + "…"
	}
	return &headerSyntax{strconv.Quote(rest), expected}
}

// str reads a string in single or double quotes.
func (p *npyParser) str() (string, error) {
	p.space()
	if p.at == len(p.text) || (p.text[p.at] != '\'' && p.text[p.at] != '"') {
		return "", p.wrong("a string in quotes")
	}
	quote := p.text[p.at]
	length := strings.IndexByte(p.text[p.at+1:], quote)
	if length < 0 {
		return "", p.wrong("a closing quote")
	}
	s := p.text[p.at+1 : p.at+1+length]
	if strings.ContainsAny(s, "\\\n") {
		return "", p.wrong("a string without escapes")
	}
	p.at += length + 2
	return s, nil
}

// descr reads the type of the values. For a structured type NumPy writes a list of
// fields, which is refused here.
func (p *npyParser) descr() (string, error) {
	if p.has("[") || p.has("(") {
		return "", &headerSyntax{"a structured type", npyTypesText}
	}
	return p.str()
}

func (p *npyParser) boolean() (bool, error) {
	for text, value := range map[string]bool{"True": true, "False": false} {
		if p.has(text) {
			p.at += len(text)
			return value, nil
		}
	}
	return false, p.wrong("True or False")
}

// tuple reads a tuple of whole numbers: (), (3,), (3, 4) or (3, 4,). Python 2 wrote
// an L after a long number.
func (p *npyParser) tuple() ([]int, error) {
	if err := p.take("("); err != nil {
		return nil, err
	}
	shape := []int{}
	comma := false
	for !p.has(")") {
		if len(shape) > 0 {
			if err := p.take(","); err != nil {
				return nil, err
			}
			comma = true
			if p.has(")") {
				break
			}
		}
		if len(shape) == maxNPYDims {
			return nil, &headerSyntax{"more dimensions", fmt.Sprintf("at most %d", maxNPYDims)}
		}
		p.space()
		digits := p.at
		for digits < len(p.text) && p.text[digits] >= '0' && p.text[digits] <= '9' {
			digits++
		}
		size, err := strconv.Atoi(p.text[p.at:digits])
		if err != nil {
			return nil, p.wrong("a size that memory can hold")
		}
		shape = append(shape, size)
		p.at = digits
		if strings.HasPrefix(p.text[p.at:], "L") {
			p.at++
		}
	}
	if len(shape) == 1 && !comma {
		return nil, p.wrong(`","`) // (3) is a number, not a tuple
	}
	p.at++
	return shape, nil
}

// npyTypesText lists the supported types, for errors.
const npyTypesText = "<f4, <f8, |u1, <i4 or <i8"

// describeDescr describes an unsupported type in words.
func describeDescr(descr string) string {
	if descr == "" {
		return "no type"
	}
	kinds := map[byte]string{
		'O': "pickled Python objects, which could run any code",
		'f': "floating point", 'i': "signed integers", 'u': "unsigned integers",
		'b': "booleans", 'c': "complex numbers", 'S': "bytes", 'a': "bytes", 'U': "text",
		'M': "dates", 'm': "durations", 'V': "raw memory",
	}
	kind := descr[0]
	order := ""
	if strings.IndexByte("<>|=", descr[0]) >= 0 && len(descr) > 1 {
		kind = descr[1]
		if descr[0] == '>' {
			order = "big-endian "
		}
	}
	words, known := kinds[kind]
	if !known {
		words = "an unknown type"
	}
	return fmt.Sprintf("%q (%s%s)", descr, order, words)
}
