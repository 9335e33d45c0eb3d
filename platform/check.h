// SHUNT_CHECK: a condition that only a bug of ours can break. It stays on in delivery builds; a
// failure prints the place and the condition (never data) to stderr and aborts the process.
// Bad input is a value and the environment is a Status: neither belongs in a CHECK.
#pragma once

namespace shunt {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace shunt

#define SHUNT_CHECK(condition)                       \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::shunt::CheckFailed(__FILE__, __LINE__, #condition))
