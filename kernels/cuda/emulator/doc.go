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
// The way of an instruction, and the files to read in that order:
//
//	lexer.go, parser*.go    text to instructions with resolved names (module.go)
//	machine.go, program.go  a machine, and a module that is loaded on it
//	decode*.go              each instruction once to an op: a handler and register numbers
//	order.go                where lanes that parted meet again
//	launch.go, block.go     a launch: its blocks dealt out to cores, the warps of one block
//	warp.go, schedule.go    32 lanes in step; divergence, reconvergence, barriers
//	exec_*.go               the handlers, each a loop over the lanes of one warp
//	memory.go               device memory; addresses of every space
//	check_*.go              the checks: bounds, initialisation, races, barriers, copies, leaks
//	decode_origin.go        which variable an address was made from, for the check of bounds
//	fault.go, report.go     what is said of a bad access, and of what the checks found
//	counters.go, trace.go   counters per source line and the roofline; one thread, step by step
//	driver.go               a machine as a driver, for the launchers of kernels/cuda
//
// What an instruction may be is in decode_types.go (its types), requirements.go (its
// .version and .target), special.go (special registers) and the instruction's own decoder;
// testdata/assembler has what NVIDIA's assembler takes.
//
// docs/EMULATOR.md lists what is not carried out; it is refused when a module is
// loaded, with file, line and instruction. It also says what the checks don't see.
//
// Scalar semantics (rounding, conversions, approximations, fragments of the
// matrix instructions) live in the sub-package arith as pure functions.
package emulator
