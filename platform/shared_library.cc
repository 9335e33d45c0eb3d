#include "platform/shared_library.h"

#include <dlfcn.h>

#include "absl/strings/str_cat.h"

namespace shunt {

absl::StatusOr<SharedLibrary> SharedLibrary::Load(const std::string& file_name) {
  void* const handle = ::dlopen(file_name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return SharedLibrary(handle);
  const char* const why = ::dlerror();
  return absl::NotFoundError(why == nullptr ? file_name : why);
}

absl::StatusOr<void*> SharedLibrary::FindAddress(const char* name) const {
  void* const address = ::dlsym(handle_, name);
  if (address != nullptr) return address;
  return absl::NotFoundError(absl::StrCat("the library has no ", name));
}

}  // namespace shunt
