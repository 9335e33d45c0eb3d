// The SIMD kernels of this machine, one after the other: the portable one is the twin of the
// others.
#pragma once

#include <string_view>
#include <vector>

namespace shunt::fuzz {

// The portable one first.
const std::vector<std::string_view>& KernelNames();

// While it lives, readers use this kernel; those made meanwhile keep it.
class UseKernel {
 public:
  explicit UseKernel(std::string_view name);
  ~UseKernel();
  UseKernel(const UseKernel&) = delete;
  UseKernel& operator=(const UseKernel&) = delete;

 private:
  const void* const before_;
};

}  // namespace shunt::fuzz
