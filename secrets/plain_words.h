// Words that people and programs put where a secret might stand, and that lines are full of:
// defaults, types, keywords of JSON Schema, words of messages about a value that is missing or
// wrong. They are never looked for and never taken for a credential, so that what is said about a
// secret stays readable. Pure; thread-safe.
#pragma once

#include <string_view>

namespace shunt {

// Case does not matter.
bool IsPlainWord(std::string_view word);

}  // namespace shunt
