// Package emulator parses PTX text and runs it in pure Go: a GPU for machines
// that have none, and a checker for those that have one.
//
//	mod, err := emulator.Parse("saxpy.ptx", source)   // text -> Module
//	m := emulator.New(emulator.Options{Checks: emulator.AllChecks})
//	prog, err := m.Load(mod)                          // Module -> decoded kernels
//	k, err := prog.Kernel("saxpy")
//	x, err := m.Alloc(4 * n)                          // device memory, bytes
//	err = m.CopyIn(x, bytes)
//	err = m.Launch(ctx, k, emulator.LaunchConfig{Grid: emulator.Dim3{X: 4}, Block: emulator.Dim3{X: 256}}, uint64(x), …)
//
// The files, in the order in which an instruction passes through them:
//
//	lexer.go, parser*.go    text to instructions with resolved names (module.go)
//	machine.go, program.go  a machine, and a module loaded on it
//	decode*.go              each instruction becomes an op, once: a handler and register numbers
//	order.go                where diverged lanes reconverge
//	launch.go, block.go     a launch: its blocks are dealt to workers; the warps of one block
//	warp.go, schedule.go    32 lanes in lockstep; divergence, reconvergence, barriers
//	exec_*.go               the handlers, each a loop over the lanes of one warp
//	memory.go               device memory; addresses of every space
//	check_*.go              the checks: bounds, initialisation, races, barriers, copies, leaks
//	decode_origin.go        which variable an address was derived from, for the bounds check
//	fault.go, report.go     how a bad access is described, and the report of the findings
//	counters.go, trace.go   counters per source line and the roofline; one thread, step by step
//	driver.go               a machine as a driver, for the launchers of kernels/cuda
//
// decode_types.go says which types an instruction takes, requirements.go which .version and .target
// it needs, special.go which special registers exist; the rest is in the instruction's own decoder.
// testdata/assembler records what NVIDIA's assembler accepts.
//
// docs/EMULATOR.md lists what is not supported; such an instruction is refused when its module is
// loaded, with file, line and instruction. That page also says what the checks do not see.
//
// Scalar semantics (rounding, conversions, approximations, fragments of the matrix instructions)
// are pure functions in the sub-package arith.
package emulator
