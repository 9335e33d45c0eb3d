#include "tests/fuzz/kernels.h"

#include <simdjson.h>

#include <cstdlib>
#include <string>

#include "platform/check.h"

namespace shunt::fuzz {
namespace {

std::vector<std::string_view> FindKernels() {
  std::vector<std::string_view> names = {"fallback"};
  for (const simdjson::implementation* one : simdjson::get_available_implementations()) {
    static std::vector<std::string>& kept = *new std::vector<std::string>;
    if (one->name() == "fallback" || !one->supported_by_runtime_system()) continue;
    kept.reserve(16);
    names.emplace_back(kept.emplace_back(one->name()));
  }
  return names;
}

}  // namespace

const std::vector<std::string_view>& KernelNames() {
  static const auto& names = *new std::vector<std::string_view>(FindKernels());
  return names;
}

UseKernel::UseKernel(std::string_view name)
    : before_(static_cast<const simdjson::implementation*>(simdjson::get_active_implementation())) {
  const simdjson::implementation* const one =
      simdjson::get_available_implementations()[std::string(name)];
  SHUNT_CHECK(one != nullptr);
  simdjson::get_active_implementation() = one;
}

UseKernel::~UseKernel() {
  simdjson::get_active_implementation() = static_cast<const simdjson::implementation*>(before_);
}

}  // namespace shunt::fuzz
