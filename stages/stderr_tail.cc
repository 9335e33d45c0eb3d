#include "stages/stderr_tail.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "platform/strings.h"
#include "stages/log_text.h"

namespace shunt {
namespace {

constexpr std::string_view kTraceback = "Traceback (most recent call last):";

std::vector<std::string> Lines(std::string_view masked) {
  std::vector<std::string> lines;
  while (!masked.empty()) {
    const std::size_t end = std::min(masked.find('\n'), masked.size());
    const std::string_view line = masked.substr(0, end);
    masked.remove_prefix(std::min(end + 1, masked.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    lines.push_back(
        QuotesRecord(line)
            ? absl::StrCat("[", line.size(), " bytes that quote a record are not shown]")
            : EscapeForLog(line.substr(0, line.find_last_not_of('\r') + 1)));
  }
  return lines;
}

}  // namespace

void StderrTail::Keeper::Add(std::string_view bytes) {
  if (bytes.size() > kTailKeptMax) {
    bytes.remove_prefix(bytes.size() - kTailKeptMax);
    kept_.clear();
    cut_ = true;
  }
  kept_.append(bytes);
  if (kept_.size() <= 2 * kTailKeptMax) return;
  kept_.erase(0, kept_.size() - kTailKeptMax);
  cut_ = true;
}

std::string StderrTail::Of(std::string_view text, bool cut, const Masker& masker) {
  if (text.size() > 2 * kTailKeptMax) {
    text.remove_prefix(text.size() - 2 * kTailKeptMax);
    cut = true;
  }
  // A line without its beginning may begin in the middle of a secret.
  if (cut) text.remove_prefix(std::min(text.find('\n'), text.size()));
  const std::vector<std::string> lines = Lines(masker.MaskLine(text));
  std::size_t first = lines.size();
  std::size_t bytes = 0;
  while (first > 0 && lines.size() - first < kTailLinesMax &&
         (bytes += lines[first - 1].size() + 1) <= kTailBytesMax) {
    --first;
  }
  // The last traceback is shown from its beginning: its cause is at the end, its way there before.
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (lines[i].find(kTraceback) == std::string::npos) continue;
    first = std::min(first, i);
    // "During handling of the above exception": one traceback with the one before it.
    if (i == 0 || lines[i - 1].find("above exception") == std::string::npos) break;
  }
  return absl::StrJoin(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end(), "\n");
}

}  // namespace shunt
