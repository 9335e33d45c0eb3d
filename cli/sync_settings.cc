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
#include "cli/units.h"
#include "platform/nearest.h"
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
             "command that starts the source connector: split by POSIX shell quoting\n"
             "rules, run directly, never by a shell",
             MEMBER(SetText, source_command)},
    SyncFlag{"source-config", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kVerbs,
             "the source's config (JSON); from the second run on the stored config with\n"
             "the edits of this file",
             MEMBER(SetText, source_config)},
    SyncFlag{"destination", "CMD", Kind::kText, FlagGroup::kConnectors,
             kForSync | kEither | kForSpec, "command that starts the destination connector",
             MEMBER(SetText, destination_command)},
    SyncFlag{"destination-config", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kEither,
             "the destination's config (JSON), likewise", MEMBER(SetText, destination_config)},
    SyncFlag{"source-user", "NAME", Kind::kText, FlagGroup::kConnectors,
             kForSync | kVerbs | kForSpec,
             "run the source as this user, who can read none of our files but its own\n"
             "config (needs root; default: as shunt itself)",
             MEMBER(SetText, source_user)},
    SyncFlag{"destination-user", "NAME", Kind::kText, FlagGroup::kConnectors,
             kForSync | kEither | kForSpec,
             "run the destination as this user (needs root; default: as shunt itself)",
             MEMBER(SetText, destination_user)},
    SyncFlag{"catalog", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kForRead,
             "the ConfiguredAirbyteCatalog (JSON): which streams, and how",
             MEMBER(SetText, catalog)},
    SyncFlag{"source-out", "END", Kind::kEnd, FlagGroup::kConnectors, kForSidecar,
             "where the source's output is read: FIFO path, fd:N, unix:PATH, or - for\n"
             "stdin (default: -)",
             MEMBER(SetText, source_out)},
    SyncFlag{"destination-in", "END", Kind::kEnd, FlagGroup::kConnectors, kForSidecar,
             "where the destination's input is written, likewise; - is stdout\n"
             "(default: -)",
             MEMBER(SetText, destination_in)},
    SyncFlag{"destination-out", "END", Kind::kEnd, FlagGroup::kConnectors, kForSidecar,
             "where the destination's output is read, likewise; without it nothing is\n"
             "acknowledged, and so nothing checkpointed (default: none)",
             MEMBER(SetText, destination_out)},
    SyncFlag{"source-dir", "DIR", Kind::kPath, FlagGroup::kConnectors, kForSidecar,
             "the source's directory in the platform's pod layout, instead of the three",
             MEMBER(SetText, source_dir)},
    SyncFlag{"destination-dir", "DIR", Kind::kPath, FlagGroup::kConnectors, kForSidecar,
             "the destination's directory in the platform's pod layout, likewise",
             MEMBER(SetText, destination_dir)},
    SyncFlag{"source-spec", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kVerbs,
             "the source's spec (JSON): as `CMD spec` prints it, or the bare schema\n"
             "(default: ask the connector, if shunt starts it)",
             MEMBER(SetText, source_spec)},
    SyncFlag{"destination-spec", "FILE", Kind::kPath, FlagGroup::kConnectors, kBoth | kEither,
             "the destination's spec (JSON), likewise", MEMBER(SetText, destination_spec)},

    SyncFlag{"connection", "NAME", Kind::kText, FlagGroup::kRun, kBoth | kVerbs,
             "whose checkpoints and configs these are: a name of your choice\n"
             "(default: the connection file's name, else \"default\")",
             MEMBER(SetName, connection)},
    SyncFlag{"source-id", "NAME", Kind::kText, FlagGroup::kRun, kBoth | kVerbs,
             "name of the source's stored config (default: CONNECTION/source)",
             MEMBER(SetName, source_id)},
    SyncFlag{"destination-id", "NAME", Kind::kText, FlagGroup::kRun, kBoth | kEither,
             "name of the destination's stored config (default: CONNECTION/destination)",
             MEMBER(SetName, destination_id)},
    SyncFlag{"store", "URL", Kind::kStore, FlagGroup::kStore, kBoth | kVerbs,
             "where checkpoints, configs and runs are kept: sqlite:PATH,\n"
             "postgresql://HOST/DATABASE or memory: (default: sqlite, under\n"
             "XDG_STATE_HOME/shunt, else ~/.local/state/shunt)",
             MEMBER(SetText, store)},
    SyncFlag{"key-file", "FILE", Kind::kPath, FlagGroup::kStore, kBoth | kVerbs,
             "encrypts stored configs with this key: 32 bytes, base64 or hex, in a file\n"
             "that only you can read; more lines: older keys (shunt config rekey)\n"
             "(default: not encrypted)",
             KEY_SOURCE(file)},
    SyncFlag{"key-fd", "N", Kind::kText, FlagGroup::kStore, kBoth | kVerbs,
             "the same key from an inherited descriptor", KEY_SOURCE(fd)},
    SyncFlag{"key-command", "CMD", Kind::kText, FlagGroup::kStore, kBoth | kVerbs,
             "the same key from a program (absolute path) that prints it", KEY_SOURCE(command)},
    SyncFlag{"seal-store", "", Kind::kSwitch, FlagGroup::kStore, kBoth | kVerbs,
             "with a key: also encrypt a store that is in use without one, the configs of\n"
             "all its connections; runs without the key end with 5 from then on",
             MEMBER(SetSwitch, seal_store)},
    SyncFlag{"seal-anchor", "FILE", Kind::kPath, FlagGroup::kStore, kBoth | kVerbs,
             "keep in this file, beside the key, how new the encrypted store is: one that\n"
             "is put back from a copy is refused then (default: none)",
             MEMBER(SetText, seal_anchor)},
    SyncFlag{"state", "FILE", Kind::kPath, FlagGroup::kRun, kBoth | kForRead,
             "the state to start from (JSON, as `shunt state export` prints it); a sync\n"
             "uses it only while the store has none",
             MEMBER(SetText, state)},
    SyncFlag{"take-over", "", Kind::kSwitch, FlagGroup::kRun, kBoth | kVerbs,
             "take the connection from a live run that holds it, which then ends with 10\n"
             "(default: end with 10 ourselves)",
             MEMBER(SetSwitch, take_over)},
    SyncFlag{"exclusive-configs", "", Kind::kSwitch, FlagGroup::kRun, kBoth | kVerbs,
             "do not run beside another run with this switch that has our source-id or\n"
             "destination-id: for connections that share a refresh token",
             MEMBER(SetSwitch, exclusive_configs)},

    SyncFlag{"attempts", "N", Kind::kText, FlagGroup::kRun, kForSync,
             "run again, up to N runs in all, after a failure that may pass (a\n"
             "transient_error, a timeout), as long as each run has moved the checkpoint\n"
             "(default: 1)",
             MEMBER(SetAttempts, attempts)},
    SyncFlag{"attempt-backoff", "TIME", Kind::kText, FlagGroup::kRun, kForSync,
             "pause before the second run; doubles each time, up to 10m (default: 10s)",
             MEMBER(SetDuration, attempt_backoff)},

    SyncFlag{"config-update", "merge|replace", Kind::kText, FlagGroup::kUpdates, kBoth | kVerbs,
             "how a connector's config update joins the stored config: key by key, or as\n"
             "a whole (default: merge)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<ConfigUpdateMode>(
                   text,
                   {{"merge", ConfigUpdateMode::kMerge}, {"replace", ConfigUpdateMode::kReplace}},
                   &s->router.config_update);
             }},
    SyncFlag{"causal-floor", "", Kind::kSwitch, FlagGroup::kUpdates, kBoth | kVerbs,
             "an update counts as later than the config that its connector was started\n"
             "with, whatever its emitted_at says: for machines whose clocks differ",
             MEMBER(SetSwitch, router.causal_floor)},
    SyncFlag{"on-invalid-config", "fail|warn", Kind::kText, FlagGroup::kUpdates, kBoth | kVerbs,
             "a config update that violates the connector's spec is never used; the run\n"
             "ends with 6, or goes on (default: fail)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<OnInvalidConfig>(
                   text, {{"fail", OnInvalidConfig::kFail}, {"warn", OnInvalidConfig::kWarn}},
                   &s->router.on_invalid_config);
             }},
    SyncFlag{"strict-formats", "", Kind::kSwitch, FlagGroup::kUpdates, kBoth | kVerbs,
             "a value that is not of its `format` violates the spec, too (default: it is\n"
             "noted)",
             MEMBER(SetSwitch, spec_options.strict_formats)},
    SyncFlag{"validate", "full|envelope", Kind::kText, FlagGroup::kRules, kBoth | kForRead,
             "how much of every line is checked: all of it, or all but the grammar inside\n"
             "record.data (default: full)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<Validation>(
                   text, {{"full", Validation::kFull}, {"envelope", Validation::kEnvelope}},
                   &s->router.validation);
             }},
    SyncFlag{"on-malformed", "taint|drop|fail", Kind::kText, FlagGroup::kRules, kBoth | kForRead,
             "a line that is no message: no checkpoint from there on and exit code 8;\n"
             "only count it; or stop at once (default: taint)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<OnMalformed>(text,
                                          {{"taint", OnMalformed::kTaint},
                                           {"drop", OnMalformed::kDrop},
                                           {"fail", OnMalformed::kFail}},
                                          &s->router.on_malformed);
             }},
    SyncFlag{"on-unknown-stream", "drop|fail", Kind::kText, FlagGroup::kRules, kBoth | kForRead,
             "a record of a stream that the catalog lacks: count it, or stop (default:\n"
             "drop)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<OnUnknownStream>(
                   text, {{"drop", OnUnknownStream::kDrop}, {"fail", OnUnknownStream::kFail}},
                   &s->router.on_unknown_stream);
             }},
    SyncFlag{"fill-state-counts", "auto|never", Kind::kText, FlagGroup::kRules, kBoth,
             "add a missing sourceStats.recordCount to states; without rules for records the\n"
             "only change that is made to a line (default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<FillStateCounts>(
                   text, {{"auto", FillStateCounts::kAuto}, {"never", FillStateCounts::kNever}},
                   &s->router.fill_state_counts);
             }},
    SyncFlag{"stream-statuses", "auto|always|never", Kind::kText, FlagGroup::kRules, kBoth,
             "tell the destination how each stream ended; auto: when the catalog has\n"
             "generation ids (default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<StreamStatuses>(text,
                                             {{"auto", StreamStatuses::kAuto},
                                              {"always", StreamStatuses::kAlways},
                                              {"never", StreamStatuses::kNever}},
                                             &s->router.stream_statuses);
             }},

    SyncFlag{
        "check-counts", "off|warn|fail", Kind::kText, FlagGroup::kRules, kBoth,
        "the records that the source, shunt and the destination count at each state\n(default: "
        "warn)",
        [](std::string_view text, SyncSettings* s) {
          return Choose<CheckCounts>(text,
                                     {{"off", CheckCounts::kOff},
                                      {"warn", CheckCounts::kWarn},
                                      {"fail", CheckCounts::kFail}},
                                     &s->router.check_counts);
        }},
    SyncFlag{
        "missing-states", "ignore|inject", Kind::kText, FlagGroup::kRules, kBoth,
        "whether a full refresh that ends without a state gets an empty one\n(default: ignore)",
        [](std::string_view text, SyncSettings* s) {
          return Choose<MissingStatesMode>(
              text,
              {{"ignore", MissingStatesMode::kIgnore}, {"inject", MissingStatesMode::kInject}},
              &s->router.missing_states);
        }},

    SyncFlag{"namespace-definition", "source|destination|custom", Kind::kText, FlagGroup::kRecords,
             kBoth,
             "the namespace that streams get: the source's, none, or --namespace-format\n(default: "
             "source)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<NamespaceDefinition>(
                   text,
                   {{"source", NamespaceDefinition::kSource},
                    {"destination", NamespaceDefinition::kDestination},
                    {"custom", NamespaceDefinition::kCustom}},
                   &s->transforms.names.definition);
             }},
    SyncFlag{"namespace-format", "TEXT", Kind::kText, FlagGroup::kRecords, kBoth,
             "for custom: a namespace, in which ${SOURCE_NAMESPACE} stands for the source's",
             MEMBER(SetText, transforms.names.format)},
    SyncFlag{"stream-prefix", "TEXT", Kind::kText, FlagGroup::kRecords, kBoth,
             "in front of every stream's name", MEMBER(SetText, transforms.names.prefix)},
    SyncFlag{"select-fields", "", Kind::kSwitch, FlagGroup::kRecords, kBoth,
             "cut top-level fields that the stream's json_schema does not list",
             MEMBER(SetSwitch, transforms.select_fields)},
    SyncFlag{"record-bytes-max", "BYTES", Kind::kText, FlagGroup::kRecords, kBoth,
             "the longest RECORD line that the destination gets (default: any)",
             MEMBER(SetBytes, transforms.record_bytes_max)},
    SyncFlag{
        "on-oversize-record", "taint|fail|null", Kind::kText, FlagGroup::kRecords, kBoth,
        "a longer one: no later checkpoint and exit 8; stop; or null its largest\nfields, which "
        "meta.changes then says (default: taint)",
        [](std::string_view text, SyncSettings* s) {
          return Choose<OnOversizeRecord>(text,
                                          {{"taint", OnOversizeRecord::kTaint},
                                           {"fail", OnOversizeRecord::kFail},
                                           {"null", OnOversizeRecord::kNull}},
                                          &s->transforms.on_oversize_record);
        }},
    SyncFlag{"validate-schema", "off|sampled|all", Kind::kText, FlagGroup::kRecords, kBoth,
             "hold records against their stream's json_schema, and count (default: off)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<SchemaValidation>(text,
                                               {{"off", SchemaValidation::kOff},
                                                {"sampled", SchemaValidation::kSampled},
                                                {"all", SchemaValidation::kAll}},
                                               &s->router.validate_schema);
             }},

    SyncFlag{"memory-budget", "BYTES", Kind::kText, FlagGroup::kLimits, kBoth | kVerbs,
             "bound of the peak memory of shunt itself, catalog and configs included; what\n"
             "does not fit is refused before anything is started (default: 64MiB)",
             MEMBER(SetBytes, router.memory_budget_bytes)},
    SyncFlag{"line-bytes-max", "BYTES", Kind::kText, FlagGroup::kLimits, kBoth | kVerbs,
             "a longer line is malformed (default: half the memory budget; an eighth when\n"
             "something is done to records)",
             MEMBER(SetBytes, router.line_bytes_max)},
    SyncFlag{"read-ahead", "BYTES", Kind::kText, FlagGroup::kLimits, kBoth | kForRead,
             "how far is read while the destination takes nothing, so that config updates\n"
             "behind records are seen (default: 8MiB)",
             MEMBER(SetBytes, router.read_ahead_bytes)},
    SyncFlag{"zero-copy", "auto|never", Kind::kText, FlagGroup::kLimits, kBoth | kForRead,
             "pass records on between pipes without copying them; never: for a source\n"
             "that writes with vmsplice (default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<ZeroCopy>(text,
                                       {{"auto", ZeroCopy::kAuto}, {"never", ZeroCopy::kNever}},
                                       &s->router.zero_copy);
             }},
    SyncFlag{"threads", "auto|dedicated|compact|inline", Kind::kText, FlagGroup::kLimits,
             kBoth | kVerbs, "how the work is spread over threads (default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<Threads>(text,
                                      {{"auto", Threads::kAuto},
                                       {"dedicated", Threads::kDedicated},
                                       {"compact", Threads::kCompact},
                                       {"inline", Threads::kInline}},
                                      &s->router.threads);
             }},
    SyncFlag{"source-timeout", "TIME", Kind::kText, FlagGroup::kDeadlines, kBoth | kVerbs,
             "a source that says nothing for so long has failed; 0: never (default: 3h;\n"
             "10m for check and discover)",
             MEMBER(SetDuration, router.source_timeout)},
    SyncFlag{"destination-timeout", "TIME", Kind::kText, FlagGroup::kDeadlines, kBoth | kVerbs,
             "a destination that neither reads nor acknowledges for so long has failed;\n"
             "0: never (default: 3h; 10m for check and discover)",
             MEMBER(SetDuration, router.destination_timeout)},
    SyncFlag{"open-timeout", "TIME", Kind::kText, FlagGroup::kDeadlines, kForSidecar,
             "how long the other side of a FIFO may take to open it; 0: for\n"
             "ever (default: 15m)",
             MEMBER(SetDuration, router.open_timeout)},
    SyncFlag{"abort-drain", "TIME", Kind::kText, FlagGroup::kDeadlines, kBoth | kVerbs,
             "how long the last words of a source are read when the run ends early\n"
             "(default: 10s)",
             MEMBER(SetDuration, router.abort_drain)},
    SyncFlag{"persist-timeout", "TIME", Kind::kText, FlagGroup::kDeadlines, kBoth | kVerbs,
             "how long a config update is tried at a store that does not take it; then\n"
             "the run ends with 5, and the update is in a file (default: 60s)",
             MEMBER(SetDuration, router.persist_timeout)},
    SyncFlag{"spill-dir", "DIR", Kind::kPath, FlagGroup::kLimits, kBoth | kVerbs,
             "where large waiting states go (default: XDG_RUNTIME_DIR/shunt)",
             MEMBER(SetText, spill_dir)},
    SyncFlag{"spill-max", "BYTES", Kind::kText, FlagGroup::kLimits, kBoth,
             "what waiting states may take there, and never more than a quarter of what is\n"
             "free; then the source waits for acknowledgements (default: 1GiB)",
             MEMBER(SetBytes, router.spill_bytes_max)},

    SyncFlag{"report", "FILE|-", Kind::kPath, FlagGroup::kOutput, kBoth | kVerbs,
             "write the run's report (JSON) there; - is stdout (default: none)",
             MEMBER(SetText, report)},
    SyncFlag{"progress", "auto|plain|json|none", Kind::kText, FlagGroup::kOutput, kBoth | kForRead,
             "what is shown on stderr while it runs; auto: a live line on a terminal\n"
             "(default: auto)",
             [](std::string_view text, SyncSettings* s) {
               return Choose<ProgressMode>(text,
                                           {{"auto", ProgressMode::kAuto},
                                            {"plain", ProgressMode::kPlain},
                                            {"json", ProgressMode::kJson},
                                            {"none", ProgressMode::kNone}},
                                           &s->progress);
             }},
    SyncFlag{"log-level", "fatal|error|warn|info|debug|trace", Kind::kText, FlagGroup::kOutput,
             kBoth | kVerbs,
             "show log lines of this level and graver ones (default: info; trace with\n--verbose)",
             [](std::string_view text, SyncSettings* s) {
               LogLevel level = LogLevel::kInfo;
               absl::Status status = Choose<LogLevel>(text,
                                                      {{"fatal", LogLevel::kFatal},
                                                       {"error", LogLevel::kError},
                                                       {"warn", LogLevel::kWarn},
                                                       {"info", LogLevel::kInfo},
                                                       {"debug", LogLevel::kDebug},
                                                       {"trace", LogLevel::kTrace}},
                                                      &level);
               if (status.ok()) s->log_level = level;
               return status;
             }},
    SyncFlag{"verbose", "", Kind::kSwitch, FlagGroup::kOutput, kBoth | kVerbs,
             "also debug messages, and the memory bound term by term", MEMBER(SetSwitch, verbose)},
};

#undef KEY_SOURCE
#undef MEMBER

}  // namespace

LogLevel LogLevelOf(const SyncSettings& settings) {
  return settings.log_level.value_or(settings.verbose ? LogLevel::kTrace : LogLevel::kInfo);
}

std::string_view FlagGroupName(FlagGroup group) {
  switch (group) {
    case FlagGroup::kConnectors:
      return "Connectors";
    case FlagGroup::kRun:
      return "Connection";
    case FlagGroup::kStore:
      return "Store and encryption";
    case FlagGroup::kUpdates:
      return "Config updates";
    case FlagGroup::kRules:
      return "Checks of lines and states";
    case FlagGroup::kRecords:
      return "What is done to records (mappers stand in the catalog)";
    case FlagGroup::kLimits:
      return "Memory and threads";
    case FlagGroup::kDeadlines:
      return "Deadlines";
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
