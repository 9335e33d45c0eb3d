"""Bazel's built-in repositories, taken from installed Debian packages.

Bazel 4 fetches a handful of repositories from the network, even for a build that is C++ only. Each of
them is replaced here, so that a build works offline after tools/install. A repository that WORKSPACE
declares wins over the built-in one of the same name.
"""

_SHARE = "/usr/share/bazel"

def _debian_rules_cc_impl(ctx):
    # Debian's rules_cc is newer than Debian's Bazel: it loads use_cpp_toolchain(), which
    # @bazel_tools does not have before Bazel 5. The function returns the list that is put in here.
    ctx.execute(["cp", "-R", _SHARE + "/rules/cc/.", "."])
    ctx.delete("MODULE.bazel")
    patch = ctx.execute([
        "sed",
        "-i",
        "-e",
        's/, "use_cpp_toolchain")/)/',
        "-e",
        's|= use_cpp_toolchain()|= ["@bazel_tools//tools/cpp:toolchain_type"]|',
        "cc/private/rules_impl/cc_flags_supplier.bzl",
        "cc/private/rules_impl/compiler_flag.bzl",
    ])
    if patch.return_code != 0:
        fail("bazel-rules-cc is not installed or has changed (run tools/install): " + patch.stderr)

_debian_rules_cc = repository_rule(implementation = _debian_rules_cc_impl, local = True)

def _coverage_stub_impl(ctx):
    ctx.file("BUILD", """
filegroup(
    name = "coverage_report_generator",
    visibility = ["//visibility:public"],
)

filegroup(
    name = "lcov_merger",
    visibility = ["//visibility:public"],
)
""")

# `bazel test` resolves the coverage tools even when no coverage is collected; these are empty.
_coverage_stub = repository_rule(implementation = _coverage_stub_impl)

def debian_repositories():
    """Declares every repository that Bazel would otherwise download."""
    _debian_rules_cc(name = "rules_cc")
    _coverage_stub(name = "remote_coverage_tools")

    # The Java and protobuf rules are not used by us: @bazel_tools loads them.
    native.local_repository(name = "rules_java", path = _SHARE + "/rules/java")
    native.local_repository(name = "rules_proto", path = _SHARE + "/rules/proto")
    native.local_repository(name = "platforms", path = _SHARE + "/tools/platforms")
    native.local_repository(name = "bazel_skylib", path = _SHARE + "/tools/skylib")
