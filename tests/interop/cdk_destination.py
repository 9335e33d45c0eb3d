"""A destination on Airbyte's CDK (MIT): appends JSON lines per stream, and returns a state when what came before it is on disk."""

import os
import sys
import urllib.parse

import orjson
from airbyte_cdk.destinations import Destination
from airbyte_cdk.models import AirbyteConnectionStatus, ConnectorSpecification, DestinationSyncMode, Status, Type


class JsonLines(Destination):
    def spec(self, logger):
        return ConnectorSpecification(
            supported_destination_sync_modes=[DestinationSyncMode.append, DestinationSyncMode.overwrite],
            connectionSpecification={"type": "object", "required": ["directory"], "additionalProperties": False,
                                     "properties": {"directory": {"type": "string"}}})

    def check(self, logger, config):
        return AirbyteConnectionStatus(status=Status.SUCCEEDED if os.path.isdir(config["directory"]) else Status.FAILED)

    def write(self, config, configured_catalog, input_messages):
        files = {}
        for stream in configured_catalog.streams:
            name = stream.stream.name
            path = os.path.join(config["directory"], urllib.parse.quote(name, safe="") + ".jsonl")
            files[name] = open(path, "wb" if stream.destination_sync_mode == DestinationSyncMode.overwrite else "ab")
        for message in input_messages:
            if message.type == Type.RECORD:
                files[message.record.stream].write(orjson.dumps(message.record.data) + b"\n")
            elif message.type == Type.STATE:
                for file in files.values():
                    file.flush()
                    os.fsync(file.fileno())
                yield message


if __name__ == "__main__":
    JsonLines().run(sys.argv[1:])
