package mnist

import "embed"

// embedded holds the four files of the MNIST database exactly as published
// (data/README.md has their authors and licence), so that a program that
// imports this package needs no network and no files beside it.
//
//go:embed data/*.gz
var embedded embed.FS
