package emulator

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Functions that a file declares and the driver provides; printf and assert in CUDA C compile to
// them.
//
//	.extern .func (.param .b32 count) vprintf (.param .b64 format, .param .b64 arguments)
//	.extern .func __assertfail (.param .b64 message, .param .b64 file, .param .b32 line,
//	                            .param .b64 function, .param .b64 charSize)
//
// All pointers are generic. The arguments of vprintf lie one after another, each aligned to its
// size: integers of 4 or 8 bytes, pointers, and doubles.

// driverFunction is a function of the driver: the sizes in bytes of its parameters and of its
// result (0 for none), and its effect for one lane.
type driverFunction struct {
	params []int64
	result int64
	run    func(w *warp, o *op, lane int, args []uint64, out *strings.Builder) uint64
}

var driverFunctions = map[string]driverFunction{
	"vprintf":      {[]int64{8, 8}, 4, printf},
	"__assertfail": {[]int64{8, 8, 4, 8, 8}, 0, assertFail},
}

// decodeDriverCall decodes a call of a function that has no body in the file.
func decodeDriverCall(d *decoder, proto *Function, rets, ins []Operand) {
	f, ok := driverFunctions[proto.Name]
	if !ok {
		d.refuse("function %q has no body in this file; of those that a driver provides there are vprintf and __assertfail", proto.Name)
	}
	fits := len(ins) == len(f.params) && len(proto.Params) == len(ins) && len(rets) == len(proto.Returns) && (len(rets) == 0) == (f.result == 0) && len(rets) <= 1
	for i := 0; fits && i < len(ins); i++ {
		fits = proto.Params[i].Size == f.params[i]
	}
	if !fits || len(rets) == 1 && proto.Returns[0].Size != f.result {
		d.refuse("%s must have parameters of %d bytes and a result of %d", proto.Name, f.params, f.result)
	}
	var args []binding
	for i := range ins {
		args = append(args, d.bindCaller(&ins[i], proto.Params[i], true))
	}
	var result binding
	if len(rets) == 1 {
		result = d.bindCaller(&rets[0], proto.Returns[0], false)
	}
	d.o.run = func(w *warp, o *op_, mask uint32) {
		var out strings.Builder
		cells := make([]uint64, len(args))
		for m := mask; m != 0 && !w.blk.dead; m &= m - 1 {
			i := bits.TrailingZeros32(m) & 31
			for k, b := range args {
				cells[k] = b.value(w.fr, i)
			}
			v := f.run(w, o, i, cells, &out)
			if len(rets) == 1 {
				result.set(w.fr, i, v)
			}
		}
		if out.Len() > 0 {
			w.blk.grid.m.print(out.String())
		}
	}
}

// print writes a kernel's output, all lines of a warp at once.
func (m *Machine) print(text string) {
	m.printMu.Lock()
	defer m.printMu.Unlock()
	_, _ = m.opts.Output.Write([]byte(text)) // a kernel has no way to learn of an error
}

// maxText is the maximum length in bytes of a string passed by a kernel.
const maxText = 4096

// text reads the zero-terminated string at a generic address.
func (w *warp) text(o *op, lane int, addr uint64) string {
	var s []byte
	for len(s) < maxText {
		b := w.at(o, Generic, lane, addr+uint64(len(s)), 1, false)
		if b == nil || b[0] == 0 {
			break
		}
		s = append(s, b[0])
	}
	return string(s)
}

func assertFail(w *warp, o *op, lane int, a []uint64, _ *strings.Builder) uint64 {
	w.stopFault(o, lane, "assertion failed", fmt.Sprintf("%s, %s:%d, in %s", w.text(o, lane, a[0]), w.text(o, lane, a[1]), uint32(a[2]), w.text(o, lane, a[3])))
	return 0
}

// printf formats its arguments. As in CUDA C, it returns the number of arguments, or -1 without a
// format.
func printf(w *warp, o *op, lane int, a []uint64, out *strings.Builder) uint64 {
	if a[0] == 0 {
		return math.MaxUint64
	}
	format, at, count := w.text(o, lane, a[0]), a[1], uint64(0)
	next := func(size uint64) uint64 {
		at = (at + size - 1) &^ (size - 1)
		b := w.at(o, Generic, lane, at, size, false)
		at += size
		count++
		if b == nil {
			return 0
		}
		return loadBytes(b)
	}
	for format != "" {
		literal, rest, found := strings.Cut(format, "%")
		out.WriteString(literal)
		if !found {
			break
		}
		n := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("-+ #0123456789.*hlLjzt", r) })
		if n < 0 {
			out.WriteString("%" + rest)
			break
		}
		spec, verb := rest[:n], rest[n]
		format = rest[n+1:]
		wide := strings.ContainsAny(spec, "ljzt")
		flags := strings.TrimRight(spec, "hlLjzt")
		for strings.Contains(flags, "*") {
			flags = strings.Replace(flags, "*", strconv.Itoa(int(max(-maxText, min(maxText, int32(next(4)))))), 1)
		}
		out.WriteString(w.directive(o, lane, bounded(flags), verb, wide, next))
	}
	return count
}

// bounded drops the flags if a width or precision is absurdly large.
func bounded(flags string) string {
	for _, part := range strings.Split(strings.TrimLeft(flags, "-+ #0"), ".") {
		if n, err := strconv.Atoi(part); part != "" && (err != nil || n > maxText) {
			return ""
		}
	}
	return flags
}

// directive formats one argument as C does.
func (w *warp) directive(o *op, lane int, flags string, verb byte, wide bool, next func(uint64) uint64) string {
	whole := func() uint64 {
		if wide {
			return next(8)
		}
		return next(4)
	}
	switch verb {
	case '%':
		return "%"
	case 'd', 'i':
		v := int64(whole())
		if !wide {
			v = int64(int32(v))
		}
		return fmt.Sprintf("%"+flags+"d", v)
	case 'u':
		return fmt.Sprintf("%"+flags+"d", whole())
	case 'x', 'X', 'o':
		return fmt.Sprintf("%"+flags+string(verb), whole())
	case 'c':
		return fmt.Sprintf("%"+flags+"s", string([]byte{byte(next(4))}))
	case 's':
		return fmt.Sprintf("%"+flags+"s", w.text(o, lane, next(8)))
	case 'p':
		return fmt.Sprintf("%"+flags+"s", fmt.Sprintf("%#x", next(8)))
	case 'e', 'E', 'f', 'F', 'g', 'G':
		v := math.Float64frombits(next(8))
		if math.IsInf(v, 0) || math.IsNaN(v) { // C prints them in lower case, in upper case for E, F, G
			text := strings.TrimPrefix(strings.ToLower(fmt.Sprint(v)), "+")
			if verb < 'a' {
				text = strings.ToUpper(text)
			}
			width, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimLeft(flags, "+ #0"), "-", ""), ".")
			if strings.HasPrefix(flags, "-") {
				width = "-" + width
			}
			return fmt.Sprintf("%"+width+"s", text)
		}
		if !strings.Contains(flags, ".") {
			flags += ".6"
		}
		return fmt.Sprintf("%"+flags+string(verb), v)
	}
	return "%" + flags + string(verb)
}
