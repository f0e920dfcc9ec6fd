package kernels

// A Capturer is a Device that can record work instead of doing it, and then repeat
// it in one call. A training step on a GPU is some dozens of kernel launches. The CPU
// spends more time on each of them than it takes to start a kernel of a captured graph.
// Devices that gain nothing by it are not Capturers.
type Capturer interface {
	Device
	// Capture calls work and records what it asks of the device. Nothing is computed yet.
	//
	// Work may only use memory that was allocated and kernels that have run before.
	// Alloc, Free, Read, Write and Sync can't be captured. Launch does not run work's Go
	// code again. If the device refuses, nothing was done, the error is a *DeviceError
	// that says why, and the device stays usable.
	Capture(work func()) (Graph, error)
}

// A Graph is captured work.
type Graph interface {
	// Launch does the work, after everything requested before. It panics as the
	// device's methods do, also if a buffer that the work uses was freed.
	Launch()
	// Free releases the graph. It must not be launched after that.
	Free()
}
