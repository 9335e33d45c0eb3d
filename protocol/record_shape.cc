#include "protocol/record_shape.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "protocol/json_lexemes.h"
#include "protocol/line_scanner.h"

namespace shunt {

// Whole vectors; of the last one, as many bytes as are left. Reads up to 15 bytes more on both
// sides.
inline bool RecordShape::Equal(const char* a, const char* b, std::size_t size) {
  using line_scanner_internal::Load16;
  for (; size >= 16; a += 16, b += 16, size -= 16) {
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(Load16(a), Load16(b))) != 0xFFFF) return false;
  }
  const uint32_t equal =
      static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(Load16(a), Load16(b))));
  return (~equal & ((1u << size) - 1)) == 0;
}

void RecordShape::AddSegment(const char* begin, const char* end, std::ptrdiff_t tokens, Hole hole) {
  const std::size_t size = static_cast<std::size_t>(end - begin);
  segments_list_[static_cast<std::size_t>(segments_++)] = {static_cast<uint32_t>(bytes_used_),
                                                           static_cast<uint32_t>(size),
                                                           static_cast<uint32_t>(tokens), hole};
  std::memcpy(bytes_.data() + bytes_used_, begin, size);
  bytes_used_ += size;
}

bool RecordShape::Learn(std::string_view line, const char* base, const uint32_t* token,
                        const RecordHoles& holes, const Envelope& envelope) {
  struct Place {
    const uint32_t* token;   // of the value
    const uint32_t* behind;  // the entry behind it
    Hole hole;
  };
  std::array<Place, 3> places = {{{holes.stream, holes.stream + 1, Hole::kStream},
                                  {holes.data, holes.data_end, Hole::kData},
                                  {holes.emitted_at, holes.emitted_at + 1, Hole::kEmittedAt}}};
  std::size_t count = 3;
  if (holes.emitted_at == nullptr || !IsDigit(base[*holes.emitted_at])) --count;
  std::sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(count),
            [](const Place& a, const Place& b) { return a.token < b.token; });

  segments_ = 0;
  bytes_used_ = 0;
  const char* from = base + *token;
  const char* const line_end = line.data() + line.size();
  std::size_t constant = static_cast<std::size_t>(line_end - from);
  for (std::size_t i = 0; i < count; ++i) constant -= *places[i].behind - *places[i].token;
  if (constant > kBytesMax) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const Place& place = places[i];
    AddSegment(from, base + *place.token, place.token - token, place.hole);
    // A string's closing quote is no token: it begins the next segment, so no blank may follow it.
    from = base + *place.behind;
    if (place.hole == Hole::kStream && *--from != '"') {
      segments_ = 0;
      return false;
    }
    token = place.behind;
  }
  // Up to the last bracket; blanks behind it are free.
  const uint32_t* last = token;
  while (*(last + 1) < static_cast<uint32_t>(line_end - base)) ++last;
  AddSegment(from, base + *last + 1, last + 1 - token, Hole::kEnd);
  has_namespace_ = envelope.name_space == JsonKind::kString;
  name_space_ = has_namespace_ ? envelope.namespace_text : std::string_view();
  return true;
}

const uint32_t* RecordShape::Read(const IndexWalker& walker, const char* base, uint32_t line_end,
                                  const uint32_t* token, std::string_view* stream) const {
  const char* const end = base + line_end;
  const char* at = base + *token;
  for (const Segment* segment = segments_list_.data();; ++segment) {
    if (segment->size > static_cast<std::size_t>(end - at) ||
        !Equal(at, bytes_.data() + segment->begin, segment->size)) {
      return nullptr;
    }
    at += segment->size;
    token += segment->tokens;
    if (segment->hole == Hole::kEnd) return token;
    if (base + token[0] != at || at >= end) return nullptr;
    switch (segment->hole) {
      case Hole::kStream:
        at = base + token[1] - 1;
        if (base[token[0]] != '"' || *at != '"' || at >= end) return nullptr;
        *stream = {base + token[0] + 1, static_cast<std::size_t>(at - base - token[0] - 1)};
        ++token;
        break;
      case Hole::kEmittedAt:
        if (!IsDigit(*at) || !CheckNumber(at, end)) return nullptr;
        ++token;
        at = base + *token;
        break;
      case Hole::kData:
        if (*at != '{') return nullptr;
        token = walker.SkipData(token);
        if (token == nullptr) return nullptr;
        at = base + *token;
        break;
      case Hole::kEnd:
        break;
    }
    if (at > end) return nullptr;
  }
}

std::optional<std::string_view> RecordShape::name_space() const {
  if (!has_namespace_) return std::nullopt;
  return name_space_;
}

}  // namespace shunt
