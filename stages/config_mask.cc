#include "stages/config_mask.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"
#include "protocol/spec.h"

namespace shunt {
namespace {

using Stored = std::optional<JsonSlice>;

bool IsMaskSlice(const JsonSlice& slice) {
  return slice.is_string() && JsonString(slice) == kSecretMask;
}

// Copies the text of one value to `out` and fills its masks. Slices are views of one text, so what
// lies between members is copied as it stands. Depth is bounded by the parser.
class Filler {
 public:
  explicit Filler(std::string* out) : out_(out) {}

  // `from` is the first byte not yet copied.
  bool Fill(const JsonSlice& value, const Stored& stored, const std::string& path,
            const char** from) {
    if (IsMaskSlice(value)) {
      if (!stored || IsMaskSlice(*stored)) {
        unfilled_ = path;
        return false;
      }
      out_->append(*from, static_cast<std::size_t>(value.text.data() - *from));
      out_->append(stored->text);
      *from = value.text.data() + value.text.size();
      return true;
    }
    if (value.is_object()) return FillObject(value, stored, path, from);
    if (value.is_array()) return FillArray(value, stored, path, from);
    return true;
  }

  const std::string& unfilled() const { return unfilled_; }

 private:
  bool FillObject(const JsonSlice& value, const Stored& stored, const std::string& path,
                  const char** from) {
    const auto members = JsonMembers(value);
    if (!members) return true;
    for (const JsonMember& member : *members) {
      const std::optional<std::string> key = JsonUnescape(member.raw_key);
      Stored inner;
      if (key && stored && stored->is_object()) inner = JsonFind(*stored, *key);
      const std::string name = key ? *key : std::string(member.raw_key);
      if (!Fill(member.value, inner, path + PointerTo(name), from)) return false;
    }
    return true;
  }

  bool FillArray(const JsonSlice& value, const Stored& stored, const std::string& path,
                 const char** from) {
    const auto elements = JsonElements(value);
    if (!elements) return true;
    std::vector<JsonSlice> places;
    if (stored && stored->is_array()) places = JsonElements(*stored).value_or(places);
    const bool same_places = places.size() == elements->size();
    for (std::size_t i = 0; i < elements->size(); ++i) {
      const Stored inner = same_places ? Stored(places[i]) : Stored();
      if (!Fill((*elements)[i], inner, absl::StrCat(path, "/", i), from)) return false;
    }
    return true;
  }

  std::string* out_;
  std::string unfilled_;
};

}  // namespace

bool IsMask(std::string_view value) {
  const std::optional<JsonSlice> slice = ParseJson(value);
  return slice && IsMaskSlice(*slice);
}

absl::StatusOr<std::string> FillMasks(std::string_view value,
                                      std::optional<std::string_view> stored,
                                      std::string_view path) {
  const std::optional<JsonSlice> slice = ParseJson(value);
  if (!slice) return absl::InvalidArgumentError("a value is not JSON");
  const Stored from_store = stored ? ParseJson(*stored) : Stored();
  std::string filled;
  Filler filler(&filled);
  const char* from = value.data();
  if (!filler.Fill(*slice, from_store, std::string(path), &from)) {
    return absl::NotFoundError(filler.unfilled());
  }
  filled.append(from, static_cast<std::size_t>(value.data() + value.size() - from));
  return filled;
}

std::string PointerTo(std::string_view key) {
  std::string pointer = "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

}  // namespace shunt
