"""The C++ rules of this repository: rules_cc plus our warnings.

Load these instead of @rules_cc in every BUILD file:

    load("//bazel:cc.bzl", "cc_binary", "cc_library", "cc_test")

-Werror stands in .bazelrc, because the sanitizer builds switch it off.
"""

load(
    "@rules_cc//cc:defs.bzl",
    _cc_binary = "cc_binary",
    _cc_library = "cc_library",
    _cc_test = "cc_test",
)

WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wconversion",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
    # GCC 12 reports overlaps that are not there in std::string's operator+ (GCC bug 105651).
    "-Wno-restrict",
    # -Wno-restrict means nothing to clang, which runs the TSan build and clang-tidy.
    "-Wno-unknown-warning-option",
]

# Debian's Abseil is not instrumented for TSan; see bazel/tsan_suppressions.cc.
_SANITIZER_DEPS = select({
    "//bazel:tsan": ["//bazel:tsan_suppressions"],
    "//conditions:default": [],
})

def cc_library(name, copts = [], **kwargs):
    """A library. Always an archive: the static Debian libraries we link are not PIC."""
    _cc_library(name = name, copts = WARNINGS + copts, linkstatic = True, **kwargs)

def cc_binary(name, copts = [], deps = [], **kwargs):
    _cc_binary(name = name, copts = WARNINGS + copts, deps = deps + _SANITIZER_DEPS, **kwargs)

def cc_test(name, copts = [], deps = [], size = "small", **kwargs):
    """A GoogleTest test; gtest, gmock and a main() are linked in."""
    _cc_test(
        name = name,
        size = size,
        copts = WARNINGS + copts,
        linkstatic = True,
        deps = deps + ["//bazel/deps:gtest_main"] + _SANITIZER_DEPS,
        **kwargs
    )

def cc_benchmark(name, copts = [], deps = [], **kwargs):
    """A Google Benchmark program with a main(). `bazel run` it; it is not a test."""
    _cc_binary(
        name = name,
        copts = WARNINGS + copts,
        deps = deps + ["//bazel/deps:benchmark_main"] + _SANITIZER_DEPS,
        **kwargs
    )
