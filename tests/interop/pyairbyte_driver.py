"""Lets PyAirbyte move data into a destination executable, as its users do. Run with the python of requirements-pyairbyte.txt.

    pyairbyte_driver.py PLAN.json RESULT.json

The plan: `cache` (a DuckDB file for the states), `executable` (the destination), and `steps`: each with a `source` and its
`source_config`, a `destination_config`, and an `environment` for the executables. The result has, for each step, either the
number of records that PyAirbyte moved and the states that came back, or the error that it raised and the exit code in it.
"""

import json
import os
import sys
from pathlib import Path

import airbyte
from airbyte.caches import DuckDBCache
from airbyte.exceptions import PyAirbyteError
from airbyte.strategies import WriteStrategy


def run(step, executable, cache):
    os.environ.update(step["environment"])
    source = airbyte.get_source(
        os.path.basename(step["source"]), config=step["source_config"], local_executable=Path(step["source"]))
    source.select_all_streams()
    destination = airbyte.get_destination(
        "destination-shunt", config=step["destination_config"], local_executable=Path(executable))
    try:
        destination.check()
        written = destination.write(source, cache=False, state_cache=cache, write_strategy=WriteStrategy.APPEND)
    except PyAirbyteError as error:
        cause = error.original_exception
        return {"error": type(error).__name__, "exit_code": (cause.context or {}).get("exit_code") if cause else None}
    streams = [json.loads(state.model_dump_json())["stream"] for state in written.get_state_provider().state_message_artifacts]
    return {"records": written.processed_records,
            "states": {stream["stream_descriptor"]["name"]: stream["stream_state"] for stream in streams}}


def main(plan_path, result_path):
    with open(plan_path, encoding="utf-8") as file:
        plan = json.load(file)
    cache = DuckDBCache(db_path=plan["cache"])
    results = [run(step, plan["executable"], cache) for step in plan["steps"]]
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
