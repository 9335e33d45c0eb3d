// Finding: something that is wrong, or odd, in a file, and where. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shunt {

struct Finding {
  enum class Level : uint8_t {
    kError,    // a sync refuses it
    kWarning,  // it works, but perhaps not as it was meant
  };
  Level level = Level::kError;
  std::string file;  // "" when it is not about a file
  int line = 0;      // counted from 1; 0: the file as a whole
  int column = 0;
  std::string path;  // JSON Pointer inside the file, or the flag; "" for the whole
  std::string message;
};

// "jobs/a.yaml:3:1: warning: /streams/0: ..."
std::string ToText(const Finding& finding);

bool HasErrors(const std::vector<Finding>& findings);

}  // namespace shunt
