// The door of libFuzzer, which has a main() of its own.
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  return shunt::fuzz::FuzzOne(data, size);
}
