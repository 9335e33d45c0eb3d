#include "platform/errno_status.h"

#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

std::string_view RemedyOf(int error) {
  switch (error) {
    case ENOSPC:
      return "make room there";
    case EDQUOT:
      return "make room there, or have the quota raised";
    case EMFILE:
      return "allow more open files: ulimit -n";
    case ENFILE:
      return "the machine allows no more open files: sysctl fs.file-max";
    case ENOLCK:
      return "the filesystem has no locks to give: use one of this machine";
    case EROFS:
      return "use a place that can be written to";
    case ENOMEM:
      return "the limits of memory are reached";
    default:
      return "";
  }
}

}  // namespace

std::string ErrnoText(int error) {
  const std::string words =
      std::generic_category().message(error);  // thread-safe, as strerror is not
  const std::string_view remedy = RemedyOf(error);
  return remedy.empty() ? words : absl::StrCat(words, " (", A(remedy), ")");
}

absl::Status UnavailableFromErrno(std::string_view what, std::string_view path) {
  return absl::UnavailableError(absl::StrCat(A(what), " ", A(path), ": ", ErrnoText(errno)));
}

}  // namespace shunt
