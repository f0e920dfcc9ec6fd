package emulator_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"baregrad/kernels/cuda/emulator"
)

const saxpy = `
.version 6.0
.target sm_70
.address_size 64

// y = a·x + y
.visible .entry saxpy(.param .u64 p_x, .param .u64 p_y, .param .f32 p_a, .param .u32 p_n)
{
	.reg .pred %out;
	.reg .b32 %i, %n, %t;
	.reg .f32 %a, %vx, %vy;
	.reg .b64 %x, %y;

	mov.u32 %i, %ctaid.x;
	mov.u32 %t, %ntid.x;
	mov.u32 %n, %tid.x;
	mad.lo.u32 %i, %i, %t, %n;
	ld.param.u32 %n, [p_n];
	setp.ge.u32 %out, %i, %n;
	@%out ret;
	ld.param.u64 %x, [p_x];
	ld.param.u64 %y, [p_y];
	ld.param.f32 %a, [p_a];
	mad.wide.u32 %x, %i, 4, %x;
	mad.wide.u32 %y, %i, 4, %y;
	ld.global.f32 %vx, [%x];
	ld.global.f32 %vy, [%y];
	fma.rn.f32 %vy, %a, %vx, %vy;
	st.global.f32 [%y], %vy;
	ret;
}
`

// Run a kernel with all checks on, then once more with a buffer that is too short.
func Example() {
	mod, err := emulator.Parse("saxpy.ptx", saxpy)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := emulator.New(emulator.Options{Checks: emulator.AllChecks})
	prog, err := m.Load(mod)
	if err != nil {
		fmt.Println(err)
		return
	}
	kern, err := prog.Kernel("saxpy")
	if err != nil {
		fmt.Println(err)
		return
	}
	floats := func(v ...float32) []byte {
		var b []byte
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		return b
	}
	x, _ := m.AllocNamed("x", 16)
	y, _ := m.AllocNamed("y", 16)
	_ = m.CopyIn(x, floats(1, 2, 3, 4))
	_ = m.CopyIn(y, floats(10, 20, 30, 40))
	cfg := emulator.LaunchConfig{Grid: emulator.Dim3{X: 1}, Block: emulator.Dim3{X: 32}}
	err = m.Launch(context.Background(), kern, cfg, x, y, uint64(math.Float32bits(0.5)), 4)
	fmt.Println("error:", err)
	out := make([]byte, 16)
	_ = m.CopyOut(out, y)
	for i := range 4 {
		fmt.Printf("y[%d] = %g\n", i, math.Float32frombits(binary.LittleEndian.Uint32(out[4*i:])))
	}

	err = m.Launch(context.Background(), kern, cfg, x, y, 0, 5)
	var found *emulator.FindingsError
	if errors.As(err, &found) {
		f := found.Report.Findings[0]
		fmt.Printf("%s at line %d, thread %v: %s\n", f.Kind, f.Line, f.Thread, f.Allocation)
	}
	// Output:
	// error: <nil>
	// y[0] = 10.5
	// y[1] = 21
	// y[2] = 31.5
	// y[3] = 42
	// out of bounds at line 26, thread (4,0,0): 0 bytes past the end of allocation x of 16 bytes at 0x700000000000
}
