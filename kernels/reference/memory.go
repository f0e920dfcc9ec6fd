package reference

import "baregrad/kernels"

// Memory: buffers are slices of the machine's own memory (kernels.Host).

func (d *Device) Alloc(t kernels.Type, n int) kernels.Buffer { return kernels.NewHost(t, n) }

func (d *Device) Write(dst kernels.Buffer, src []byte) {
	kernels.LenOf("write", "destination", dst)
	memory := bytes(dst)
	if len(src) != len(memory) {
		kernels.Panicf("write", "%d bytes to %d %v, which are %d bytes", len(src), dst.Len(), dst.Type(), len(memory))
	}
	copy(memory, src)
}

func (d *Device) Read(dst []byte, src kernels.Buffer) {
	kernels.LenOf("read", "source", src)
	memory := bytes(src)
	if len(dst) != len(memory) {
		kernels.Panicf("read", "%d bytes from %d %v, which are %d bytes", len(dst), src.Len(), src.Type(), len(memory))
	}
	copy(dst, memory)
}

func (d *Device) Copy(dst, src kernels.Buffer) {
	n := kernels.LenOf("copy", "source", src)
	kernels.Want("copy", "destination", dst, src.Type(), n)
	copy(bytes(dst), bytes(src))
}

func (d *Device) Fill(dst kernels.Buffer, value float32) {
	kernels.Want("fill", "destination", dst, kernels.Float32, kernels.LenOf("fill", "destination", dst))
	y := kernels.Floats(dst)
	for i := range y {
		y[i] = value
	}
}

// Sync has nothing to wait for.
func (d *Device) Sync() {}

// bytes returns a host buffer's memory.
func bytes(b kernels.Buffer) []byte {
	switch b.Type() {
	case kernels.Float32:
		return kernels.Bytes(kernels.Floats(b))
	case kernels.Int32:
		return kernels.Bytes(kernels.Ints(b))
	}
	return kernels.Uint8s(b)
}
