#include "protocol/canonical_json.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "protocol/json_number.h"
#include "protocol/json_text.h"
#include "xxhash.h"

namespace shunt {
namespace {

using Event = JsonCursor::Event;

// Seeds keep kinds of values apart: "1" is not 1.
enum Kind : uint64_t { kWord = 1, kNumber, kString, kArray, kArrayItem, kObject, kMember };

JsonDigest FromHash(XXH128_hash_t hash) { return {hash.high64, hash.low64}; }

JsonDigest Hash(std::string_view bytes, Kind kind) {
  return FromHash(XXH3_128bits_withSeed(bytes.data(), bytes.size(), kind));
}

JsonDigest HashPair(const JsonDigest& a, const JsonDigest& b, Kind kind) {
  const std::array<uint64_t, 4> words = {a.high, a.low, b.high, b.low};
  return FromHash(XXH3_128bits_withSeed(words.data(), sizeof words, kind));
}

// Hash(the unescaped text, kString) without a copy of the text, which may be long. The pieces are
// short, so they are gathered first; only a text that overflows needs a streaming state. That is on
// the heap because it wants an alignment that AddressSanitizer's fake stack does not give.
JsonDigest HashEscaped(std::string_view raw) {
  std::array<char, 1024> gathered;
  std::size_t size = 0;
  std::unique_ptr<XXH3_state_t> state;
  const auto flush = [&] {
    if (state == nullptr) {
      state = std::make_unique<XXH3_state_t>();
      XXH3_128bits_reset_withSeed(state.get(), kString);
    }
    XXH3_128bits_update(state.get(), gathered.data(), size);
    size = 0;
  };
  UnescapedPieces pieces(raw);
  std::string_view piece;
  while (pieces.Next(&piece)) {
    while (!piece.empty()) {
      if (size == gathered.size()) flush();
      const std::size_t part = std::min(piece.size(), gathered.size() - size);
      std::memcpy(gathered.data() + size, piece.data(), part);
      size += part;
      piece.remove_prefix(part);
    }
  }
  if (state == nullptr) return Hash({gathered.data(), size}, kString);
  flush();
  return FromHash(XXH3_128bits_digest(state.get()));
}

// `raw` is between the quotes.
JsonDigest StringDigest(std::string_view raw, bool escaped) {
  return escaped ? HashEscaped(raw) : Hash(raw, kString);
}

// Short integers, most numbers, are their own canonical form.
bool IsShortInteger(std::string_view number) {
  if (number.size() > 18) return false;
  return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

JsonDigest NumberDigest(std::string_view text) {
  if (IsShortInteger(text)) return Hash(text, kNumber);
  const std::optional<Decimal> decimal = ParseDecimal(text);
  std::string canonical;
  if (decimal) AppendCanonicalNumber(*decimal, &canonical);
  return Hash(canonical, kNumber);
}

std::string_view Unquoted(std::string_view token) { return token.substr(1, token.size() - 2); }

JsonDigest ScalarDigest(const JsonCursor& cursor) {
  const std::string_view token = cursor.token();
  switch (cursor.type()) {
    case JsonType::kString:
      return StringDigest(Unquoted(token), cursor.escaped());
    case JsonType::kNumber:
      return NumberDigest(token);
    default:
      return Hash(token, kWord);
  }
}

}  // namespace

void ObjectDigest::AddMember(const JsonDigest& key, const JsonDigest& value) {
  Add(HashPair(key, value, kMember));
}

void ObjectDigest::Add(std::string_view raw_key, const JsonDigest& value) {
  AddMember(StringDigest(raw_key, raw_key.find('\\') != std::string_view::npos), value);
}

// A sum forgets the order of its terms and needs no memory for them.
void ObjectDigest::Add(const JsonDigest& value) {
  sum_.low += value.low;
  sum_.high += value.high + (sum_.low < value.low ? 1 : 0);
  ++count_;
}

JsonDigest ObjectDigest::Finish() const { return HashPair(sum_, {0, count_}, kObject); }

// The containers that are open while a value is read.
class DigestReader {
 public:
  std::optional<JsonDigest> Read(JsonCursor& cursor) {
    do {
      const Event event = cursor.Next();
      const bool begins_value =
          event == Event::kScalar || event == Event::kObject || event == Event::kArray;
      if (open_.empty() && !begins_value) return std::nullopt;
      switch (event) {
        case Event::kKey:
          open_.back().key = StringDigest(cursor.token(), cursor.escaped());
          break;
        case Event::kScalar:
          Take(ScalarDigest(cursor));
          break;
        case Event::kObject:
        case Event::kArray:
          open_.emplace_back();
          break;
        case Event::kObjectEnd:
          TakeAndClose(open_.back().members.Finish());
          break;
        case Event::kArrayEnd:
          TakeAndClose(HashPair(open_.back().items, {0, open_.back().items_count}, kArray));
          break;
        case Event::kEnd:
        case Event::kError:
          return std::nullopt;
      }
    } while (!open_.empty());
    return result_;
  }

 private:
  struct Container {
    bool is_array() const { return !key.has_value(); }
    std::optional<JsonDigest> key;  // of the member that is being read
    ObjectDigest members;
    JsonDigest items;  // a chain: each item is hashed with what came before it
    uint64_t items_count = 0;
  };

  // A value is complete: it belongs to the innermost container, or is the result.
  void Take(const JsonDigest& value) {
    if (open_.empty()) {
      result_ = value;
      return;
    }
    Container& container = open_.back();
    if (container.is_array()) {
      container.items = HashPair(container.items, value, kArrayItem);
      ++container.items_count;
    } else {
      container.members.AddMember(*container.key, value);
      container.key.reset();
    }
  }

  void TakeAndClose(const JsonDigest& value) {
    open_.pop_back();
    Take(value);
  }

  absl::InlinedVector<Container, 4> open_;
  JsonDigest result_;
};

std::optional<JsonDigest> ReadCanonicalDigest(JsonCursor& cursor) {
  return DigestReader().Read(cursor);
}

std::optional<JsonDigest> CanonicalDigest(std::string_view json) {
  if (!IsUtf8(json)) return std::nullopt;
  JsonCursor cursor(json);
  const std::optional<JsonDigest> digest = ReadCanonicalDigest(cursor);
  if (!digest || cursor.Next() != Event::kEnd) return std::nullopt;
  return digest;
}

namespace {

// Builds the text of a value from the inside out: the members of an object are written in the order
// in which they are read, and sorted when the object ends.
class CanonicalWriter {
 public:
  std::optional<std::string> Write(std::string_view json) {
    JsonCursor cursor(json);
    while (true) {
      const Event event = cursor.Next();
      switch (event) {
        case Event::kKey:
          BeginMember(cursor.token());
          break;
        case Event::kScalar:
          BeginItem();
          WriteScalar(cursor);
          break;
        case Event::kObject:
        case Event::kArray:
          BeginItem();
          open_.push_back({event == Event::kArray, out_.size() + 1, members_.size()});
          out_.push_back(event == Event::kArray ? '[' : '{');
          break;
        case Event::kObjectEnd:
          SortMembers();
          out_.push_back('}');
          open_.pop_back();
          break;
        case Event::kArrayEnd:
          out_.push_back(']');
          open_.pop_back();
          break;
        case Event::kEnd:
          return std::move(out_);
        case Event::kError:
          return std::nullopt;
      }
    }
  }

 private:
  struct Container {
    bool array;
    std::size_t begin;          // in out_, behind the bracket
    std::size_t members_begin;  // in members_
  };
  struct Member {
    std::string key;  // unescaped
    std::size_t begin;
  };

  // Commas between members are written when they are sorted.
  void BeginItem() {
    if (!open_.empty() && open_.back().array && out_.size() > open_.back().begin) {
      out_.push_back(',');
    }
  }

  void BeginMember(std::string_view raw_key) {
    Member member{{}, out_.size()};
    AppendUnescaped(raw_key, LoneSurrogate::kKeep, &member.key);
    AppendQuoted(member.key, LoneSurrogate::kKeep, &out_);
    out_.push_back(':');
    members_.push_back(std::move(member));
  }

  void WriteScalar(const JsonCursor& cursor) {
    const std::string_view token = cursor.token();
    if (cursor.type() == JsonType::kString) {
      std::string text;
      AppendUnescaped(Unquoted(token), LoneSurrogate::kKeep, &text);
      AppendQuoted(text, LoneSurrogate::kKeep, &out_);
    } else if (cursor.type() == JsonType::kNumber) {
      const std::optional<Decimal> decimal = ParseDecimal(token);
      if (decimal) AppendCanonicalNumber(*decimal, &out_);
    } else {
      out_.append(token);
    }
  }

  void SortMembers() {
    const Container& object = open_.back();
    const std::string_view written = out_;
    std::vector<std::pair<std::string_view, std::string_view>> sorted;  // key, text
    for (std::size_t i = object.members_begin; i < members_.size(); ++i) {
      const std::size_t end = i + 1 < members_.size() ? members_[i + 1].begin : written.size();
      sorted.emplace_back(members_[i].key,
                          written.substr(members_[i].begin, end - members_[i].begin));
    }
    std::sort(sorted.begin(), sorted.end());
    std::string text;
    text.reserve(written.size() - object.begin + sorted.size());
    for (const auto& [key, member] : sorted) {
      if (!text.empty()) text.push_back(',');
      text.append(member);
    }
    out_.replace(object.begin, std::string::npos, text);
    members_.resize(object.members_begin);
  }

  std::string out_;
  std::vector<Container> open_;
  std::vector<Member> members_;  // of all open objects
};

}  // namespace

std::optional<std::string> CanonicalJson(std::string_view json) {
  if (!IsUtf8(json)) return std::nullopt;
  return CanonicalWriter().Write(json);
}

}  // namespace shunt
