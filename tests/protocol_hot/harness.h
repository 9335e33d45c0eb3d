// What the tests of the line classifier share: a small catalog, blocks with padding, and verdicts
// as short strings, so that tables read as documentation.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/line_classifier.h"

namespace shunt::testing {

// users (no namespace), users in "public", users in "", "", "a\"b", and a name with a backslash
// and letters that look like an escape.
const ConfiguredCatalog& TestCatalog();
inline constexpr uint32_t kUsers = 0, kPublicUsers = 1, kEmptyNamespaceUsers = 2, kEmptyName = 3,
                          kQuotedName = 4, kBackslashName = 5;

// The pieces, one behind the other.
std::string Join(std::initializer_list<std::string_view> pieces);

// A well-formed RECORD of users with `data` as its data, and the same with a value inside data.
std::string RecordWithData(std::string_view data);
std::string RecordWithValue(std::string_view value);

class Harness {
 public:
  explicit Harness(const ClassifierOptions& options = {},
                   const ConfiguredCatalog& catalog = TestCatalog());

  // A copy of `block` with hostile padding is classified. Valid until the next call.
  const ClassifiedBlock& Classify(std::string_view block);
  const ClassifiedBlock& ClassifyParts(const std::vector<std::string_view>& parts);

  // The kinds of the items of one line, joined by '|': "record", "text|state", "" for an empty one.
  // Checked on the way: the line gives the same with and without LF, and between neighbours.
  std::string Verdict(std::string_view line);
  // The same through ClassifyLong, whole, in single bytes and in halves.
  std::string LongVerdict(std::string_view line);

 private:
  std::unique_ptr<LineClassifier> classifier_;
  std::string bytes_;
  ClassifiedBlock out_;
};

std::string_view KindName(LineItem::Kind kind);
std::string Kinds(const ClassifiedBlock& block);

// Everything in `block`, one item a line, for comparing two ways of reading the same bytes.
std::string Show(const ClassifiedBlock& block);

}  // namespace shunt::testing
