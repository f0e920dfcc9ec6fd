# Short names for what one does here. Go alone is needed for most; race, cuda, cuda-test and
# gpu-lab need a C compiler too, peers what bench/peers/setup.sh installs, ci what .ci/run
# does. A variable can be set on the command line: make fuzz FUZZTIME=1m

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

check: ## before a change is handed in: every way of building, and the tests of what differs from BASE as machines without assembly, with 32 bits, or of arm64 (where qemu-user is installed) run them
	scripts/check.sh changed $(BASE)

race: ## run what works in parallel under the race detector
	scripts/race.sh

bench: ## measure this machine, into bench/results: make bench BENCH=MatMul BENCHTIME=10x
	go run ./bench/report -bench '$(BENCH)' -benchtime $(BENCHTIME)

peers: ## run the same work in other libraries, in turn with ours, into bench/results
	bench/peers/setup.sh
	python3 bench/peers/run.py

demo: ## train on MNIST: make demo ARGS="--model mlp"
	go run ./cmd/demo $(ARGS)

lint: ## gofmt and go vet, for every way of building
	scripts/lint.sh

fuzz: ## run each fuzz target for FUZZTIME
	scripts/fuzz.sh $(FUZZTIME)

cuda: ## bin/demo with support for NVIDIA GPUs; needs a C compiler besides Go
	scripts/cuda.sh go build -tags cuda -o bin/demo ./cmd/demo

cuda-test: ## every operation through gorgonia.org/cu, the emulator standing in for the GPU; RACE=-race: under the race detector
	BAREGRAD_LIBCUDA=emulator BAREGRAD_REQUIRE=cuda,emulated-cuda,large-shared-memory scripts/cuda.sh go test $(RACE) -tags cuda ./kernels/cuda/nvidia ./kernels/auto

gpu-lab: ## build/gpu-lab: what a machine with an NVIDIA GPU, but no Go, needs to measure
	bench/gpulab/pack.sh build/gpu-lab

ci: ## everything that is checked before a change is accepted
	.ci/run

clean: ## remove what build made
	rm -rf bin build
