// UnknownTypes: which messages a connector sent that the protocol does not know, or whose type is
// not written as the protocol writes it ("record"). They are no data to anybody; whoever sent
// nothing else should hear of it.
//
// Threads: one. Bounds: kTypesMax types of kTypeBytesMax; what is beyond is counted together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace shunt {

class UnknownTypes {
 public:
  static constexpr std::size_t kTypesMax = 20;
  static constexpr std::size_t kTypeBytesMax = 64;

  // What is to be said of a type that is seen for the first time; "" for later ones, and for those
  // that the protocol knows.
  std::string Add(std::string_view type);

  const std::map<std::string, uint64_t>& types() const { return types_; }
  uint64_t others() const { return others_; }
  uint64_t total() const { return total_; }
  // "'record' (120, did you mean 'RECORD'?), 'foo' (3)".
  std::string Summary() const;

 private:
  std::map<std::string, uint64_t> types_;
  uint64_t others_ = 0;  // of types that are not among them
  uint64_t total_ = 0;
};

}  // namespace shunt
