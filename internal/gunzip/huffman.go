package gunzip

import "math/bits"

// A code is a Huffman code as a table: the next bits of the input are the index of
// an entry. Codes longer than primary bits have a second table behind the first,
// which their first bits lead to.
type code struct {
	primary uint // bits that index the first table
	table   []entry
}

// An entry is a symbol and how many bits stand for it:
//
//	bits 0–3    length of the code, whole also in a second table
//	bits 4–7    extra bits that follow it; of a link, the bits that index the second table
//	bits 8–11   what it is: one of the flags below, or none for a length or a distance
//	bits 16–31  the literal, the least length or distance, or the place of the second table
type entry uint32

const (
	literal entry = 1 << 8
	end     entry = 1 << 9 // of the block
	link    entry = 1 << 10
	invalid entry = 1 << 11 // no symbol has this code

	maxBits = 15 // of a code
)

func (e entry) bits() uint  { return uint(e & 15) }
func (e entry) extra() uint { return uint(e >> 4 & 15) }
func (e entry) value() int  { return int(e >> 16) }

// lengths and distances are the symbols' entries without their codes' lengths, as
// RFC 1951, section 3.2.5, has them.
var (
	lengths   [288]entry // literals, the end of a block, lengths
	distances [32]entry
)

func init() {
	for i := range 256 {
		lengths[i] = entry(i)<<16 | literal
	}
	lengths[256] = end
	least := 3
	for i := range 28 {
		extra := max(0, i/4-1)
		lengths[257+i] = entry(least)<<16 | entry(extra)<<4
		least += 1 << extra
	}
	lengths[285] = 258 << 16
	lengths[286], lengths[287] = invalid, invalid
	least = 1
	for i := range 30 {
		extra := max(0, i/2-1)
		distances[i] = entry(least)<<16 | entry(extra)<<4
		least += 1 << extra
	}
	distances[30], distances[31] = invalid, invalid
}

// build makes the table of the canonical code in which symbol i has sizes[i] bits,
// none if that is 0. It reports false for sizes that are no code: those of a code
// use up all bit patterns, except where there are no symbols or a single one.
func (c *code) build(sizes []uint8, symbols []entry, primary uint) bool {
	var count [maxBits + 1]int
	longest := 0
	for _, size := range sizes {
		count[size]++
		longest = max(longest, int(size))
	}
	var next [maxBits + 1]uint // the next code of each length
	var at uint
	for size := 1; size <= longest; size++ {
		at <<= 1
		next[size] = at
		at += uint(count[size])
	}
	single := longest == 1 && at == 1
	if longest > 0 && at != 1<<longest && !single {
		return false
	}
	c.primary = primary
	c.table = append(c.table[:0], make([]entry, 1<<primary)...)
	for i := range c.table {
		c.table[i] = invalid
	}
	// How many bits index the second table behind each first one.
	var second [1 << maxPrimary]uint8
	codes := next
	for _, size := range sizes {
		if size > 0 {
			if uint(size) > primary {
				first := reversed(codes[size], size) & (1<<primary - 1)
				second[first] = max(second[first], size-uint8(primary))
			}
			codes[size]++
		}
	}
	for first, width := range second[:1<<primary] {
		if width > 0 {
			c.table[first] = entry(len(c.table))<<16 | entry(width)<<4 | link
			for range 1 << width {
				c.table = append(c.table, invalid)
			}
		}
	}
	for i, size := range sizes {
		if size == 0 {
			continue
		}
		word := reversed(next[size], size)
		next[size]++
		table, step := c.table[:1<<primary], uint(1)<<size
		if uint(size) > primary {
			to := c.table[word&(1<<primary-1)]
			table, step = c.table[to.value():to.value()+1<<to.extra()], step>>primary
			word >>= primary
		}
		for ; word < uint(len(table)); word += step {
			table[word] = symbols[i] | entry(size)
		}
	}
	return true
}

// maxPrimary is the most bits that a first table is indexed by.
const maxPrimary = 11

// reversed is a code with its first bit lowest, as it comes in.
func reversed(word uint, size uint8) uint { return uint(bits.Reverse16(uint16(word)) >> (16 - size)) }
