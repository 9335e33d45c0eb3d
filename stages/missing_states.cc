#include "stages/missing_states.h"

#include "absl/strings/str_cat.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

std::string StateLine(const StreamDescriptor& stream) {
  return absl::StrCat(
      R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":)",
      JsonQuote(stream.name),
      stream.name_space ? absl::StrCat(R"(,"namespace":)", JsonQuote(*stream.name_space)) : "",
      R"(},"stream_state":{}}}})", "\n");
}

}  // namespace

std::string MissingStates::Next(const std::function<bool(std::size_t)>& lacks_state,
                                std::size_t bytes_max) {
  std::string lines;
  for (; next_stream_ < catalog_.streams.size(); ++next_stream_) {
    const ConfiguredStream& stream = catalog_.streams[next_stream_];
    if (!stream.full_refresh || stream.resumable) continue;
    if (!lacks_state(next_stream_)) continue;
    const std::string line = StateLine(stream.stream);
    if (!lines.empty() && lines.size() + line.size() > bytes_max) break;
    lines += line;
    ++injected_;
  }
  return lines;
}

}  // namespace shunt
