"""Tests that are Python or shell scripts."""

def python_test(name, main, data = [], args = [], deps = [], size = "small", **kwargs):
    """Runs a Python script, standard library only, with Debian's /usr/bin/python3.

    Bazel's own py_test wants a Python toolchain that is not worth having for this.

    The working directory is the root of the runfiles, where a file is found under the path it has in
    the repository (a binary `//cli:shunt` in `data` is `cli/shunt`), and it is on the module path.

    Args:
      name: name of the test.
      main: the script.
      data: files and binaries that the script needs.
      args: arguments of the script; $(rootpath ...) works.
      deps: Python files, or filegroups of them, that the script imports.
      size: as for every Bazel test.
      **kwargs: the usual attributes of a test (tags, timeout, env, ...).
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//bazel:python_test.sh"],
        args = ["$(rootpath %s)" % main] + args,
        data = [main] + data + deps,
        **kwargs
    )

def script_test(name, main, data = [], args = [], deps = [], size = "small", **kwargs):
    """Runs an executable script; the working directory is as in python_test."""
    native.sh_test(
        name = name,
        size = size,
        srcs = [main],
        args = args,
        data = data + deps,
        **kwargs
    )
