// The vocabulary of the Airbyte protocol as the router needs it: kinds of lines, streams, and where
// a line came from. Plain values; no behaviour. Source: airbyte_protocol.yaml, AirbyteMessage.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace shunt {

enum class Origin : uint8_t { kSource, kDestination, kShunt };
std::string_view OriginName(Origin origin);  // "source", "destination", "shunt"

// What a line, or a piece of a glued line, turned out to be.
enum class LineKind : uint8_t {
  kRecord,
  kState,
  kControl,
  kLog,
  kTrace,
  kOther,      // a message of any other or unknown `type`
  kText,       // not a message: a log line
  kMalformed,  // starts like a message and is none
  kEmpty,      // blanks only
};
inline constexpr int kLineKinds = 9;
std::string_view LineKindName(LineKind kind);  // as in the report: "record", "state", ...

// A stream's identity. An absent and a null namespace are the same and differ from "".
struct StreamDescriptor {
  std::string name;
  std::optional<std::string> name_space;
  bool operator==(const StreamDescriptor&) const = default;
  auto operator<=>(const StreamDescriptor&) const = default;
};

struct StreamDescriptorHash {
  std::size_t operator()(const StreamDescriptor& stream) const {
    const std::size_t name = std::hash<std::string>{}(stream.name);
    return stream.name_space ? name * 31 + std::hash<std::string>{}(*stream.name_space) + 1 : name;
  }
};

}  // namespace shunt
