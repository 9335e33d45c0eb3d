from scratch.helper import run
assert run().startswith("hello 6!"), run()
