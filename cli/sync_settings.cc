#include "cli/sync_settings.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/nearest.h"
#include "cli/units.h"
#include "platform/strings.h"

namespace shunt {
namespace {

template <typename T>
absl::Status Choose(std::string_view text,
                    std::initializer_list<std::pair<std::string_view, T>> choices, T* out) {
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& [name, value] : choices) {
    if (text == name) {
      *out = value;
      return absl::OkStatus();
    }
    names.push_back(name);
    absl::StrAppend(&list, list.empty() ? "" : ", ", A(name));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", A(text), "' is none of: ", list, DidYouMean(text, names)));
}

absl::Status SetBytes(std::string_view text, int64_t* out) {
  const absl::StatusOr<int64_t> bytes = ParseBytes(text);
  if (bytes.ok()) *out = *bytes;
  return bytes.status();
}

absl::Status SetDuration(std::string_view text, absl::Duration* out) {
  const absl::StatusOr<absl::Duration> duration = ParseDuration(text);
  if (duration.ok()) *out = *duration;
  return duration.status();
}

absl::Status SetSwitch(std::string_view text, bool* out) {
  const absl::StatusOr<bool> on = ParseSwitch(text);
  if (on.ok()) *out = *on;
  return on.status();
}

absl::Status SetText(std::string_view text, std::string* out) {
  if (text.empty()) return absl::InvalidArgumentError("it must not be empty");
  *out = std::string(text);
  return absl::OkStatus();
}

// Names end in tables, file names and terminals: no control characters, and short enough for a row.
absl::Status SetName(std::string_view text, std::string* out) {
  constexpr std::size_t kNameBytesMax = 200;
  const bool printable = std::none_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
  if (!printable || text.size() > kNameBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a name has at most ", kNameBytesMax, " bytes and no control characters"));
  }
  return SetText(text, out);
}

absl::Status SetAttempts(std::string_view text, int* out) {
  constexpr int kAttemptsMax = 1000;
  int value = 0;
  if (!absl::SimpleAtoi(A(text), &value) || value < 1 || value > kAttemptsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", A(text), "' is not a number of attempts: expected 1 to ", kAttemptsMax));
  }
  *out = value;
  return absl::OkStatus();
}

// A flag that fills one member: MEMBER(SetText, source_command).
#define MEMBER(setter, member) \
  [](std::string_view text, SyncSettings* settings) { return setter(text, &settings->member); }

// One of the three sources of the keys: what is said last counts alone.
#define KEY_SOURCE(member)                            \
  [](std::string_view text, SyncSettings* settings) { \
    settings->keys = {};                              \
    return SetText(text, &settings->keys.member);     \
  }

using Kind = SyncFlag::Kind;
constexpr uint8_t kBoth = kForSync | kForSidecar;
constexpr uint8_t kEither = kForCheck | kForDiscover;  // of a source or a destination
constexpr uint8_t kVerbs = kEither | kForRead;

constexpr std::array kFlags = {
    SyncFlag{"source", "CMD", Kind::kText, FlagGroup::kConnectors, kForSync | kVerbs | kForSpec,
             "command of the source connector, split like a shell does",
             MEMBER(SetText, source_command)},
    SyncFlag{"source-config", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kVerbs,
             "its config (JSON); the store's newer one wins from the second run on",
             MEMBER(SetText, source_config)},
    SyncFlag{"destination", "CMD", Kind::kText, FlagGroup::kConnectors,
             kForSync | kEither | kForSpec, "command of the destination connector",
             MEMBER(SetText, destination_command)},
    SyncFlag{"destination-config", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kEither,
             "its config (JSON)", MEMBER(SetText, destination_config)},
    SyncFlag{"source-user", "NAME", Kind::kText, FlagGroup::kConnectors,
             kForSync | kVerbs | kForSpec,
             "run the source as this user, who can read none of our files but its own\nconfig "
             "(needs root)",
             MEMBER(SetText, source_user)},
    SyncFlag{"destination-user", "NAME", Kind::kText, FlagGroup::kConnectors,
             kForSync | kEither | kForSpec, "likewise the destination",
             MEMBER(SetText, destination_user)},
    SyncFlag{"catalog", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kForRead,
             "the ConfiguredAirbyteCatalog (JSON)", MEMBER(SetText, catalog)},
    SyncFlag{
        "source-out", "END", Kind::kEnd, FlagGroup::kConnectors, kForSidecar,
        "where the source's output is read: FIFO path, fd:N, unix:PATH,\nor - for stdin (default)",
        MEMBER(SetText, source_out)},
    SyncFlag{"destination-in", "END", Kind::kEnd, FlagGroup::kConnectors, kForSidecar,
             "where the destination's input is written; - for stdout (default)",
             MEMBER(SetText, destination_in)},
    SyncFlag{"destination-out", "END", Kind::kEnd, FlagGroup::kConnectors, kForSidecar,
             "where the destination's output is read; without it nothing is checkpointed",
             MEMBER(SetText, destination_out)},
    SyncFlag{"source-dir", "DIR", Kind::kPath, FlagGroup::kConnectors, kForSidecar,
             "the source's directory in the platform's pod layout, instead of the three",
             MEMBER(SetText, source_dir)},
    SyncFlag{"destination-dir", "DIR", Kind::kPath, FlagGroup::kConnectors, kForSidecar,
             "likewise the destination's", MEMBER(SetText, destination_dir)},
    SyncFlag{"source-spec", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kVerbs,
             "the source's spec, instead of asking the connector", MEMBER(SetText, source_spec)},
    SyncFlag{"destination-spec", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kEither,
             "the destination's spec", MEMBER(SetText, destination_spec)},

    SyncFlag{"connection", "NAME", Kind::kText, FlagGroup::kRun, kBoth | kVerbs,
             "whose checkpoints and configs these are\n(default: the connection file's name, else "
             "\"default\")",
             MEMBER(SetName, connection)},
    SyncFlag{"source-id", "NAME", Kind::kText, FlagGroup::kRun, kBoth | kVerbs,
             "identity of the source's stored config (default: CONNECTION/source)",
             MEMBER(SetName, source_id)},
    SyncFlag{"destination-id", "NAME", Kind::kText, FlagGroup::kRun, kBoth | kEither,
             "likewise (default: CONNECTION/destination)", MEMBER(SetName, destination_id)},
    SyncFlag{"store", "URL", Kind::kStore, FlagGroup::kRun, kBoth | kVerbs,
             "sqlite:PATH, postgresql://HOST/DATABASE or memory:\n(default: sqlite, under "
             "XDG_STATE_HOME/shunt)",
             MEMBER(SetText, store)},
    SyncFlag{"key-file", "FILE", Kind::kPath, FlagGroup::kRun, kBoth | kVerbs,
             "encrypts stored configs: 32 bytes, base64 or hex, in a file that\nonly you can read; "
             "more lines: older keys (shunt config rekey)",
             KEY_SOURCE(file)},
    SyncFlag{"key-fd", "N", Kind::kText, FlagGroup::kRun, kBoth | kVerbs,
             "likewise from an inherited descriptor", KEY_SOURCE(fd)},
    SyncFlag{"key-command", "CMD", Kind::kText, FlagGroup::kRun, kBoth | kVerbs,
             "likewise from a program (absolute path) that prints it", KEY_SOURCE(command)},
    SyncFlag{"state", "FILE", Kind::kPath, FlagGroup::kRun, kBoth | kForRead,
             "initial state, used only when the store has none", MEMBER(SetText, state)},
    SyncFlag{"take-over", "", Kind::kSwitch, FlagGroup::kRun, kBoth | kVerbs,
             "take the connection from a run that holds it", MEMBER(SetSwitch, take_over)},
    SyncFlag{"exclusive-configs", "", Kind::kSwitch, FlagGroup::kRun, kBoth | kVerbs,
             "do not run beside another run with this switch that has one of our source-id\nand "
             "destination-id: for connections that share a refresh token",
             MEMBER(SetSwitch, exclusive_configs)},

    SyncFlag{"attempts", "N", Kind::kText, FlagGroup::kRun, kForSync,
             "run again, up to N runs in all, after a failure that may pass (a\ntransient_error, a "
             "timeout), as long as each has moved the checkpoint (default: 1)",
             MEMBER(SetAttempts, attempts)},
    SyncFlag{"attempt-backoff", "TIME", Kind::kText, FlagGroup::kRun, kForSync,
             "the pause before the second attempt; doubles each time, 10m at most\n(default: 10s)",
             MEMBER(SetDuration, attempt_backoff)},

    SyncFlag{"config-update", "merge|replace", Kind::kText, FlagGroup::kRules, kBoth | kVerbs,
             "how a CONTROL's config joins the stored one (default: merge)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<ConfigUpdateMode>(
                   text,
                   {{"merge", ConfigUpdateMode::kMerge}, {"replace", ConfigUpdateMode::kReplace}},
                   &s->router.config_update);
             }},
    SyncFlag{"causal-floor", "", Kind::kSwitch, FlagGroup::kRules, kBoth | kVerbs,
             "an update counts as later than the config that its connector was started\nwith, "
             "whatever its emitted_at says: for machines whose clocks differ",
             MEMBER(SetSwitch, router.causal_floor)},
    SyncFlag{"on-invalid-config", "fail|warn", Kind::kText, FlagGroup::kRules, kBoth | kVerbs,
             "when a config update violates the connector's spec (default: fail)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<OnInvalidConfig>(
                   text, {{"fail", OnInvalidConfig::kFail}, {"warn", OnInvalidConfig::kWarn}},
                   &s->router.on_invalid_config);
             }},
    SyncFlag{"strict-formats", "", Kind::kSwitch, FlagGroup::kRules, kBoth | kVerbs,
             "a value that is not of its `format` violates the spec, too, instead of being\nnoted",
             MEMBER(SetSwitch, spec_options.strict_formats)},
    SyncFlag{"validate", "full|envelope", Kind::kText, FlagGroup::kRules, kBoth | kForRead,
             "how much of every line is checked (default: full)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<Validation>(
                   text, {{"full", Validation::kFull}, {"envelope", Validation::kEnvelope}},
                   &s->router.validation);
             }},
    SyncFlag{
        "on-malformed", "taint|drop|fail", Kind::kText, FlagGroup::kRules, kBoth | kForRead,
        "a malformed line: no later checkpoint and exit 8; count it; or stop\n(default: taint)",
        [](std::string_view text, SyncSettings* s) {
          return Choose<OnMalformed>(text,
                                     {{"taint", OnMalformed::kTaint},
                                      {"drop", OnMalformed::kDrop},
                                      {"fail", OnMalformed::kFail}},
                                     &s->router.on_malformed);
        }},
    SyncFlag{"on-unknown-stream", "drop|fail", Kind::kText, FlagGroup::kRules, kBoth | kForRead,
             "a RECORD of a stream that the catalog lacks (default: drop)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<OnUnknownStream>(
                   text, {{"drop", OnUnknownStream::kDrop}, {"fail", OnUnknownStream::kFail}},
                   &s->router.on_unknown_stream);
             }},
    SyncFlag{"fill-state-counts", "auto|never", Kind::kText, FlagGroup::kRules, kBoth,
             "fill in a missing sourceStats.recordCount (default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<FillStateCounts>(
                   text, {{"auto", FillStateCounts::kAuto}, {"never", FillStateCounts::kNever}},
                   &s->router.fill_state_counts);
             }},
    SyncFlag{"stream-statuses", "auto|always|never", Kind::kText, FlagGroup::kRules, kBoth,
             "send final stream statuses to the destination\n(default: auto, when the catalog has "
             "generation ids)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<StreamStatuses>(text,
                                             {{"auto", StreamStatuses::kAuto},
                                              {"always", StreamStatuses::kAlways},
                                              {"never", StreamStatuses::kNever}},
                                             &s->router.stream_statuses);
             }},

    SyncFlag{"memory-budget", "BYTES", Kind::kText, FlagGroup::kLimits, kBoth | kVerbs,
             "bounds the peak memory of shunt itself (default: 64MiB)",
             MEMBER(SetBytes, router.memory_budget_bytes)},
    SyncFlag{"line-bytes-max", "BYTES", Kind::kText, FlagGroup::kLimits, kBoth | kVerbs,
             "a longer line is malformed (default: half the memory budget)",
             MEMBER(SetBytes, router.line_bytes_max)},
    SyncFlag{"read-ahead", "BYTES", Kind::kText, FlagGroup::kLimits, kBoth | kForRead,
             "how far past a stalled record lines are still read (default: 8MiB)",
             MEMBER(SetBytes, router.read_ahead_bytes)},
    SyncFlag{"zero-copy", "auto|never", Kind::kText, FlagGroup::kLimits, kBoth | kForRead,
             "pass records on between pipes without copying them; never: for a source that\nwrites "
             "with vmsplice (default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<ZeroCopy>(text,
                                       {{"auto", ZeroCopy::kAuto}, {"never", ZeroCopy::kNever}},
                                       &s->router.zero_copy);
             }},
    SyncFlag{"threads", "auto|dedicated|compact|inline", Kind::kText, FlagGroup::kLimits,
             kBoth | kVerbs, "how the stages are spread over threads (default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<Threads>(text,
                                      {{"auto", Threads::kAuto},
                                       {"dedicated", Threads::kDedicated},
                                       {"compact", Threads::kCompact},
                                       {"inline", Threads::kInline}},
                                      &s->router.threads);
             }},
    SyncFlag{"source-timeout", "TIME", Kind::kText, FlagGroup::kLimits, kBoth | kVerbs,
             "a source silent for so long has failed; 0 is off (default: 3h;\n10m for check and "
             "discover)",
             MEMBER(SetDuration, router.source_timeout)},
    SyncFlag{"destination-timeout", "TIME", Kind::kText, FlagGroup::kLimits, kBoth | kVerbs,
             "likewise a destination that neither reads nor acknowledges",
             MEMBER(SetDuration, router.destination_timeout)},
    SyncFlag{"open-timeout", "TIME", Kind::kText, FlagGroup::kLimits, kForSidecar,
             "how long the other side of a FIFO may take to open it; 0 is off\n(default: 15m)",
             MEMBER(SetDuration, router.open_timeout)},
    SyncFlag{"abort-drain", "TIME", Kind::kText, FlagGroup::kLimits, kBoth | kVerbs,
             "how long an aborted source's last words are read (default: 10s)",
             MEMBER(SetDuration, router.abort_drain)},
    SyncFlag{
        "persist-timeout", "TIME", Kind::kText, FlagGroup::kLimits, kBoth | kVerbs,
        "how long a config update is tried at a store that does not take it; then\nthe run ends "
        "with 5, and the update is in a file (default: 60s)",
        MEMBER(SetDuration, router.persist_timeout)},
    SyncFlag{"spill-dir", "DIR", Kind::kPath, FlagGroup::kLimits, kBoth | kVerbs,
             "where large waiting states go (default: XDG_RUNTIME_DIR/shunt)",
             MEMBER(SetText, spill_dir)},

    SyncFlag{"report", "FILE|-", Kind::kPath, FlagGroup::kOutput, kBoth | kVerbs,
             "write the run's report (JSON) there; - is stdout", MEMBER(SetText, report)},
    SyncFlag{"progress", "auto|plain|json|none", Kind::kText, FlagGroup::kOutput, kBoth | kForRead,
             "what is shown while it runs (default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<ProgressMode>(text,
                                           {{"auto", ProgressMode::kAuto},
                                            {"plain", ProgressMode::kPlain},
                                            {"json", ProgressMode::kJson},
                                            {"none", ProgressMode::kNone}},
                                           &s->progress);
             }},
    SyncFlag{"verbose", "", Kind::kSwitch, FlagGroup::kOutput, kBoth | kVerbs,
             "also debug messages and the memory bound, term by term", MEMBER(SetSwitch, verbose)},
};

#undef KEY_SOURCE
#undef MEMBER

}  // namespace

std::string_view FlagGroupName(FlagGroup group) {
  switch (group) {
    case FlagGroup::kConnectors:
      return "Connectors";
    case FlagGroup::kRun:
      return "Connection and store";
    case FlagGroup::kRules:
      return "Rules";
    case FlagGroup::kLimits:
      return "Limits and deadlines";
    case FlagGroup::kOutput:
      return "Output";
  }
  return "";
}

std::string SyncFlag::file_key() const { return absl::StrReplaceAll(A(name), {{"-", "_"}}); }

std::string SyncFlag::environment() const {
  return absl::StrCat("SHUNT_", absl::AsciiStrToUpper(file_key()));
}

std::span<const SyncFlag> SyncFlags() { return kFlags; }

}  // namespace shunt
