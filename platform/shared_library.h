// SharedLibrary: a library of the system that is loaded when it is first needed, because few runs
// need it and it would cost all of them memory and time to start. It is never unloaded: libraries
// start threads and register handlers that outlive their last user.
//
// Threads: thread-safe. Errors: NotFound, with the loader's words.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace shunt {

class SharedLibrary {
 public:
  static absl::StatusOr<SharedLibrary> Load(const std::string& file_name);

  // Sets `function` to the symbol of that name.
  template <typename Function>
  absl::Status Find(const char* name, Function*& function) const {
    absl::StatusOr<void*> address = FindAddress(name);
    if (address.ok()) function = reinterpret_cast<Function*>(*address);
    return address.status();
  }

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  absl::StatusOr<void*> FindAddress(const char* name) const;

  void* handle_;
};

}  // namespace shunt
