"""clang-tidy as an aspect: `bazel build --config=tidy //...` looks at every C++ source of ours.

An aspect and not a script, because Bazel then knows each file's flags and headers, runs the files in
parallel and remembers those that have not changed.
"""

def _clang_tidy_impl(target, ctx):
    if CcInfo not in target or target.label.workspace_name:
        return []
    context = target[CcInfo].compilation_context
    flags = ["-std=c++20", "-iquote", "."]
    flags += ["-D" + define for define in context.defines.to_list() + context.local_defines.to_list()]
    flags += [flag for flag in getattr(ctx.rule.attr, "copts", []) if not flag.startswith("-W")]

    results = []
    for source in getattr(ctx.rule.files, "srcs", []):
        if source.extension != "cc":
            continue
        result = ctx.actions.declare_file("%s.%s.tidy" % (target.label.name, source.basename))
        ctx.actions.run_shell(
            mnemonic = "ClangTidy",
            progress_message = "clang-tidy " + source.path,
            inputs = depset(
                [source, ctx.file._config] + ctx.rule.files.srcs,
                transitive = [context.headers],
            ),
            outputs = [result],
            # Without findings it prints only how many warnings it left out.
            command = 'out=$1; shift; "$@" >"$out" 2>/dev/null || { cat "$out"; exit 1; }',
            arguments = [
                result.path,
                "/usr/bin/clang-tidy-19",
                "--quiet",
                "--config-file=" + ctx.file._config.path,
                source.path,
                "--",
            ] + flags,
        )
        results.append(result)
    return [OutputGroupInfo(clang_tidy = depset(results))]

clang_tidy = aspect(
    implementation = _clang_tidy_impl,
    attrs = {
        "_config": attr.label(default = "//:.clang-tidy", allow_single_file = True),
    },
)
