#include "protocol/json_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "platform/check.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"

namespace shunt {
namespace {

constexpr std::size_t kDepthBound = 64;

// The character that begins at `at`, when it must not reach eyes as it is; {0, 0}: none.
struct Deceiver {
  uint32_t code = 0;
  std::size_t bytes = 0;
};
Deceiver DeceiverAt(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0u;
  };
  if (byte(0) == 0x7F) return {0x7F, 1};
  const uint32_t two = (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
  if ((byte(0) == 0xC2 && byte(1) < 0xA0) || (byte(0) == 0xD8 && two == 0x061C)) return {two, 2};
  if (byte(0) != 0xE2 && byte(0) != 0xEF) return {};
  const uint32_t three = (byte(0) & 0xF) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  const bool deceives = (three >= 0x200E && three <= 0x200F) ||
                        (three >= 0x2028 && three <= 0x202E) ||
                        (three >= 0x2066 && three <= 0x2069) || three == 0xFEFF;
  return deceives ? Deceiver{three, 3} : Deceiver{};
}

}  // namespace

// They stand in strings only: nowhere else are they JSON.
std::string JsonForEyes(std::string json) {
  std::string shown;
  std::size_t done = 0;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const Deceiver found = DeceiverAt(json, at);
    if (found.bytes == 0) continue;
    absl::StrAppend(&shown, absl::string_view(json).substr(done, at - done),
                    absl::StrFormat("\\u%04x", found.code));
    at += found.bytes - 1;
    done = at + 1;
  }
  if (done == 0) return json;
  return shown.append(json, done);
}

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
  absl::StrAppend(&out_, JsonForEyes(JsonQuote(key)), layout_ == Layout::kCompact ? ":" : ": ");
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  return Value(JsonForEyes(JsonQuote(value)));
}
JsonWriter& JsonWriter::Int(int64_t value) { return Value(S(absl::AlphaNum(value).Piece())); }
JsonWriter& JsonWriter::Uint(uint64_t value) { return Value(S(absl::AlphaNum(value).Piece())); }
JsonWriter& JsonWriter::Bool(bool value) { return Value(value ? "true" : "false"); }
JsonWriter& JsonWriter::Null() { return Value("null"); }
JsonWriter& JsonWriter::Raw(std::string_view json) { return Value(JsonForEyes(std::string(json))); }

JsonWriter& JsonWriter::Seconds(int64_t milliseconds) {
  return Value(absl::StrFormat("%d.%03d", milliseconds / 1000, milliseconds % 1000));
}

std::string JsonWriter::text() const {
  SHUNT_CHECK(levels_.empty() && !after_key_);
  return out_ + "\n";
}

std::string JsonWriter::Take() {
  SHUNT_CHECK(levels_.empty() && !after_key_);
  out_.push_back('\n');
  return std::move(out_);
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
  if (layout_ == Layout::kCompact) return;
  out_.push_back('\n');
  out_.append(2 * levels_.size(), ' ');
}

std::string IndentJson(std::string_view json) {
  JsonWriter writer;
  JsonCursor cursor(json);
  for (;;) {
    switch (cursor.Next()) {
      case JsonCursor::Event::kKey:
        writer.Key(JsonUnescape(cursor.token()).value_or(""));
        break;
      case JsonCursor::Event::kScalar:
        writer.Raw(cursor.token());
        break;
      case JsonCursor::Event::kObject:
      case JsonCursor::Event::kArray:
        if (cursor.depth() >= static_cast<int>(kDepthBound)) return std::string(json);
        cursor.last() == JsonCursor::Event::kObject ? writer.BeginObject() : writer.BeginArray();
        break;
      case JsonCursor::Event::kObjectEnd:
      case JsonCursor::Event::kArrayEnd:
        writer.End();
        break;
      case JsonCursor::Event::kEnd:
        return writer.Take();
      case JsonCursor::Event::kError:
        return std::string(json);
    }
  }
}

}  // namespace shunt
