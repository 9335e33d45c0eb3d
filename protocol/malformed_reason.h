// MalformedReason: what is wrong with a line that is no message, for people who have to mend the
// program that printed it. It says where, and never what stands there (G56).
//
// Threads: a pure function. Bounds: constant memory; reads the line once.
#pragma once

#include <string>
#include <string_view>

namespace shunt {

// Of the first line in `lines`: "the JSON breaks at byte 82", bytes counted from 1. Empty when it
// does not begin with an object, or when a sound one is followed by more: then there is more than
// one way to read it.
std::string MalformedReason(std::string_view lines);

}  // namespace shunt
