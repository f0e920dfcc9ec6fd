package cuda

import "baregrad/kernels/cuda/driver"

// closed is the driver and the stream of a closed device: it refuses all work, and has nothing left
// to free.
type closed struct{}

var (
	_ driver.Driver = closed{}
	_ driver.Stream = closed{}
)

// closed reports whether Close was called.
func (d *Device) closed() bool { return d.driver == driver.Driver(closed{}) }

func (closed) Info() driver.Info                                { return driver.Info{} }
func (closed) Memory() (used, free int64)                       { return 0, 0 }
func (closed) Alloc(int64) (driver.Pointer, error)              { return 0, driver.ErrClosed }
func (closed) Free(driver.Pointer) error                        { return nil }
func (closed) Load(string, string) (driver.Module, error)       { return nil, driver.ErrClosed }
func (closed) NewStream() (driver.Stream, error)                { return nil, driver.ErrClosed }
func (closed) Close() error                                     { return nil }
func (closed) Write(driver.Pointer, []byte) error               { return driver.ErrClosed }
func (closed) Read([]byte, driver.Pointer) error                { return driver.ErrClosed }
func (closed) Copy(driver.Pointer, driver.Pointer, int64) error { return driver.ErrClosed }
func (closed) Fill(driver.Pointer, byte, int64) error           { return driver.ErrClosed }
func (closed) Launch(driver.Function, driver.Launch) error      { return driver.ErrClosed }
func (closed) Record() (driver.Event, error)                    { return nil, driver.ErrClosed }
func (closed) Sync() error                                      { return driver.ErrClosed }
