// JsonWriter: builds one JSON document, pretty-printed, in the order of the calls. For what people
// and scripts read: the report, the listings. Always legal JSON: bytes that are no UTF-8 are
// replaced. Safe to look at: see JsonForEyes.
//
//   JsonWriter json;
//   json.BeginObject().Key("name").String("orders").Key("records").Int(3).End();
//   Print(json.text());
//
// Threads: one at a time. Errors: none; unbalanced calls are a bug (CHECK). Depth: at most 64.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shunt {

// The same JSON value, with what acts on a terminal or turns the direction of a text (DEL, C1
// controls, separators of lines, direction marks) written as escapes. `json` is well-formed.
std::string JsonForEyes(std::string json);

class JsonWriter {
 public:
  enum class Layout : uint8_t { kIndented, kCompact };
  explicit JsonWriter(Layout layout = Layout::kIndented) : layout_(layout) {}

  JsonWriter& BeginObject();
  JsonWriter& BeginArray();
  JsonWriter& End();
  // REQUIRES: inside an object; a value follows.
  JsonWriter& Key(std::string_view key);

  JsonWriter& String(std::string_view value);
  JsonWriter& Int(int64_t value);
  JsonWriter& Uint(uint64_t value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // Milliseconds as seconds with three digits: 1.250.
  JsonWriter& Seconds(int64_t milliseconds);
  // A value that is JSON already. REQUIRES: it is one well-formed value.
  JsonWriter& Raw(std::string_view json);

  // The document, ended by a newline. REQUIRES: all that was begun is ended.
  std::string text() const;
  // The same, without a copy of it; the writer is of no use any more.
  std::string Take();
  void Reserve(std::size_t bytes) { out_.reserve(bytes); }

 private:
  struct Level {
    char close;
    bool empty = true;
  };
  JsonWriter& Begin(char open, char close);
  JsonWriter& Value(std::string_view literal);
  void Separate();
  void NewLine();

  const Layout layout_;
  std::string out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

// `json`, one well-formed value, as an indented document. What nests too deeply for that is given
// back as it is.
std::string IndentJson(std::string_view json);

}  // namespace shunt
