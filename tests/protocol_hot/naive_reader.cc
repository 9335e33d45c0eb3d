#include "tests/protocol_hot/naive_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "protocol/state.h"

namespace shunt::testing {
namespace {

using Kind = LineItem::Kind;

constexpr std::string_view kBlanks = " \t\r\n";

bool Contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

// ---- JSON by recursive descent ----------------------------------------------------------------

struct Member;
struct Value {
  char kind = '?';              // the first byte
  std::string_view text;        // of a string: between the quotes
  std::vector<Member> members;  // of an object
};
struct Member {
  std::string key;  // as written
  Value value;
};

class Parser {
 public:
  Parser(std::string_view text, bool relaxed_data) : text_(text), relaxed_data_(relaxed_data) {}

  // An object at `at`; its end, or nothing.
  std::optional<std::size_t> Object(std::size_t at, Value* value) {
    at_ = at;
    if (at_ >= text_.size() || text_[at_] != '{' || !Any(value, 1, {})) return std::nullopt;
    return at_;
  }

 private:
  using Path = std::vector<std::string>;

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void Blanks() {
    while (at_ < text_.size() && Contains(kBlanks, text_[at_])) ++at_;
  }

  bool Any(Value* value, int depth, const Path& path) {
    value->kind = Peek();
    if (value->kind == '{' && relaxed_data_ && path == Path{"record", "data"})
      return Relaxed(depth);
    switch (value->kind) {
      case '{':
        return depth <= 1024 && Members(value, depth, path);
      case '[':
        return depth <= 1024 && Elements(depth);
      case '"':
        return String(&value->text);
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  bool Members(Value* value, int depth, const Path& path) {
    Take('{');
    Blanks();
    if (Take('}')) return true;
    for (;;) {
      std::string_view key;
      Blanks();
      if (!String(&key)) return false;
      Blanks();
      if (!Take(':')) return false;
      Blanks();
      Path inner = path;
      inner.emplace_back(key);
      Value member;
      if (!Any(&member, depth + 1, inner)) return false;
      value->members.push_back({std::string(key), member});
      Blanks();
      if (Take('}')) return true;
      if (!Take(',')) return false;
    }
  }

  bool Elements(int depth) {
    Take('[');
    Blanks();
    if (Take(']')) return true;
    for (;;) {
      Value element;
      Blanks();
      // The path names no key we know, so nothing below is relaxed.
      if (!Any(&element, depth + 1, {"[", "[", "["})) return false;
      Blanks();
      if (Take(']')) return true;
      if (!Take(',')) return false;
    }
  }

  // Brackets and strings; no quote, backslash or byte beyond ASCII in or right behind a bare word.
  bool Relaxed(int depth) {
    std::string open;
    bool in_word = false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (Contains("{[", c)) {
        if (depth + static_cast<int>(open.size()) > 1024) return false;
        open += c;
      } else if (Contains("}]", c)) {
        if (open.back() != (c == '}' ? '{' : '[')) return false;
        open.pop_back();
        if (open.empty()) return Take('}');
      } else if (c == '"') {
        std::string_view ignored;
        if (in_word || !String(&ignored)) return false;
        in_word = false;
        continue;
      } else if (c == '\\') {
        return false;
      }
      if (static_cast<unsigned char>(c) >= 0x80) return false;
      in_word = !Contains(" \t\r\n,:{}[]", c);
      ++at_;
    }
    return false;
  }

  // How many bytes the character at at_ has; 0 when they are no UTF-8.
  std::size_t Character() const {
    const auto byte = [this](std::size_t i) -> uint32_t {
      return at_ + i < text_.size() ? static_cast<uint8_t>(text_[at_ + i]) : 0;
    };
    const auto tail = [&byte](std::size_t i) { return byte(i) >> 6 == 2; };
    const uint32_t first = byte(0);
    if (first < 0x80) return 1;
    if (first >> 5 == 6 && tail(1)) return first >= 0xC2 ? 2 : 0;
    if (first >> 4 == 14 && tail(1) && tail(2)) {
      const uint32_t code = (first & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
      return code >= 0x800 && (code < 0xD800 || code > 0xDFFF) ? 3 : 0;
    }
    if (first >> 3 == 30 && tail(1) && tail(2) && tail(3)) {
      const uint32_t code = (first & 7) << 18 | (byte(1) & 63) << 12 | (byte(2) & 63) << 6;
      return code >= 0x10000 && code <= 0x10FFFF ? 4 : 0;
    }
    return 0;
  }

  bool String(std::string_view* content) {
    if (!Take('"')) return false;
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        *content = text_.substr(begin, at_ - begin);
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\') {
        ++at_;
        const char escape = Peek();
        if (escape == 'u') {
          for (std::size_t i = 1; i <= 4; ++i) {
            if (at_ + i >= text_.size() || !Contains("0123456789abcdefABCDEF", text_[at_ + i])) {
              return false;
            }
          }
          at_ += 5;
        } else if (escape != '\0' && Contains("\"\\/bfnrt", escape)) {
          ++at_;
        } else {
          return false;
        }
        continue;
      }
      const std::size_t size = Character();
      if (size == 0) return false;
      at_ += size;
    }
    return false;
  }

  bool Ended() const { return at_ < text_.size() && Contains(" \t\r\n,:{}[]", text_[at_]); }

  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return Ended();
  }

  bool Digits() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && Contains("0123456789", text_[at_])) ++at_;
    return at_ > begin;
  }

  bool Number() {
    Take('-');
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (!Digits()) return false;
    }
    return Ended();
  }

  const std::string_view text_;
  const bool relaxed_data_;
  std::size_t at_ = 0;
};

// ---- the envelope -----------------------------------------------------------------------------

// With its escapes resolved; nothing for a lone surrogate.
std::optional<std::u32string> Unescape(std::string_view raw) {
  std::u32string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out += static_cast<unsigned char>(raw[i]);  // bytes, not characters: good enough to compare
      continue;
    }
    ++i;
    static const std::map<char, char32_t> kSimple = {
        {'b', 8}, {'f', 12}, {'n', 10}, {'r', 13}, {'t', 9}};
    if (raw[i] != 'u') {
      const auto simple = kSimple.find(raw[i]);
      out += simple != kSimple.end() ? simple->second : static_cast<char32_t>(raw[i]);
      continue;
    }
    const uint32_t code =
        static_cast<uint32_t>(std::stoul(std::string(raw.substr(i + 1, 4)), nullptr, 16));
    i += 4;
    // Surrogates are joined below, in a second look. What is above U+007F becomes its UTF-8 bytes.
    out += code >= 0xD800 && code <= 0xDFFF
               ? static_cast<char32_t>(0x1000000 + code)
               : static_cast<char32_t>(code < 0x80 ? code : 0x2000000 + code);
  }
  std::u32string joined;
  const auto put = [&joined](uint32_t byte) { joined.push_back(static_cast<char32_t>(byte)); };
  const auto utf8 = [&put](uint32_t code) {
    if (code >= 0x10000) {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 63));
    } else if (code >= 0x800) {
      put(0xE0 | code >> 12);
    } else {
      put(0xC0 | code >> 6);
    }
    if (code >= 0x800) put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const uint32_t code = out[i];
    if (code >= 0x2000000) {
      utf8(code - 0x2000000);
    } else if (code >= 0x1000000) {
      const uint32_t high = code - 0x1000000;
      const uint32_t low = i + 1 < out.size() ? out[i + 1] - 0x1000000 : 0;
      if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF) return std::nullopt;
      utf8(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF));
      ++i;
    } else {
      put(code);
    }
  }
  return joined;
}

std::u32string Wide(std::string_view text) {
  std::u32string wide;
  for (const char c : text) wide += static_cast<unsigned char>(c);
  return wide;
}

const std::set<std::string> kPayloads = {"record", "state",   "control", "trace",
                                         "log",    "catalog", "spec",    "connectionStatus"};

bool OddKeys(const Value& object) {
  std::set<std::string> seen;
  for (const auto& [key, value] : object.members) {
    if (key.find('\\') != std::string::npos || !seen.insert(key).second) return true;
  }
  return false;
}

const Value* Find(const Value& object, const std::string& name) {
  for (const auto& [key, value] : object.members) {
    if (key == name) return &value;
  }
  return nullptr;
}

struct Judged {
  Kind kind = Kind::kMalformed;
  std::optional<uint32_t> stream = {};
  bool string_type = true;
};

Judged JudgeRecord(const Value& object, const ConfiguredCatalog& catalog) {
  const Value* record = Find(object, "record");
  if (record == nullptr || record->kind != '{') return {};
  const Value* stream = Find(*record, "stream");
  const Value* data = Find(*record, "data");
  const Value* name_space = Find(*record, "namespace");
  if (stream == nullptr || stream->kind != '"' || data == nullptr || data->kind != '{') return {};
  const auto name = Unescape(stream->text);
  std::optional<std::u32string> space;
  if (!name) return {};
  if (name_space != nullptr && name_space->kind != 'n') {
    if (name_space->kind != '"') return {};
    space = Unescape(name_space->text);
    if (!space) return {};
  }
  for (uint32_t i = 0; i < catalog.streams.size(); ++i) {
    const StreamDescriptor& known = catalog.streams[i].stream;
    std::optional<std::u32string> known_space;
    if (known.name_space) known_space = Wide(*known.name_space);
    if (Wide(known.name) == *name && known_space == space) return {Kind::kRun, i};
  }
  return {Kind::kUnknownStream};
}

Judged JudgeObject(const Value& object, std::string_view text, const ConfiguredCatalog& catalog) {
  bool string_type = false, payload = false;
  for (const auto& [key, value] : object.members) {
    const auto name = Unescape(key);
    if (!name) continue;
    string_type |= *name == Wide("type") && value.kind == '"';
    for (const std::string& one : kPayloads) payload |= *name == Wide(one);
  }
  if (!string_type) return {payload ? Kind::kMalformed : Kind::kText, {}, false};
  if (OddKeys(object)) return {};
  for (const std::string& one : kPayloads) {
    const Value* value = Find(object, one);
    if (value != nullptr && value->kind == '{' && OddKeys(*value)) return {};
  }
  const auto type = Unescape(Find(object, "type")->text);
  if (!type) return {};
  if (*type == U"RECORD") return JudgeRecord(object, catalog);
  if (*type == U"STATE") {
    return {ParseState(text).ok() ? Kind::kState : Kind::kUnusableState};
  }
  if (*type == U"LOG") return {Kind::kLog};
  if (*type == U"TRACE") return {Kind::kTrace};
  if (*type == U"CONTROL") return {Kind::kControl};
  return {Kind::kOther};
}

// ---- lines ------------------------------------------------------------------------------------

struct Piece {
  std::size_t begin = 0;
  Judged judged;
};

class LineReader {
 public:
  LineReader(std::string_view line, bool ended, const ConfiguredCatalog& catalog,
             Validation validation)
      : line_(line),
        ended_(ended),
        catalog_(catalog),
        relaxed_(validation == Validation::kEnvelope) {}

  // Nothing: an empty line.
  std::vector<Piece> Read() {
    const std::size_t first = line_.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    const std::size_t second = line_.find_first_not_of(kBlanks, first + 1);
    if (line_[first] != '{') return Text();
    if (second == std::string_view::npos) return ended_ ? Text() : Malformed();
    if (line_[second] != '"' && line_[second] != '}') return Text();
    std::vector<Piece> pieces;
    for (std::size_t at = first; at < line_.size();) {
      const auto piece = ObjectAt(at, relaxed_);
      if (!piece) return Malformed();
      pieces.push_back({pieces.empty() ? 0 : at, piece->first});
      at = std::min(line_.find_first_not_of(kBlanks, piece->second), line_.size());
    }
    return Finish(pieces);
  }

 private:
  std::optional<std::pair<Judged, std::size_t>> ObjectAt(std::size_t at, bool relaxed) {
    Value value;
    const auto end = Parser(line_, relaxed).Object(at, &value);
    if (!end) return std::nullopt;
    return std::pair{JudgeObject(value, line_.substr(at, *end - at), catalog_), *end};
  }

  // Every `{` is tried, from left to right.
  std::vector<Piece> Text() {
    std::vector<Piece> tail;
    for (std::size_t at = 0; at < line_.size();) {
      if (Contains(kBlanks, line_[at])) {
        ++at;
        continue;
      }
      if (line_[at] == '{') {
        if (const auto piece = ObjectAt(at, false)) {
          tail.push_back({at, piece->first});
          at = piece->second;
          continue;
        }
        const std::size_t key = line_.find_first_not_of(kBlanks, at + 1);
        if (key != std::string_view::npos &&
            (line_.substr(key, 6) == "\"type\"" || line_.substr(key, 8) == "\"record\"")) {
          return Malformed();
        }
      }
      tail.clear();
      ++at;
    }
    std::vector<Piece> pieces = {{0, {Kind::kText}}};
    bool message = false;
    for (const Piece& piece : tail) message |= piece.judged.string_type;
    if (!message) return pieces;
    pieces.insert(pieces.end(), tail.begin(), tail.end());
    return Finish(pieces);
  }

  static std::vector<Piece> Malformed() { return {{0, {Kind::kMalformed}}}; }

  static std::vector<Piece> Finish(const std::vector<Piece>& pieces) {
    std::vector<Piece> out;
    for (const Piece& piece : pieces) {
      if (piece.judged.kind == Kind::kMalformed) return Malformed();
      if (!out.empty() && piece.judged.kind == Kind::kText &&
          out.back().judged.kind == Kind::kText) {
        continue;
      }
      out.push_back(piece);
    }
    return out;
  }

  const std::string_view line_;
  const bool ended_;
  const ConfiguredCatalog& catalog_;
  const bool relaxed_;
};

// Rule 13.
TextPart PartOf(std::string_view line, bool ended) {
  static const std::regex kType(R"re("type"[ \t\r]*:[ \t\r]*"(RECORD|STATE)")re");
  if (ended && line.find_first_not_of("{[ \t\r") == std::string_view::npos) {
    return TextPart::kOpens;
  }
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return std::regex_search(line.begin(), line.end(), kType, std::regex_constants::match_continuous)
             ? TextPart::kNamesType
             : TextPart::kNone;
}

LineKind Counted(Kind kind) {
  static const std::map<Kind, LineKind> kKinds = {
      {Kind::kRun, LineKind::kRecord},      {Kind::kUnknownStream, LineKind::kRecord},
      {Kind::kState, LineKind::kState},     {Kind::kUnusableState, LineKind::kState},
      {Kind::kControl, LineKind::kControl}, {Kind::kLog, LineKind::kLog},
      {Kind::kTrace, LineKind::kTrace},     {Kind::kOther, LineKind::kOther},
      {Kind::kText, LineKind::kText},       {Kind::kMalformed, LineKind::kMalformed}};
  return kKinds.at(kind);
}

bool NaiveMentions(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line.substr(i, 4) == "\\u00" && i + 6 <= line.size() && isxdigit(line[i + 4]) != 0 &&
        isxdigit(line[i + 5]) != 0) {
      text += static_cast<char>(std::stoi(std::string(line.substr(i + 4, 2)), nullptr, 16));
      i += 5;
    } else {
      text += line[i];
    }
  }
  for (const char* name : {"CONNECTOR_CONFIG", "connectorConfig"}) {
    if (text.find(name) != std::string_view::npos) return true;
  }
  for (const char* word : {"connector", "Connector", "CONNECTOR"}) {
    for (const char* between : {"", "_", "-"}) {
      for (const char* config : {"config", "Config", "CONFIG"}) {
        const std::string quoted = std::string("\"") + word + between + config + "\"";
        if (text.find(quoted) != std::string_view::npos) return true;
      }
    }
  }
  return false;
}

class Builder {
 public:
  void Add(LineItem item, const Judged& judged) {
    out.counts[Counted(item.kind)]++;
    if (item.kind == Kind::kState || item.kind == Kind::kUnusableState ||
        item.kind == Kind::kTrace) {
      Close();
    }
    if (judged.stream) {
      std::size_t at = closed;
      while (at < out.deltas.size() && out.deltas[at].stream != *judged.stream) ++at;
      if (at == out.deltas.size()) out.deltas.push_back({*judged.stream, 0, 0});
      out.deltas[at].records++;
      out.deltas[at].bytes += item.end - item.begin + (item.add_newline ? 1u : 0u);
    }
    item.deltas_end = static_cast<uint32_t>(closed);
    LineItem* last = out.items.empty() ? nullptr : &out.items.back();
    if (last != nullptr && last->kind == item.kind && last->end == item.begin &&
        !last->add_newline && last->mentions_config == item.mentions_config &&
        last->part == item.part &&
        (item.kind == Kind::kRun || item.kind == Kind::kText || item.kind == Kind::kMalformed)) {
      last->end = item.end;
      last->add_newline = item.add_newline;
      last->lines++;
    } else {
      out.items.push_back(item);
    }
  }
  void Close() {
    closed = out.deltas.size();
    if (!out.items.empty()) out.items.back().deltas_end = static_cast<uint32_t>(closed);
  }

  ClassifiedBlock out;
  std::size_t closed = 0;
};

}  // namespace

ClassifiedBlock NaiveClassify(std::string_view block, const ConfiguredCatalog& catalog,
                              Validation validation) {
  Builder builder;
  for (std::size_t begin = 0; begin < block.size();) {
    const std::size_t newline = block.find('\n', begin);
    const std::size_t end = std::min(newline, block.size());
    const std::size_t whole_end = newline == std::string_view::npos ? end : end + 1;
    const std::string_view line = block.substr(begin, end - begin);
    const std::vector<Piece> pieces =
        LineReader(line, whole_end != end, catalog, validation).Read();
    if (pieces.empty()) builder.out.counts[LineKind::kEmpty]++;
    if (pieces.size() > 1) builder.out.counts.glued_lines++;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool last = i + 1 == pieces.size();
      LineItem item;
      item.kind = pieces[i].judged.kind;
      item.begin = static_cast<uint32_t>(begin + pieces[i].begin);
      item.end = static_cast<uint32_t>(last ? whole_end : begin + pieces[i + 1].begin);
      item.add_newline = !last || whole_end == end;
      item.lines = 1;
      item.first_line = static_cast<uint32_t>(builder.out.counts.physical_lines);
      if (item.kind == Kind::kText || item.kind == Kind::kMalformed) {
        const std::string_view text = block.substr(item.begin, item.end - item.begin);
        item.mentions_config = NaiveMentions(text);
      }
      if (item.kind == Kind::kText && pieces.size() == 1)
        item.part = PartOf(line, whole_end != end);
      builder.Add(item, pieces[i].judged);
    }
    builder.out.counts.physical_lines++;
    begin = whole_end;
  }
  builder.Close();
  return builder.out;
}

}  // namespace shunt::testing
