"""A rival: every line through pydantic models of the protocol and out again, the way PyAirbyte handles messages."""

import sys
from typing import Any, Optional

import pydantic


class Record(pydantic.BaseModel):
    namespace: Optional[str] = None
    stream: str
    data: dict[str, Any]
    emitted_at: int


class State(pydantic.BaseModel):
    type: Optional[str] = None
    stream: Optional[dict[str, Any]] = None
    data: Optional[dict[str, Any]] = None


class Message(pydantic.BaseModel):
    type: str
    record: Optional[Record] = None
    state: Optional[State] = None


def main():
    write = sys.stdout.write
    for line in sys.stdin:
        message = Message.model_validate_json(line)
        if message.type in ("RECORD", "STATE"):
            write(message.model_dump_json(exclude_unset=True))
            write("\n")


if __name__ == "__main__":
    main()
