# Short names for common tasks. Most need only Go; race, cuda, cuda-test and gpu-lab also need
# a C compiler, peers what bench/peers/setup.sh installs, ci what .ci/run installs. Variables
# can be set on the command line: make fuzz FUZZTIME=1m

FUZZTIME = 10s
BENCH    = .
BENCHTIME = 10x
ARGS     =
RACE     =
BASE     = main

.PHONY: help build test check race bench peers demo lint fuzz cuda cuda-test gpu-lab ci clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## compile everything; the program is bin/demo
	go build ./...
	go build -o bin/demo ./cmd/demo

test: ## run the tests
	go test ./...

check: ## every build configuration, and the tests of what differs from BASE: without assembly, with 32 bits, and on arm64 (where qemu-user is installed)
	scripts/check.sh changed $(BASE)

race: ## tests under the race detector, where goroutines share memory
	scripts/race.sh

bench: ## measure this machine; the report goes to bench/results: make bench BENCH=MatMul BENCHTIME=10x
	go run ./bench/report -bench '$(BENCH)' -benchtime $(BENCHTIME)

peers: ## run the same work in other libraries, alternating with ours; the report goes to bench/results
	bench/peers/setup.sh
	python3 bench/peers/run.py

demo: ## train on MNIST: make demo ARGS="--model mlp"
	go run ./cmd/demo $(ARGS)

lint: ## gofmt and go vet, for every build configuration
	scripts/lint.sh

fuzz: ## run each fuzz target for FUZZTIME
	scripts/fuzz.sh $(FUZZTIME)

cuda: ## bin/demo with support for NVIDIA GPUs; needs Go and a C compiler
	scripts/cuda.sh go build -tags cuda -o bin/demo ./cmd/demo

cuda-test: ## every operation through gorgonia.org/cu, with the emulator in place of the GPU; RACE=-race: under the race detector
	BAREGRAD_LIBCUDA=emulator BAREGRAD_REQUIRE=cuda,emulated-cuda,large-shared-memory scripts/cuda.sh go test $(RACE) -tags cuda ./kernels/cuda/nvidia ./kernels/auto

gpu-lab: ## build/gpu-lab: all that a machine with an NVIDIA GPU needs to run the measurements, without Go
	bench/gpulab/pack.sh build/gpu-lab

ci: ## every check that a change must pass
	.ci/run

clean: ## remove what was built
	rm -rf bin build
