"""Fuzz targets: one file each, replayed by every test run and fuzzed by `make fuzz`."""

load("//bazel:cc.bzl", "cc_binary", "cc_library", "cc_test")

def fuzz_target(name, src, deps, kernels = False):
    """Makes of `src`, which defines FuzzOne and Outcomes (fuzz.h):

    * <name>_replay_test: corpus/<name>/ through FuzzOne, an ordinary test; <name>_replay_test_fallback with the
      portable SIMD kernel, if `kernels`;
    * <name>_fuzz: the libFuzzer program. It links under --config=fuzz only, so it is built by name only.

    Args:
      name: of the target and of its corpus.
      src: <name>_fuzz.cc.
      deps: what it fuzzes.
      kernels: whether the target depends on the kernel that is picked at run time, and does not compare
        them by itself.
    """
    cc_library(
        name = name + "_one",
        testonly = True,
        srcs = [src],
        deps = deps + [":fuzz"],
        alwayslink = True,
    )
    for suffix, env in [("", {})] + ([("_fallback", {"SIMDJSON_FORCE_IMPLEMENTATION": "fallback"})] if kernels else []):
        cc_test(
            name = name + "_replay_test" + suffix,
            data = native.glob(["corpus/%s/*" % name]),
            env = dict(env, SHUNT_FUZZ_CORPUS = "tests/fuzz/corpus/" + name),
            deps = [":replay", ":%s_one" % name],
        )
    cc_binary(
        name = name + "_fuzz",
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":fuzzer", ":%s_one" % name],
    )
