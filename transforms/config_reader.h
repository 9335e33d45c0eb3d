// ConfigReader: reads the members of one JSON object of somebody's configuration and refuses what
// it was not asked for: a key that is misspelled must not be a mapper that does nothing.
//
// Errors are InvalidArgument, "place.key: what is wrong"; keys are named, values never. The first
// one is kept and returned by Finish; what was read until then is to be thrown away. Views of the
// object's text. Threads: one.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "protocol/json_cursor.h"

namespace shunt {

class ConfigReader {
 public:
  // `place` leads every message; may be empty.
  ConfigReader(JsonSlice object, std::string place);

  // A member that is there and not null. A key that occurs twice is an error.
  std::optional<JsonSlice> Find(std::string_view key);
  // One of two spellings of the same key; both is an error.
  std::optional<JsonSlice> FindEither(std::string_view key, std::string_view other);

  // Empty text, and an error, when it is missing or no string.
  std::string RequiredText(std::string_view key);
  std::optional<std::string> Text(std::string_view key);
  std::optional<JsonSlice> Required(std::string_view key);

  void Fail(std::string_view key, std::string_view what);
  const absl::Status& status() const { return status_; }

  // The first error, or one about a key that nobody asked for.
  absl::Status Finish();

 private:
  std::string place_;
  std::vector<JsonMember> members_;
  std::vector<bool> asked_for_;
  absl::Status status_;
};

}  // namespace shunt
