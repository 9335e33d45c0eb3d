# The front door. Every target installs what it needs first (tools/install; a moment when nothing is
# missing) and then calls Bazel or a script that can be called by hand just as well.

.DEFAULT_GOAL := help
.PHONY: help build demo test bench interop asan tsan fuzz lint format clean

help:     ## this list
	@sed -n 's/^\([a-z]*\): *## */  make \1\t/p' Makefile | expand -t 16

build:    ## the optimised program, bazel-bin/cli/shunt
	@tools/install
	bazel build //cli:shunt

demo:     ## build, then watch a complete sync on built-in connectors
	@tools/install
	bazel build //cli:shunt
	bazel-bin/cli/shunt demo

test:     ## build everything and run all tests
	@tools/install --tests
	@tools/test

bench:    ## build and run the benchmarks, one page (about ten minutes)
	@tools/install --bench
	bazel build //cli:shunt //bench/... //tests/stores:store_benchmark
	bench/run

interop:  ## run against real connectors (needs the network once, for npm and PyPI)
	@tools/install --interop
	bazel build //cli:shunt //tests/protocol_cold:spec_verdicts
	tests/interop/run

asan:     ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/install --tests
	@tools/test --config=asan

tsan:     ## the tests under ThreadSanitizer
	@tools/install --sanitizers
	@tools/test --config=tsan

fuzz:     ## fuzz every target of tests/fuzz, SHUNT_FUZZ_SECONDS (60) each
	@tools/install --sanitizers
	@tools/fuzz

lint:     ## formatting, shellcheck, the rules of the tree, clang-tidy
	@tools/install --lint
	@tools/lint

format:   ## format all C++ files in place
	@tools/install --lint
	git ls-files -co --exclude-standard '*.h' '*.cc' | xargs clang-format-19 -i

clean:    ## remove all build results
	bazel clean
