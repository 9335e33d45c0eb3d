#!/bin/sh
# Runs a Python test script (python_test in script.bzl). Imports start at the root of the runfiles.
export PYTHONPATH="$PWD" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$@"
