// Masker: hides what must not be read from what people see: every secret value it was told and the
// parts of it that are shown alone (secrets/secret_parts.h), however they are spelled (as they are,
// escaped as JSON, Python and JavaScript do, percent-encoded, base64 at any alignment in either
// alphabet, and what these give one in the other: secrets/secret_finder.h), and what has the shape
// of a credential.
//
// Thread-safe. A value is masked in every text that is given to MaskLine after it was added. A
// value of several lines is also found line by line, one of more than kMaskedPieceBytes also in
// pieces of that size. Bounds: work is linear in the text, of which kMaskedInputBytesMax are looked
// at; a text that takes more steps than any honest one is masked whole. Values of AddSecrets stay
// for the run's life. Of those of AddRotated the newest kRotatedValuesMax of each config and
// kRotatedBytesMax of their bytes are known, a quarter more at times; then the oldest go, but for
// those that are live. A value counts with its first kMaskedValueBytesMax bytes. Memory is about 20
// bytes for each byte of the values and their parts, and 2 MiB while a long text is masked. Values
// under kMaskedValueBytesMin bytes and common words are not looked for: they would mask everything;
// they are hidden by place, where configs are printed, and counted here.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/message.h"
#include "secrets/pattern_set.h"

namespace shunt {

inline constexpr std::size_t kMaskedValueBytesMin = 6;
inline constexpr std::size_t kMaskedValueBytesMax = std::size_t{256} << 10;
inline constexpr std::size_t kMaskedPieceBytes = 512;
inline constexpr std::size_t kRotatedValuesMax = 1000;
inline constexpr std::size_t kRotatedBytesMax = std::size_t{256} << 10;

// A longer line is cut here, and says so, after it was searched.
inline constexpr std::size_t kMaskedLineBytesMax = std::size_t{64} << 10;
// Whoever gathers a line for MaskLine may stop here: more of it changes nothing. It is more than
// what is shown, so that what begins there is told from what only looks like it.
inline constexpr std::size_t kMaskedInputBytesMax = kMaskedLineBytesMax + 4096;

class Masker {
 public:
  // Unescaped values; known for good.
  void AddSecrets(const std::vector<std::string>& values);
  // Likewise, of an update of the config of `connector`: known as long as they are among the newest
  // of it, or live.
  void AddRotated(Origin connector, const std::vector<std::string>& values);
  // These values of a connector's config are in use now; those that were before are not any more.
  void SetLive(Origin connector, const std::vector<std::string>& values);

  // `line` (or several) with every secret in it replaced by "**********"; lengths are not kept.
  // What is cut is cut where no secret is, however long its spelling.
  std::string MaskLine(std::string_view line) const;

  // The same for a text of any length, of which nothing is cut; secrets of more than
  // kMaskedInputBytesMax - kMaskedLineBytesMax bytes are only found at its beginning.
  std::string MaskText(std::string_view text) const;

  // How many values are looked for.
  std::size_t size() const;
  // How many distinct values are not, because they are too short or too common.
  std::size_t not_looked_for() const;

 private:
  using Sets = std::vector<std::shared_ptr<const PatternSet>>;
  struct Value {
    std::string text;
    std::vector<std::string> parts;
    std::size_t bytes = 0;
    bool live = false;
  };
  // Patterns are views of values.
  struct Tier {
    std::vector<std::string_view> patterns;
    std::shared_ptr<const PatternSet> set;
  };
  // What was told in one way. Sets of patterns, each less than half as large as the one before:
  // adding a value rebuilds few.
  struct Group {
    std::list<Value> values;  // oldest first; a list, because views of them are kept
    std::unordered_map<std::string_view, std::list<Value>::iterator> known;
    std::size_t mortal = 0, mortal_bytes = 0;  // those that are not live
    std::vector<Tier> tiers;
  };

  // All below hold mutex_.
  void Add(const std::vector<std::string>& values, Group* group);
  Value* AddValue(std::string_view value, Group* group);
  static void AddTier(Tier fresh, Group* group);
  static void Forget(Group* group);
  Group& rotated(Origin connector) {
    return connector == Origin::kSource ? groups_[1] : groups_[2];
  }
  // Masks the beginning of a text, cuts it where no secret is, and says where that was.
  std::string MaskPiece(std::string_view text, std::size_t* taken) const;

  mutable std::mutex mutex_;
  // All below: mutex_.
  std::array<Group, 3> groups_;  // known for good; rotated of the source, of the destination
  std::set<std::string, std::less<>> plain_;  // not looked for
};

// One line that is safe to show: control characters (C0, DEL, C1), line separators, direction marks
// and bytes that are not UTF-8 as visible escapes. For what goes to a terminal or a log.
std::string EscapeForLog(std::string_view text);
// The same of a text of several lines, whose line ends and tabs stay.
std::string EscapeLines(std::string_view text);

}  // namespace shunt
