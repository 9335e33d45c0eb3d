#include "protocol/json_writer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "platform/check.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

constexpr std::size_t kDepthBound = 64;

}  // namespace

JsonWriter& JsonWriter::BeginObject() { return Begin('{', '}'); }
JsonWriter& JsonWriter::BeginArray() { return Begin('[', ']'); }

JsonWriter& JsonWriter::Begin(char open, char close) {
  SHUNT_CHECK(levels_.size() < kDepthBound);
  Separate();
  out_.push_back(open);
  levels_.push_back({close});
  return *this;
}

JsonWriter& JsonWriter::End() {
  SHUNT_CHECK(!levels_.empty() && !after_key_);
  const Level level = levels_.back();
  levels_.pop_back();
  if (!level.empty) NewLine();
  out_.push_back(level.close);
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  SHUNT_CHECK(!levels_.empty() && levels_.back().close == '}' && !after_key_);
  Separate();
  absl::StrAppend(&out_, JsonQuote(key), ": ");
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) { return Value(JsonQuote(value)); }
JsonWriter& JsonWriter::Int(int64_t value) { return Value(S(absl::AlphaNum(value).Piece())); }
JsonWriter& JsonWriter::Uint(uint64_t value) { return Value(S(absl::AlphaNum(value).Piece())); }
JsonWriter& JsonWriter::Bool(bool value) { return Value(value ? "true" : "false"); }
JsonWriter& JsonWriter::Null() { return Value("null"); }
JsonWriter& JsonWriter::Raw(std::string_view json) { return Value(json); }

JsonWriter& JsonWriter::Seconds(int64_t milliseconds) {
  return Value(absl::StrFormat("%d.%03d", milliseconds / 1000, milliseconds % 1000));
}

std::string JsonWriter::text() const {
  SHUNT_CHECK(levels_.empty() && !after_key_);
  return out_ + "\n";
}

JsonWriter& JsonWriter::Value(std::string_view literal) {
  Separate();
  out_.append(literal);
  return *this;
}

// What stands between the last value and the next one.
void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  if (!levels_.back().empty) out_.push_back(',');
  levels_.back().empty = false;
  NewLine();
}

void JsonWriter::NewLine() {
  out_.push_back('\n');
  out_.append(2 * levels_.size(), ' ');
}

}  // namespace shunt
