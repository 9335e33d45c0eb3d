#include "protocol/long_record.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "protocol/envelope_reader.h"
#include "protocol/json_lexemes.h"

namespace shunt {
namespace {

// How many bytes at the end of the part belong to a character that ends in the next one, or none.
std::size_t CutCharacter(std::string_view part) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, part.size()); ++back) {
    const auto byte = static_cast<unsigned char>(part[part.size() - back]);
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) return byte >= 0xF0 || (byte >= 0xE0 && back < 3) || back < 2 ? back : 0;
  }
  return 0;
}

bool IsUtf8(LongRecordReader::Parts parts) {
  std::string seam;  // a character that the part before began
  for (std::string_view part : parts) {
    while (!seam.empty() && !part.empty() && (part.front() & 0xC0) == 0x80) {
      if (seam.size() == 4) return false;  // no character goes on so long
      seam += part.front();
      part.remove_prefix(1);
    }
    if (!part.empty()) {
      if (!simdjson::validate_utf8(seam.data(), seam.size())) return false;
      seam = part.substr(part.size() - CutCharacter(part));
      part.remove_suffix(seam.size());
    }
    if (!simdjson::validate_utf8(part.data(), part.size())) return false;
  }
  return simdjson::validate_utf8(seam.data(), seam.size());
}

}  // namespace

bool LongRecordReader::ReadData(Parts line, std::size_t data) {
  scanner_.Begin();
  tail_bytes_ = 0;
  bool ended = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    std::string_view part = line[i].substr(i == 0 ? data : 0);
    if (!ended) {
      std::size_t taken = 0;
      const auto progress = scanner_.Feed(part, i + 1 == line.size(), &taken);
      if (progress == ObjectScanner::Progress::kUnsure) return false;
      if (progress == ObjectScanner::Progress::kMore) continue;
      ended = true;
      part.remove_prefix(taken);
    }
    if (part.size() > kTailMax - tail_bytes_) return false;
    std::memcpy(tail_.data() + tail_bytes_, part.data(), part.size());
    tail_bytes_ += part.size();
  }
  return ended && (!scanner_.non_ascii() || IsUtf8(line));
}

bool LongRecordReader::Read(const RecordShape& shape, Parts line, RecordNames* names) {
  const std::string_view first = line.front();
  if (first.size() < 2 * kLinePadding) return false;
  const char* const data =
      shape.ReadToData(first.data(), first.data() + first.size() - kLinePadding, names);
  if (data == nullptr || !ReadData(line, static_cast<std::size_t>(data - first.data()))) {
    return false;
  }
  const char* const end = tail_.data() + tail_bytes_;
  const char* p = shape.ReadBehindData(tail_.data(), end, names);
  if (p == nullptr) return false;
  while (p < end && *p != '\n' && IsBlank(*p)) ++p;
  return p + 1 == end && *p == '\n';
}

std::optional<std::string> LongRecordReader::Outline(Parts line) {
  const std::string_view first = line.front();
  EnvelopeReader reader(Validation::kEnvelope);
  reader.Reset();
  const std::size_t open = first.find('{');
  const std::size_t head_max = std::min(first.size(), open + RecordShape::kBytesMax);
  for (std::size_t at = open; at < head_max; ++at) {
    reader.Feed(first.substr(at, 1));
    if (!reader.opened_data()) continue;
    if (!ReadData(line, at)) return std::nullopt;
    std::string outline(first.substr(0, at));
    outline += "{}";
    return outline.append(tail_.data(), tail_bytes_);
  }
  return std::nullopt;
}

}  // namespace shunt
