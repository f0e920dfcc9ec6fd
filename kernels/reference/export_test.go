package reference

// LeastShared is exported for the test of shared calls.
const LeastShared = leastShared
