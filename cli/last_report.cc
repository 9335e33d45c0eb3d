#include "cli/last_report.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/last_will.h"
#include "router/report_mask.h"
#include "stages/exit_code.h"

namespace shunt {

std::string LastReport(const Report& begun, int cause, const Masker& masker) {
  constexpr int kSignalBase = 128;
  constexpr absl::string_view kNext = "the next run resumes from the last checkpoint";
  Report report;
  report.verb = begun.verb;
  report.connection = begun.connection;
  report.run_id = begun.run_id;
  report.started_at = begun.started_at;
  report.finished_at = begun.started_at;  // nobody knows when
  Failure failure;
  failure.origin = Origin::kShunt;
  failure.type = "system_error";
  if (cause == kNoMemory) {
    report.exit_code = static_cast<int>(ExitCode::kInternalError);
    failure.message =
        absl::StrCat("out of memory: the limits of the container or the user are met; ", kNext);
  } else {
    report.exit_code = kSignalBase + cause;
    failure.message = absl::StrCat("shunt crashed (signal ", cause, "); ", kNext);
  }
  report.failures.push_back(std::move(failure));
  MaskReport(masker, &report);
  return report.ToJson();
}

}  // namespace shunt
