#include "platform/errno_status.h"

#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {

absl::Status UnavailableFromErrno(std::string_view what, std::string_view path) {
  const std::string cause = std::generic_category().message(errno);  // thread-safe, unlike strerror
  return absl::UnavailableError(absl::StrCat(A(what), " ", A(path), ": ", cause));
}

}  // namespace shunt
