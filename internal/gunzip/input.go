package gunzip

import (
	"compress/flate"
	"io"
)

// fill reads input until the buffer is full, where little is left in it.
func (z *inflater) fill() {
	if z.last-z.pos >= 1024 || z.readErr != nil {
		return
	}
	// Bytes whose bits have been taken may be given back: see align.
	keep := max(0, z.pos-8)
	copy(z.in[:], z.in[keep:z.last])
	z.before += int64(keep)
	z.pos, z.last = z.pos-keep, z.last-keep
	for empty := 0; z.last < len(z.in) && z.readErr == nil; {
		n, err := z.r.Read(z.in[z.last:])
		z.last += n
		z.readErr = err
		if empty++; n > 0 {
			empty = 0
		}
		if empty == 100 {
			z.readErr = io.ErrNoProgress
		}
	}
}

// more takes bytes of input while there are any and room for their bits.
func (z *inflater) more() {
	z.fill()
	for z.n < 56 && z.pos < z.last {
		z.bits |= uint64(z.in[z.pos]) << z.n
		z.pos++
		z.n += 8
	}
}

// take takes n ≤ 16 bits.
func (z *inflater) take(n uint) (uint64, error) {
	if z.n < n {
		if z.more(); z.n < n {
			return 0, z.short()
		}
	}
	v := z.bits & (1<<n - 1)
	z.bits >>= n
	z.n -= n
	return v, nil
}

// symbol takes a code's next symbol.
func (z *inflater) symbol(c *code) (entry, error) {
	if z.n < maxBits {
		z.more()
	}
	bits := z.bits & (1<<z.n - 1)
	e := c.table[bits&(1<<c.primary-1)]
	if e&link != 0 {
		e = c.table[uint64(e.value())+bits>>c.primary&(1<<e.extra()-1)]
	}
	if z.n < maxBits && (e&invalid != 0 || e.bits() > z.n) {
		return 0, z.short() // the bits that it takes did not come
	}
	if e&invalid != 0 {
		return 0, z.corrupt()
	}
	z.bits >>= e.bits()
	z.n -= e.bits()
	return e, nil
}

// align drops bits up to the next byte, and gives back whole bytes of them.
func (z *inflater) align() {
	z.pos -= int(z.n / 8)
	z.bits, z.n = 0, 0
}

// bytes takes bytes of input, where align has been called, or nothing was taken by
// bits. The error is io.EOF if there are none, io.ErrUnexpectedEOF if there are few.
func (z *inflater) bytes(b []byte) error {
	for n := 0; n < len(b); {
		z.fill()
		if z.pos == z.last {
			if n > 0 {
				return unexpected(z.readErr)
			}
			return z.readErr
		}
		taken := copy(b[n:], z.in[z.pos:z.last])
		n += taken
		z.pos += taken
	}
	return nil
}

// short is the error for input that ended too early.
func (z *inflater) short() error { return unexpected(z.readErr) }

// corrupt is the error for input that is no DEFLATE stream; it tells about where.
func (z *inflater) corrupt() error { return flate.CorruptInputError(z.before + int64(z.pos)) }
