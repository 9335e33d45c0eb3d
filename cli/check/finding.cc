#include "cli/check/finding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace shunt {

std::string ToText(const Finding& finding) {
  std::string text = finding.file;
  if (finding.line > 0) absl::StrAppend(&text, ":", finding.line, ":", finding.column);
  if (!text.empty()) text += ": ";
  text += finding.level == Finding::Level::kError ? "error: " : "warning: ";
  if (!finding.path.empty()) absl::StrAppend(&text, finding.path, ": ");
  return text + finding.message;
}

bool HasErrors(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.level == Finding::Level::kError;
  });
}

}  // namespace shunt
