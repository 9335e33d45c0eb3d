#include "protocol/record_shape.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "protocol/json_lexemes.h"
#include "protocol/line_scanner.h"

namespace shunt {
bool RecordShape::AddSegment(const char* begin, const char* end, Hole hole) {
  const std::size_t size = static_cast<std::size_t>(end - begin);
  if (size > kBytesMax - bytes_used_ || FindBackslash(begin, end) != end) return false;
  segments_[segments_used_++] = {static_cast<uint32_t>(bytes_used_), static_cast<uint32_t>(size),
                                 hole};
  std::memcpy(bytes_.data() + bytes_used_, begin, size);
  bytes_used_ += size;
  return true;
}

bool RecordShape::Learn(std::string_view line, const char* base, const uint32_t* token,
                        const RecordHoles& holes, const Envelope& envelope) {
  struct Place {
    const char* begin;  // of the value; of a name, behind its quote
    const char* end;    // behind it; of a name, its closing quote
    Hole hole;
  };
  std::vector<Place> places;
  const auto name = [&](std::string_view text, Hole hole) {
    places.push_back({text.data(), text.data() + text.size(), hole});
  };
  segments_used_ = bytes_used_ = 0;
  has_namespace_ = envelope.name_space == JsonKind::kString;
  name(envelope.stream_text, Hole::kStream);
  if (has_namespace_) name(envelope.namespace_text, Hole::kNamespace);
  const char* const data = base + *holes.data;
  places.push_back({data, base + holes.data_end[-1] + 1, Hole::kData});
  if (holes.emitted_at != nullptr && IsDigit(base[*holes.emitted_at])) {
    const char* const number = base + *holes.emitted_at;
    places.push_back({number, SkipDigits(number, line.data() + line.size()), Hole::kEmittedAt});
  }
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.begin < b.begin; });

  const char* from = base + *token;
  int names_left = has_namespace_ ? 2 : 1;
  for (const Place& place : places) {
    if (!AddSegment(from, place.begin, place.hole)) {
      segments_used_ = 0;
      return false;
    }
    if (place.hole == Hole::kData) {
      behind_data_ = segments_used_;
      names_before_data_ = names_left == 0;
    } else if (place.hole != Hole::kEmittedAt) {
      --names_left;
    }
    from = place.end;
  }
  // Up to the last bracket; blanks behind it are free.
  const char* last = line.data() + line.size();
  while (*(last - 1) != '}') --last;
  if (!AddSegment(from, last, Hole::kEnd)) segments_used_ = 0;
  return learned();
}

bool RecordShape::operator==(const RecordShape& other) const {
  return segments_used_ == other.segments_used_ && bytes_used_ == other.bytes_used_ &&
         has_namespace_ == other.has_namespace_ &&
         std::equal(segments_.begin(), segments_.begin() + segments_used_,
                    other.segments_.begin()) &&
         std::memcmp(bytes_.data(), other.bytes_.data(), bytes_used_) == 0;
}

const char* RecordShape::Read(std::size_t first, const char* p, const char* limit,
                              RecordNames* names) const {
  for (const Segment* segment = &segments_[first];; ++segment) {
    if (segment->size > static_cast<std::size_t>(limit - p) ||
        !EqualBytes(p, bytes_.data() + segment->begin, segment->size)) {
      return nullptr;
    }
    p += segment->size;
    switch (segment->hole) {
      case Hole::kEnd:
        return p;
      case Hole::kData:
        return p < limit && *p == '{' ? p : nullptr;
      case Hole::kStream:
      case Hole::kNamespace: {
        bool non_ascii = false;
        const char* const end =
            FindStringStop(p, p + std::min<std::ptrdiff_t>(limit - p, kNameBytesMax), &non_ascii);
        if (end >= limit || *end != '"' || end - p > static_cast<std::ptrdiff_t>(kNameBytesMax)) {
          return nullptr;  // the name needs a closer look
        }
        names->ascii &= !non_ascii;
        (segment->hole == Hole::kStream ? names->stream : names->name_space) = {
            p, static_cast<std::size_t>(end - p)};
        p = end;
        break;
      }
      case Hole::kEmittedAt: {
        // Digits only; a fraction or an exponent does not equal what follows.
        const char* const end = SkipDigits(p, limit);
        if (end == p || end > limit || (*p == '0' && end - p > 1)) return nullptr;
        p = end;
        break;
      }
    }
  }
}

}  // namespace shunt
