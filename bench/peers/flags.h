// Flags of the helpers: `--name VALUE`, VALUE a whole number, and what is left.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace shunt::bench {

class Flags {
 public:
  // Reads flags up to the first argument that is none, or `--`. A flag that `defaults` lacks ends
  // the program.
  Flags(int argc, char** argv, std::map<std::string, int64_t> defaults)
      : values_(std::move(defaults)) {
    int at = 1;
    for (; at < argc && argv[at][0] == '-' && argv[at][1] == '-'; at += 2) {
      const std::string name = argv[at] + 2;
      if (name.empty()) break;
      if (!values_.contains(name) || at + 1 == argc) {
        std::fprintf(stderr, "%s: what is %s?\n", argv[0], argv[at]);
        std::exit(2);
      }
      values_[name] = std::atoll(argv[at + 1]);
    }
    if (at < argc && std::string(argv[at]) == "--") ++at;
    rest_ = argv + at;
  }

  int64_t operator[](const std::string& name) const { return values_.at(name); }
  char** rest() const { return rest_; }  // ends with a null pointer

 private:
  std::map<std::string, int64_t> values_;
  char** rest_;
};

}  // namespace shunt::bench
