// The configured catalog. Input: a text. ParseConfiguredCatalog against a slow reading of the tree;
// what it reads is read back when it is written down; and the table of streams finds each stream
// under every spelling of its name, and no other.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "protocol/catalog.h"
#include "protocol/json_cursor.h"
#include "protocol/stream_table.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/slow_state.h"

namespace shunt::fuzz {
namespace {

// Strings, or lists of `depth` levels of them.
bool IsTexts(const SlowValue& value, int depth) {
  if (depth == 0) return value.is('"');
  return value.is('[') &&
         std::all_of(value.elements.begin(), value.elements.end(),
                     [&](const SlowValue& element) { return IsTexts(element, depth - 1); });
}

bool IsWord(const SlowValue& value, std::initializer_list<std::string_view> words) {
  const auto text = value.is('"') ? SlowString(value.raw_string()) : std::nullopt;
  return text && std::find(words.begin(), words.end(), *text) != words.end();
}

bool HasRightTypes(const SlowValue& element, const SlowValue& stream) {
  bool right = true;
  const auto check = [&right](const SlowValue& object, const char* key, auto is_right) {
    const SlowValue* value = object.First(key);
    if (value != nullptr && !value->is('n')) right = right && is_right(*value);
  };
  check(element, "sync_mode",
        [](const SlowValue& v) { return IsWord(v, {"full_refresh", "incremental"}); });
  check(element, "destination_sync_mode", [](const SlowValue& v) {
    return IsWord(
        v, {"append", "overwrite", "append_dedup", "overwrite_dedup", "update", "soft_delete"});
  });
  check(element, "cursor_field", [](const SlowValue& v) { return IsTexts(v, 1); });
  check(element, "primary_key", [](const SlowValue& v) { return IsTexts(v, 2); });
  for (const char* key : {"generation_id", "minimum_generation_id", "sync_id"}) {
    check(element, key, [](const SlowValue& v) {
      return v.is('0') && JsonInt64({JsonType::kNumber, v.text}).has_value();
    });
  }
  check(stream, "json_schema", [](const SlowValue& v) { return v.is('{'); });
  check(stream, "supported_sync_modes", [](const SlowValue& v) { return v.is('['); });
  return right;
}

std::optional<std::vector<ConfiguredStream>> ReadSlowCatalog(std::string_view text) {
  const auto root = ReadSlow(text);
  bool twice = false;
  const SlowValue* streams = root ? Only(*root, "streams", &twice) : nullptr;
  if (twice || streams == nullptr || !streams->is('[')) return std::nullopt;
  std::vector<ConfiguredStream> catalog;
  for (const SlowValue& element : streams->elements) {
    const SlowValue* stream = Only(element, "stream", &twice);
    for (const char* key : {"sync_mode", "destination_sync_mode", "primary_key", "cursor_field",
                            "mappers", "minimum_generation_id", "sync_id"}) {
      Only(element, key, &twice);
    }
    for (const char* key : {"is_resumable", "json_schema", "default_cursor_field",
                            "source_defined_primary_key", "supported_sync_modes"}) {
      if (stream != nullptr) Only(*stream, key, &twice);
    }
    const SlowValue* generation = Only(element, "generation_id", &twice);
    const auto descriptor = stream == nullptr ? std::nullopt : SlowDescriptor(*stream);
    if (twice || !descriptor || !HasRightTypes(element, *stream)) return std::nullopt;
    for (const ConfiguredStream& other : catalog) {
      if (other.stream == *descriptor) return std::nullopt;
    }
    catalog.push_back({*descriptor, generation != nullptr && !generation->is('n')});
  }
  return catalog;
}

bool Same(const std::vector<ConfiguredStream>& a, const std::vector<ConfiguredStream>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ConfiguredStream& x, const ConfiguredStream& y) {
                      return x.stream == y.stream && x.has_generation_id == y.has_generation_id;
                    });
}

std::string Write(const ConfiguredCatalog& catalog) {
  std::string text;
  for (const ConfiguredStream& stream : catalog.streams) {
    absl::StrAppend(&text, text.empty() ? "" : ",", R"({"stream":{"name":)",
                    JsonQuote(stream.stream.name));
    if (stream.stream.name_space) {
      absl::StrAppend(&text, R"(,"namespace":)", JsonQuote(*stream.stream.name_space));
    }
    absl::StrAppend(&text, stream.has_generation_id ? R"(},"generation_id":1})" : "}}");
  }
  return absl::StrCat(R"({"streams":[)", text, "]}");
}

std::string Raw(std::string_view name) {
  const std::string quoted = JsonQuote(name);
  return quoted.substr(1, quoted.size() - 2);
}

// Every character as an escape.
std::string Escaped(std::string_view name) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string raw;
  const auto put = [&raw](uint32_t unit) {
    raw += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) raw += kHex[unit >> shift & 15];
  };
  for (const char32_t point : SlowUnescape(Raw(name))) {
    if (point >= 0x10000) {
      put(0xD800 + ((point - 0x10000) >> 10));
      put(0xDC00 + ((point - 0x10000) & 0x3FF));
    } else {
      put(point);
    }
  }
  return raw;
}

void CheckTable(const ConfiguredCatalog& catalog) {
  StreamTable table(catalog);
  for (uint32_t i = 0; i < catalog.streams.size(); ++i) {
    const StreamDescriptor& stream = catalog.streams[i].stream;
    for (const auto spell : {Raw, Escaped}) {
      std::optional<std::string> space;
      if (stream.name_space) space = spell(*stream.name_space);
      FUZZ_CHECK(table.Find(spell(stream.name), space) == i, stream.name);
      // The neighbours of the name: found exactly when the catalog has them.
      const StreamDescriptor other{stream.name + "\\", stream.name};
      const auto known =
          std::find_if(catalog.streams.begin(), catalog.streams.end(),
                       [&other](const ConfiguredStream& one) { return one.stream == other; });
      const auto found = table.Find(spell(other.name), spell(*other.name_space));
      FUZZ_CHECK(found.has_value() == (known != catalog.streams.end()), other.name);
    }
  }
}

}  // namespace

std::vector<std::string_view> Outcomes() { return {"read", "refused", "refreshes"}; }

int FuzzOne(const uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  const auto ours = ParseConfiguredCatalog(text);
  const auto slow = ReadSlowCatalog(text);
  FUZZ_CHECK(ours.ok() == slow.has_value(), text);
  Saw(ours.ok() ? "read" : "refused");
  if (!ours.ok()) return 0;
  FUZZ_CHECK(Same(ours->streams, *slow), text);
  if (ours->supports_refreshes()) Saw("refreshes");
  const auto again = ParseConfiguredCatalog(Write(*ours));
  FUZZ_CHECK(again.ok() && Same(again->streams, ours->streams), Write(*ours));
  CheckTable(*ours);
  return 0;
}

}  // namespace shunt::fuzz
