#include "protocol/row_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace shunt {

const char* RowReader::Read(uint32_t stream, const char* p, const char* limit) {
  Slot& slot = slots_[stream == kAnyStream ? 0 : stream + 1];
  RowTemplate::Match match{.at = p};
  if (slot.known == 0) slot.known = last_known_;  // streams of one source are often alike
  if (slot.known != 0) {
    match = templates_[slot.known - 1u]->Read(p, limit);
    if (match.ended) {
      last_known_ = slot.known;
      const std::size_t size = static_cast<std::size_t>(match.at - p);
      return match.non_ascii && !simdjson::validate_utf8(p, size) ? nullptr : match.at;
    }
  }
  const char* const end = ReadRest(p, match, limit);
  if (end == nullptr) return nullptr;
  if (slot.rows_to_learning > 0) {
    --slot.rows_to_learning;
  } else {
    Learn(&slot, {p, static_cast<std::size_t>(end - p)});
  }
  return end;
}

const char* RowReader::ReadRest(const char* row, const RowTemplate::Match& match,
                                const char* limit) const {
  ObjectScanState state;
  if (match.at == row) return scanner_.Scan(row, limit);
  // What stands behind a number that fitted was not looked at, and a quote there may be anything
  // (structural_index.h): what such a line is must not depend on the rows before it.
  if (*match.at == '"') return nullptr;
  state.depth = match.depth;
  state.stack = match.stack;
  state.non_ascii = match.non_ascii;
  return scanner_.ScanRest(row, match.at, limit, state);
}

// Streams whose rows look the same share a template.
void RowReader::Learn(Slot* slot, std::string_view row) {
  slot->rows_to_learning = static_cast<uint16_t>((1u << slot->pause) - 1);
  slot->pause = std::min<uint8_t>(slot->pause + 1, kPauseMax);
  if (candidate_ == nullptr) candidate_ = std::make_unique<RowTemplate>();
  if (!candidate_->Learn(row)) return;
  for (std::size_t i = 0; i < templates_used_; ++i) {
    if (*templates_[i] == *candidate_) {
      slot->known = static_cast<uint8_t>(i + 1);
      return;
    }
  }
  // The one that this stream had, if it is the only user, would be the best to replace; in turn is
  // good enough.
  const std::size_t place =
      templates_used_ < kTemplatesMax
          ? templates_used_++
          : std::exchange(next_to_replace_, (next_to_replace_ + 1) % kTemplatesMax);
  std::swap(templates_[place], candidate_);
  slot->known = static_cast<uint8_t>(place + 1);
}

}  // namespace shunt
