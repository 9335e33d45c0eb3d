#include "cli/table.h"

#include <algorithm>
#include <utility>

#include "platform/check.h"
#include "secrets/masker.h"

namespace shunt {
namespace {

constexpr std::size_t kGapColumns = 2;

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), BeginsCharacter));
}

void AppendCell(const std::string& cell, std::size_t columns, bool right, std::string* out) {
  const std::size_t padding = columns - Characters(cell);
  if (right) out->append(padding, ' ');
  out->append(cell);
  if (!right) out->append(padding, ' ');
}

}  // namespace

Table::Table(std::vector<std::string> titles) {
  for (std::string& title : titles) {
    right_.push_back(title.starts_with('>'));
    if (right_.back()) title.erase(0, 1);
  }
  rows_.push_back(std::move(titles));
}

void Table::AddRow(std::vector<std::string> cells) {
  SHUNT_CHECK(cells.size() == right_.size());
  for (std::string& cell : cells) cell = cell.empty() ? "-" : EscapeForLog(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::ToString(int indent) const {
  std::vector<std::size_t> columns(right_.size());
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      columns[i] = std::max(columns[i], Characters(row[i]));
    }
  }
  std::string out;
  for (const std::vector<std::string>& row : rows_) {
    out.append(static_cast<std::size_t>(indent), ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out.append(kGapColumns, ' ');
      AppendCell(row[i], columns[i], right_[i], &out);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out.push_back('\n');
  }
  return out;
}

std::string Shorten(std::string_view text, std::size_t characters_max) {
  if (Characters(text) <= characters_max) return std::string(text);
  std::size_t end = 0;
  for (std::size_t left = characters_max; end < text.size(); ++end) {
    if (BeginsCharacter(text[end]) && left-- == 1) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace shunt
