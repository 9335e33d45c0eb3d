// Random rows as the streams of a source print them: the same keys in the same order, some left
// out, arrays of any length, values of any kind, now and then a byte that is wrong.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace shunt::testing {

class RowSource {
 public:
  explicit RowSource(uint64_t seed);

  std::string Row();
  // The same with a byte or two changed, put in or left out; often no JSON any more.
  std::string BrokenRow();
  std::size_t Below(std::size_t limit) { return random_() % limit; }

 private:
  struct Field {
    std::string key;
    int kind = 0;
    bool optional = false;
    std::vector<Field> inner;
  };
  Field MakeField(int depth);
  std::string Object(const std::vector<Field>& fields);
  std::string Value(const Field& field);
  std::string Text();
  std::string Number();

  std::mt19937_64 random_;
  std::string comma_, colon_;  // with blanks or without
  std::vector<Field> fields_;
};

}  // namespace shunt::testing
