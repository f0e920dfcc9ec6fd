package avx

import "strings"

// Processor is what the CPUID instruction says about the machine. It is empty on other architectures
// and with the build tag purego.
type Processor struct {
	Name string // as its maker writes it
	// Data cache sizes in bytes: L1 and L2 of one core, and the last level, which cores may share. 0
	// if unknown.
	L1, L2, L3 int
}

// Detect runs CPUID.
func Detect() Processor {
	var p Processor
	extended, _, _, _ := cpuid(0x80000000, 0)
	if extended >= 0x80000004 {
		var name []byte
		for leaf := uint32(0x80000002); leaf <= 0x80000004; leaf++ { // 16 characters each
			a, b, c, d := cpuid(leaf, 0)
			for _, register := range []uint32{a, b, c, d} {
				name = append(name, byte(register), byte(register>>8), byte(register>>16), byte(register>>24))
			}
		}
		p.Name = strings.TrimSpace(strings.Trim(string(name), "\x00"))
	}
	// Leaf 4 lists Intel's caches, leaf 0x8000001D AMD's, in the same format: type and level in EAX,
	// line size, partitions and ways in EBX, sets in ECX.
	leaf := uint32(4)
	if basic, _, _, _ := cpuid(0, 0); basic < 4 {
		return p
	}
	if a, _, _, _ := cpuid(4, 0); a&31 == 0 {
		if leaf = 0x8000001D; extended < leaf {
			return p
		}
	}
	for i := range uint32(16) {
		a, b, c, _ := cpuid(leaf, i)
		kind, level := a&31, a>>5&7 // 0: no more; 1: data; 2: instructions; 3: both
		if kind == 0 {
			break
		}
		size := int(b>>22+1) * int(b>>12&1023+1) * int(b&4095+1) * int(c+1)
		if kind == 2 {
			continue
		}
		switch level {
		case 1:
			p.L1 = size
		case 2:
			p.L2 = size
		case 3:
			p.L3 = size
		}
	}
	return p
}
