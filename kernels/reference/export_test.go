package reference

// LeastShared is for the test of the calls that are shared.
const LeastShared = leastShared
