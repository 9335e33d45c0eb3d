// Table: rows of text with aligned columns, for people. Cells are made safe to show: control
// characters of foreign names become visible escapes. Widths count characters, not bytes.
//
// Threads: one at a time. Errors: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shunt {

class Table {
 public:
  // A title that begins with '>' stands above a column of numbers, aligned to the right.
  explicit Table(std::vector<std::string> titles);

  // REQUIRES: as many cells as titles. "" is shown as "-".
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.size() == 1; }

  // Lines with their newlines; each begins with `indent` blanks and none ends with blanks.
  std::string ToString(int indent = 0) const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // the titles first
};

// At most `characters_max` characters of `text`, the last one an ellipsis when something was cut.
std::string Shorten(std::string_view text, std::size_t characters_max);

}  // namespace shunt
