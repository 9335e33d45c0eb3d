#include "transforms/text_edits.h"

#include <algorithm>
#include <utility>

#include "platform/check.h"

namespace shunt {

void TextEdits::Replace(std::string_view piece, std::string by) {
  SHUNT_CHECK(piece.data() >= text_.data() &&
              piece.data() + piece.size() <= text_.data() + text_.size());
  const std::size_t begin = static_cast<std::size_t>(piece.data() - text_.data());
  edits_.push_back({begin, begin + piece.size(), std::move(by)});
}

std::string TextEdits::Apply() const {
  std::vector<const Edit*> sorted;
  for (const Edit& edit : edits_) sorted.push_back(&edit);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Edit* a, const Edit* b) { return a->begin < b->begin; });
  std::string result;
  std::size_t done = 0;
  for (const Edit* edit : sorted) {
    SHUNT_CHECK(edit->begin >= done);
    result.append(text_.substr(done, edit->begin - done)).append(edit->by);
    done = edit->end;
  }
  result.append(text_.substr(done));
  return result;
}

}  // namespace shunt
