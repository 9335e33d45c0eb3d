// The bridge between std::string_view, which our interfaces use, and absl::string_view, which is a
// type of its own in the installed Abseil; and a hash that lets maps keyed by std::string be
// searched by a view without a copy.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace shunt {

inline absl::string_view A(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view S(absl::string_view s) { return {s.data(), s.size()}; }

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

}  // namespace shunt
