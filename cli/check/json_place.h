// Where something stands in a file of JSON, and where its syntax breaks: for messages to people.
// Pure functions, thread-safe. Linear in the text; messages quote nothing of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shunt {

struct Place {
  int line = 1;    // counted from 1
  int column = 1;  // in bytes, counted from 1
};

// `at` points into `text`, or to its end.
Place PlaceIn(std::string_view text, const char* at);

struct JsonProblem {
  Place place;
  std::string what;  // "a comma is missing before this"
};
// Empty: `text` is one well-formed value in UTF-8.
std::optional<JsonProblem> FindJsonProblem(std::string_view text);

// "4:17: not well-formed JSON: a comma is missing before this". REQUIRES: there is a problem.
std::string JsonProblemText(std::string_view text);

}  // namespace shunt
