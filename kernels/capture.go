package kernels

// A Capturer is a Device that can note work in place of doing it, so that one
// call does all of it again: on a GPU a training step is some dozens of launches,
// each of which costs the processor more than it costs the GPU to begin one that
// it knows already. Devices that gain nothing by it are not Capturers.
type Capturer interface {
	Device
	// Capture calls work and notes what it asks of the device; nothing is done yet.
	//
	// Work may use memory that was allocated before, kernels that have run before,
	// and nothing else: Alloc, Free, Read, Write and Sync can't be captured. Nor
	// does Go code run again that work consists of. If the device refuses, nothing
	// was done and the error, a *DeviceError, says why; the device can be used on.
	Capture(work func()) (Graph, error)
}

// A Graph is work that was captured.
type Graph interface {
	// Launch does the work, after what the device was asked for before. It panics
	// as the device's methods do, also if a buffer that the work uses was freed.
	Launch()
	// Free lets go of the graph. It must not be launched after that.
	Free()
}
