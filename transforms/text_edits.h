// TextEdits: pieces of a text to be replaced by others; what lies between them stays as it is.
// Threads: one. The pieces are views of the text; two that overlap are a bug (CHECK).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

class TextEdits {
 public:
  // The text outlives this.
  explicit TextEdits(std::string_view text) : text_(text) {}

  // `piece` is a view of the text; an empty one is a place to insert at.
  void Replace(std::string_view piece, std::string by);

  std::string Apply() const;

 private:
  struct Edit {
    std::size_t begin = 0, end = 0;
    std::string by;
  };
  std::string_view text_;
  std::vector<Edit> edits_;
};

}  // namespace shunt
