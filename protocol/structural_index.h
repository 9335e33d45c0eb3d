// StructuralIndex: simdjson's stage 1 over a block, with the best kernel of this machine (chosen at
// run time; SIMDJSON_FORCE_IMPLEMENTATION overrides it).
//
// After Build() returned true, for every line of the block at once: strings are valid UTF-8 and
// hold no raw control character, so none holds an LF, so every string ends on its line. The index
// lists, in order, the offsets of brackets, colons, commas, opening quotes, and the first byte of
// every bare word: every other run of bytes that are neither blank nor one of these. Bare words are
// not checked, and kernels differ about them: some take a quote right behind one for the beginning
// of a string, some take a form feed for a comma, not all look at their UTF-8. A reader must know
// every byte of a bare word that it lets pass.
//
// Threads: one at a time. Bounds: 4 bytes per byte of `bytes_max`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace shunt {

class StructuralIndex {
 public:
  explicit StructuralIndex(std::size_t bytes_max);
  ~StructuralIndex();
  StructuralIndex(const StructuralIndex&) = delete;
  StructuralIndex& operator=(const StructuralIndex&) = delete;

  // False when the bytes as a whole cannot be indexed; nothing is known then about any one line.
  bool Build(std::string_view bytes);

  // The offsets, followed by at least four that are bytes.size(). Valid until the next Build().
  const uint32_t* begin() const;
  const uint32_t* end() const;  // before those

  static std::string kernel_name();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shunt
