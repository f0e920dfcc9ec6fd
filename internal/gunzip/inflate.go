package gunzip

import (
	"encoding/binary"
	"io"
)

// An inflater decompresses one DEFLATE stream after another (RFC 1951): blocks of
// literal bytes and of repetitions (length, distance) of what came out before.
type inflater struct {
	// Input: in[pos:last] has not been taken yet; the lower n bits of bits have, and
	// come first. Bits above those may be set: they are of the byte at pos.
	r         io.Reader
	in        [inputSize]byte
	pos, last int
	before    int64 // bytes read before those in in
	readErr   error // of r; io.EOF at its end
	bits      uint64
	n         uint

	ended  bool // the stream has
	final  bool // this block is the last
	stage  stage
	stored int // bytes left of a stored block
	length int // of a repetition that did not fit into the output, and
	back   int // its distance

	lit, dist code
	history   [window]byte // the last output of earlier calls
	known     int          // bytes of it
}

const inputSize = 64 << 10

type stage int

const (
	atBlock stage = iota
	inStored
	inCodes
)

// reset prepares for another stream, which begins at the input's next byte.
func (z *inflater) reset() {
	z.ended, z.final, z.stage, z.length, z.known = false, false, atBlock, 0, 0
}

// inflate writes to out until it is full or the stream ends.
func (z *inflater) inflate(out []byte) (o int, err error) {
	for err == nil && o < len(out) && !z.ended {
		switch {
		case z.length > 0:
			o = z.repeat(out, o)
		case z.stage == inCodes:
			if o = z.fast(out, o); z.length == 0 {
				o, err = z.careful(out, o)
			}
		case z.stage == inStored:
			to := min(len(out), o+z.stored)
			if err = unexpected(z.bytes(out[o:to])); err != nil {
				break
			}
			z.stored -= to - o
			o = to
			if z.stored == 0 {
				z.endBlock()
			}
		default:
			err = z.block()
		}
	}
	z.remember(out[:o])
	return o, err
}

// remember keeps the end of the output for later calls to repeat.
func (z *inflater) remember(out []byte) {
	if len(out) >= window {
		copy(z.history[:], out[len(out)-window:])
		z.known = window
		return
	}
	keep := min(z.known, window-len(out))
	copy(z.history[:], z.history[z.known-keep:z.known])
	copy(z.history[keep:], out)
	z.known = keep + len(out)
}

func (z *inflater) endBlock() { z.stage, z.ended = atBlock, z.final }

// block reads the header of a block.
func (z *inflater) block() error {
	head, err := z.take(3)
	if err != nil {
		return err
	}
	z.final = head&1 == 1
	switch head >> 1 {
	case 0:
		z.align()
		var b [4]byte
		if err := z.bytes(b[:]); err != nil {
			return unexpected(err)
		}
		n := binary.LittleEndian.Uint16(b[:])
		if n != ^binary.LittleEndian.Uint16(b[2:]) {
			return z.corrupt()
		}
		z.stage, z.stored = inStored, int(n)
		if n == 0 {
			z.endBlock()
		}
	case 1:
		var sizes [288 + 32]uint8
		for i := range sizes {
			switch {
			case i < 144 || i >= 280 && i < 288:
				sizes[i] = 8
			case i < 256:
				sizes[i] = 9
			case i < 280:
				sizes[i] = 7
			default:
				sizes[i] = 5
			}
		}
		return z.codes(sizes[:288], sizes[288:])
	case 2:
		return z.ownCodes()
	default:
		return z.corrupt()
	}
	return nil
}

// codes begins a block with codes of these sizes.
func (z *inflater) codes(lit, dist []uint8) error {
	if !z.lit.build(lit, lengths[:], litBits) || !z.dist.build(dist, distances[:], distBits) {
		return z.corrupt()
	}
	z.stage = inCodes
	return nil
}

// How many bits index the first tables: 11 and 8 keep both in the first cache.
const (
	litBits  = maxPrimary
	distBits = 8
)

// order is in which order the sizes of the codes for sizes come.
var order = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// ownCodes reads the sizes of a block's own codes, which are compressed themselves.
func (z *inflater) ownCodes() error {
	head, err := z.take(14)
	if err != nil {
		return err
	}
	nLit, nDist, nSizes := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if nLit > 286 || nDist > 30 {
		return z.corrupt()
	}
	var ofSizes [19]uint8
	for _, i := range order[:nSizes] {
		size, err := z.take(3)
		if err != nil {
			return err
		}
		ofSizes[i] = uint8(size)
	}
	var symbols [19]entry
	for i := range symbols {
		symbols[i] = entry(i) << 16
	}
	if !z.lit.build(ofSizes[:], symbols[:], 7) {
		return z.corrupt()
	}
	var sizes [286 + 30]uint8
	for i := 0; i < nLit+nDist; {
		e, err := z.symbol(&z.lit)
		if err != nil {
			return err
		}
		if e.value() < 16 {
			sizes[i] = uint8(e.value())
			i++
			continue
		}
		var last uint8
		least, extra := 3, uint(2)
		switch e.value() {
		case 16: // the last size again, 3 to 6 times
			if i == 0 {
				return z.corrupt()
			}
			last = sizes[i-1]
		case 17: // 3 to 10 zeros
			extra = 3
		case 18: // 11 to 138 zeros
			least, extra = 11, 7
		}
		more, err := z.take(extra)
		if err != nil {
			return err
		}
		for range least + int(more) {
			if i == nLit+nDist {
				return z.corrupt()
			}
			sizes[i] = last
			i++
		}
	}
	return z.codes(sizes[:nLit], sizes[nLit:nLit+nDist])
}

// fast decompresses while there are 8 bytes of input and room for the longest
// repetition, and some more. It stops before what it can't do.
func (z *inflater) fast(out []byte, o int) int {
	z.fill()
	in, pos, bits, n := z.in[:z.last], z.pos, z.bits, z.n
	first, lit, dist := (*[1 << litBits]entry)(z.lit.table), z.lit.table, z.dist.table
	for pos+8 <= len(in) && o+258+8 <= len(out) {
		// Take as many bytes as fit: 56 to 63 bits, enough for three literals, or for a
		// length (15 and 5 bits) and a distance (15 and 13).
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := first[bits&(1<<litBits-1)]
		if e&literal != 0 {
			out[o] = byte(e >> 16)
			bits >>= e & 15
			n -= uint(e & 15)
			o++
			e = first[bits&(1<<litBits-1)]
			if e&literal != 0 {
				out[o] = byte(e >> 16)
				bits >>= e & 15
				n -= uint(e & 15)
				o++
				e = first[bits&(1<<litBits-1)]
				if e&literal != 0 {
					out[o] = byte(e >> 16)
					bits >>= e & 15
					n -= uint(e & 15)
					o++
				}
			}
			continue
		}
		if e&link != 0 {
			e = lit[uint64(e.value())+bits>>litBits&(1<<e.extra()-1)]
			if e&literal != 0 {
				out[o] = byte(e >> 16)
				bits >>= e & 15
				n -= uint(e & 15)
				o++
				continue
			}
		}
		if e&(end|invalid) != 0 {
			break
		}
		rest := bits >> (e & 15)
		used := e.bits() + e.extra()
		length := e.value() + int(rest&(1<<e.extra()-1))
		rest = bits >> (used & 63)
		d := dist[rest&(1<<distBits-1)]
		if d&link != 0 {
			d = dist[uint64(d.value())+rest>>distBits&(1<<d.extra()-1)]
		}
		if d&invalid != 0 {
			break
		}
		rest >>= d & 15
		back := d.value() + int(rest&(1<<d.extra()-1))
		if back > o {
			break // it reaches into the history
		}
		used += d.bits() + d.extra()
		bits >>= used & 63
		n -= used
		// Written 8 bytes at a time, up to 7 past its end: they are written again later.
		switch {
		case back >= 8:
			for i := o; i < o+length; i += 8 {
				binary.LittleEndian.PutUint64(out[i:], binary.LittleEndian.Uint64(out[i-back:]))
			}
		case back == 1:
			word := uint64(out[o-1]) * 0x0101010101010101
			for i := o; i < o+length; i += 8 {
				binary.LittleEndian.PutUint64(out[i:], word)
			}
		default:
			for i := o; i < o+length; i++ {
				out[i] = out[i-back]
			}
		}
		o += length
	}
	z.pos, z.bits, z.n = pos, bits, n
	return o
}

// careful decompresses one symbol, whatever there is of input, output and history.
func (z *inflater) careful(out []byte, o int) (int, error) {
	e, err := z.symbol(&z.lit)
	switch {
	case err != nil:
		return o, err
	case e&literal != 0:
		out[o] = byte(e >> 16)
		return o + 1, nil
	case e&end != 0:
		z.endBlock()
		return o, nil
	}
	more, err := z.take(e.extra())
	if err != nil {
		return o, err
	}
	d, err := z.symbol(&z.dist)
	if err != nil {
		return o, err
	}
	further, err := z.take(d.extra())
	if err != nil {
		return o, err
	}
	z.length, z.back = e.value()+int(more), d.value()+int(further)
	if z.back > o+z.known {
		return o, z.corrupt()
	}
	return z.repeat(out, o), nil
}

// repeat writes as much of a repetition as there is room for.
func (z *inflater) repeat(out []byte, o int) int {
	for ; z.length > 0 && o < len(out); z.length-- {
		if from := o - z.back; from >= 0 {
			out[o] = out[from]
		} else {
			out[o] = z.history[z.known+from]
		}
		o++
	}
	return o
}
