#include "tests/sim/simulation.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "router/router.h"
#include "tests/sim/script.h"
#include "tests/sim/world.h"
#include "transforms/record_rules.h"

namespace shunt::sim {
namespace {

constexpr uint64_t kStepsMax = 2'000'000;
constexpr char kTokenSpec[] =
    R"({"type":"object","properties":{"token":{"type":"string","airbyte_secret":true}}})";

class QuietSink final : public EventSink {
 public:
  void Log(Origin, LogLevel, std::string_view text) override {
    // G50: no token of the script is ever shown.
    if (text.find("-secret") != std::string_view::npos) leaked = true;
  }
  bool leaked = false;
};

struct Scenario {
  Script script;
  SimSource::Plan source;
  SimDestination::Plan destination;
  RouterOptions options;
  std::optional<uint64_t> store_fails_at;
  std::optional<uint64_t> stop_at_step, stop_again_at_step, taken_over_at_step;
  bool wall_steps = false;
  bool renames = false;
  bool source_fault = false, destination_fault = false;
  std::string text;
};

Flow AnyFlow(Random& random) {
  static constexpr int64_t kBytes[] = {1, 7, 64, 512, 4096, 65536};
  return {.bytes_max = kBytes[Between(random, 0, 5)], .stall = Chance(random, 0.3) ? 0.7 : 0.1};
}

// From dice of their own, so that all other runs are what they were.
void AddTransforms(uint64_t seed, Mix* mix) {
  Random random(seed * 0x9E3779B97F4A7C15u);
  mix->renames = Chance(random, 0.3);
  mix->filters = Chance(random, 0.2);
}

void AddUnreadInput(uint64_t seed, Scenario* scenario) {
  Random random(seed * 0xD6E8FEB86659FD93u);
  const SimDestination::Plan& plan = scenario->destination;
  if (plan.lingers || plan.pipe_stays || plan.closes_output || plan.hangs) return;
  scenario->destination.leaves_input = Chance(random, 0.1);
}

absl::StatusOr<std::shared_ptr<const RecordRules>> RulesOf(const Mix& mix, const Script& script) {
  RecordRuleSettings settings;
  if (mix.renames) {
    settings.names = {.definition = NamespaceDefinition::kDestination, .prefix = "p_"};
  }
  auto compiled = CompileRecordRules(settings, script.catalog_json);
  if (!compiled.ok()) return compiled.status();
  return compiled->rules;
}

Mix AnyMix(Random& random) {
  Mix mix;
  mix.lines = static_cast<int>(Between(random, 5, 200));
  mix.streams = static_cast<int>(Between(random, 1, 6));
  mix.state_type = static_cast<StateType>(Between(random, 0, 2));
  mix.state = Chance(random, 0.2) ? 0.5 : 0.1;
  if (Chance(random, 0.5)) mix.control = 0.08;
  if (Chance(random, 0.15)) mix.malformed = 0.03;
  if (Chance(random, 0.2)) mix.unknown_stream = 0.05;
  if (Chance(random, 0.1)) mix.invalid_config = 0.2;
  if (Chance(random, 0.12)) {
    static constexpr const char* kFaults[] = {"failed check", "error", "incomplete", "mixed"};
    mix.fault = kFaults[Between(random, 0, 3)];
  }
  return mix;
}

void PlanSource(Scenario* scenario, Random& random) {
  SimSource::Plan& source = scenario->source;
  source.flow = AnyFlow(random);
  source.ignores_terminate = Chance(random, 0.2);
  source.lingers = Chance(random, 0.05);
  if (Chance(random, 0.2)) {
    scenario->script = scenario->script.CutAt(static_cast<std::size_t>(
        Between(random, 0, static_cast<int64_t>(scenario->script.bytes.size()))));
    scenario->source_fault = true;
    if (Chance(random, 0.5)) {
      source.exit_code = 1;
    } else {
      source.exit_signal = 11;
    }
    source.lingers = false;
  } else if (Chance(random, 0.05)) {
    source.hangs_at_end = true;
    scenario->source_fault = true;
    scenario->options.source_timeout = absl::Seconds(5);
  } else if (Chance(random, 0.04)) {
    source.pipe_stays = !source.lingers;
  }
}

void PlanDestination(Scenario* scenario, Random& random) {
  SimDestination::Plan& destination = scenario->destination;
  destination.input = AnyFlow(random);
  destination.output = AnyFlow(random);
  destination.pipe_bytes = Chance(random, 0.5) ? 4096 : 65536;
  destination.consume = Chance(random, 0.3) ? 0.02 : 0.6;
  destination.acks = static_cast<SimDestination::Acks>(Between(random, 0, 2));
  if (Chance(random, 0.05)) destination.acks = SimDestination::Acks::kNever;
  destination.duplicates = Chance(random, 0.2);
  destination.lies = Chance(random, 0.15);
  destination.respells = Chance(random, 0.3);
  destination.chatters = Chance(random, 0.3);
  if (Chance(random, 0.2)) destination.controls = 0.05;
  if (Chance(random, 0.12)) {
    destination.dies_after_states = static_cast<std::size_t>(Between(random, 0, 5));
    destination.explains_death = Chance(random, 0.5);
    scenario->destination_fault = true;
  } else if (Chance(random, 0.05)) {
    destination.exit_code = 3;
    scenario->destination_fault = true;
  } else if (Chance(random, 0.04)) {
    destination.hangs = true;
    scenario->destination_fault = true;
    scenario->options.destination_timeout = absl::Seconds(7);
  } else if (Chance(random, 0.04)) {
    destination.lingers = true;
  } else if (Chance(random, 0.04)) {
    destination.pipe_stays = true;
  } else if (Chance(random, 0.04)) {
    destination.closes_output = true;
    destination.acks = SimDestination::Acks::kNever;
    destination.lies = destination.chatters = false;
    destination.controls = 0;
  }
}

// What of the lines is a fault is a matter of options.
void PlanPolicies(const Mix& mix, Scenario* scenario, Random& random) {
  RouterOptions& options = scenario->options;
  if (mix.malformed > 0) options.on_malformed = static_cast<OnMalformed>(Between(random, 0, 2));
  if (options.on_malformed == OnMalformed::kDrop) scenario->script.Forgive();
  if (mix.unknown_stream > 0 && Chance(random, 0.3)) {
    options.on_unknown_stream = OnUnknownStream::kFail;
  }
}

Scenario MakeScenario(uint64_t seed, Random& random) {
  Scenario scenario;
  Mix mix = AnyMix(random);
  AddTransforms(seed, &mix);
  scenario.script = MakeScript(mix, random);
  PlanSource(&scenario, random);
  PlanDestination(&scenario, random);
  AddUnreadInput(seed, &scenario);
  PlanPolicies(mix, &scenario, random);
  RouterOptions& options = scenario.options;
  options.threads = Threads::kInline;
  options.catalog = scenario.script.catalog;
  options.rules = *RulesOf(mix, scenario.script);
  scenario.renames = mix.renames;
  options.source.config_id = "sim/source";
  options.destination.config_id = "sim/destination";
  options.source.spec = *ConnectorSpec::Compile(kTokenSpec);
  options.read_ahead_bytes = Between(random, 1, 4) * 2048;
  options.stream_statuses = Chance(random, 0.3) ? StreamStatuses::kAlways : StreamStatuses::kAuto;
  if (Chance(random, 0.1)) scenario.store_fails_at = static_cast<uint64_t>(Between(random, 1, 6));
  if (Chance(random, 0.1)) scenario.stop_at_step = static_cast<uint64_t>(Between(random, 1, 3000));
  if (scenario.stop_at_step && Chance(random, 0.5)) {
    scenario.stop_again_at_step =
        *scenario.stop_at_step + static_cast<uint64_t>(Between(random, 1, 200));
  }
  if (Chance(random, 0.05)) {
    scenario.taken_over_at_step = static_cast<uint64_t>(Between(random, 1, 2000));
  }
  scenario.wall_steps = Chance(random, 0.15);
  scenario.text = absl::StrCat(
      "seed ", seed, ": ", mix.lines, " lines, ", mix.streams, " streams, ",
      A(StateTypeName(mix.state_type)), " states", scenario.source_fault ? ", source fault" : "",
      scenario.destination_fault ? ", destination fault" : "",
      scenario.store_fails_at ? ", store fails" : "", scenario.stop_at_step ? ", stopped" : "",
      mix.malformed > 0 ? ", malformed lines" : "", mix.fault.empty() ? "" : ", ", mix.fault,
      mix.invalid_config > 0 ? ", invalid configs" : "", mix.renames ? ", renames" : "",
      mix.filters ? ", filters" : "");
  return scenario;
}

class Simulation {
 public:
  Simulation(uint64_t seed, Bug bug)
      : random_(seed),
        bug_(bug),
        scenario_(MakeScenario(seed, random_)),
        source_(scenario_.script, scenario_.source, random_),
        destination_(scenario_.script, scenario_.destination, random_, bug),
        store_(scenario_.script, destination_, bug) {
    outcome_.scenario = scenario_.text;
  }

  Outcome Run() {
    scenario_.options.run = *store_.BeginRun("sim", "run-1", clock_.WallNow(), false);
    store_.fails_at_call = scenario_.store_fails_at;
    auto router =
        Router::Create(scenario_.options, RouterDeps{source_, destination_, store_, sink_, clock_});
    if (!router.ok()) {
      outcome_.violation = absl::StrCat("Create: ", router.status().message());
      return outcome_;
    }
    StepToTheEnd(**router);
    if (!outcome_.violation.empty()) return outcome_;
    Report report = (*router)->TakeReport();
    if (bug_ == Bug::kSaysOkAlways) report.exit_code = 0;
    CheckEnd(report);
    return outcome_;
  }

 private:
  void Violated(std::string what) {
    if (outcome_.violation.empty()) outcome_.violation = std::move(what);
  }

  void StepToTheEnd(Router& router) {
    for (;;) {
      const auto step = router.RunOnce();
      if (!step.ok()) return Violated(absl::StrCat("RunOnce: ", step.status().message()));
      if (*step == Step::kDone) return;
      destination_.Live();
      clock_.Advance(absl::Microseconds(*step == Step::kIdle ? Between(random_, 100, 20'000) : 10));
      if (scenario_.wall_steps && Chance(random_, 0.001)) {
        clock_.StepWall(-absl::Hours(1));
        wall_stepped_ = true;
      }
      if (++outcome_.steps == scenario_.stop_at_step) router.Stop(15);
      if (outcome_.steps == scenario_.stop_again_at_step) router.Stop(15);
      if (outcome_.steps == scenario_.taken_over_at_step) {
        taken_over_ = store_.BeginRun("sim", "run-2", clock_.WallNow(), true).ok();
      }
      if (outcome_.steps > kStepsMax) return Violated("liveness: the run does not end");
      CheckReceived(false);
      if (!store_.violation.empty()) Violated(store_.violation);
      if (!outcome_.violation.empty()) return;
    }
  }

  // G1, G2, G3, G4: a prefix of the specified output, then maybe final statuses.
  void CheckReceived(bool at_end) {
    const std::string& received = destination_.received();
    const std::string& expected = scenario_.script.expected;
    while (matched_ < received.size() && matched_ < expected.size() &&
           received[matched_] == expected[matched_]) {
      ++matched_;
    }
    if (matched_ == received.size() && !at_end) return;
    // Whole lines: the statuses share their first bytes with what would come next.
    const std::size_t newline =
        matched_ == 0 ? std::string::npos : expected.rfind('\n', matched_ - 1);
    if (newline != std::string::npos && newline >= LimitOfAbort()) {
      Violated("G6: what stands behind the end of the run was forwarded");
    }
    const bool line_end = matched_ == 0 || expected[matched_ - 1] == '\n';
    const std::string_view trailer = std::string_view(received).substr(LineStart(matched_));
    const bool statuses =
        trailer.empty() ||
        std::string_view(kStatus).starts_with(trailer.substr(0, sizeof kStatus - 1)) ||
        trailer.starts_with(kStatus);
    const bool allowed = scenario_.options.stream_statuses == StreamStatuses::kAlways;
    if (scenario_.renames && at_end && trailer.find(R"("name":"s)") != std::string_view::npos) {
      Violated("G2: a final status has the source's name");
    }
    if (!statuses || (!trailer.empty() && !allowed)) {
      Violated(absl::StrCat("G2: byte ", matched_,
                            " of the destination's input is not the specified one:\n  ",
                            received.substr(LineStart(matched_), 300), "\ninstead of\n  ",
                            expected.substr(std::min(LineStart(matched_), expected.size()), 300)));
    }
    // After a second stop nobody waits for a slow one to take the rest of a line either.
    const bool twice =
        scenario_.stop_again_at_step && outcome_.steps > *scenario_.stop_again_at_step;
    const bool stopped_reading = destination_.died() || scenario_.destination.hangs || twice;
    if (at_end && !line_end && !stopped_reading && matched_ == received.size()) {
      Violated("G3: the destination's input does not end at a line end");
    }
  }
  // How much may be forwarded: nothing that stands behind a line that ends the run.
  std::size_t LimitOfAbort() const {
    const bool malformed = scenario_.options.on_malformed == OnMalformed::kFail;
    const bool unknown = scenario_.options.on_unknown_stream == OnUnknownStream::kFail;
    std::size_t limit = 0;
    for (const ScriptLine& line : scenario_.script.lines) {
      if (malformed && line.malformed) break;
      if (unknown && line.bytes.find("nobody_knows_me") != std::string::npos) break;
      if (line.fault == "mixed") break;
      limit += line.forwarded.size();
    }
    return limit;
  }
  std::size_t LineStart(std::size_t at) const {
    // What follows the last whole line that matched: the statuses share their first bytes with
    // records.
    const std::size_t newline =
        at == 0 ? std::string::npos : scenario_.script.expected.rfind('\n', at - 1);
    return matched_ == destination_.received().size() ? matched_
           : newline == std::string::npos             ? 0
                                                      : newline + 1;
  }

  void CheckEnd(const Report& report) {
    CheckReceived(true);
    if (!store_.violation.empty()) Violated(store_.violation);
    CheckExitCode(report);
    CheckSums(report);
    CheckCounts(report);
    CheckCheckpoint(report);
    CheckConfig(report);
    if (sink_.leaked) Violated("G50: a secret was shown");
    outcome_.exit_code = report.exit_code;
    outcome_.records = report.Totals().records_forwarded;
    outcome_.states = report.states.forwarded;
    outcome_.acks = destination_.acks();
    outcome_.commits = store_.commits;
    outcome_.updates = report.control.applied;
    outcome_.renamed = scenario_.renames && outcome_.records > 0;
    outcome_.filtered = report.Totals().records_filtered > 0;
    outcome_.malformed = report.lines[LineKind::kMalformed];
    outcome_.source_died = scenario_.source_fault;
    outcome_.destination_died = scenario_.destination_fault;
    outcome_.stopped = report.exit_code == 143;
    outcome_.store_failed = store_.failed();
    NameEndings(report);
  }

  // By the words of the fault that decided, for people and for the proof that each one happens.
  void NameEndings(const Report& report) {
    std::vector<std::string>& endings = outcome_.endings;
    endings.push_back(absl::StrCat("exit ", report.exit_code));
    static constexpr const char* kWords[] = {"was silent for",
                                             "made no progress",
                                             "the source closed its output",
                                             "the destination closed",
                                             "connection check failed",
                                             "left stream s0 incomplete",
                                             "mixes",
                                             "is not in the catalog",
                                             "the source exited with",
                                             "the source was ended",
                                             "the destination exited with",
                                             "before its input ended",
                                             "of its input unread",
                                             "without acknowledging",
                                             "could not be made durable"};
    for (const char* words : kWords) {
      if (report.failures.empty()) break;
      if (report.failures.front().message.find(words) != std::string::npos)
        endings.push_back(words);
    }
    const bool quiet = report.exit_code == 0 || report.exit_code == 9;
    if (source_.killed()) endings.push_back("source killed");
    if (scenario_.stop_again_at_step && outcome_.steps > *scenario_.stop_again_at_step &&
        report.exit_code == 143) {
      endings.push_back("stopped twice");
    }
    if (quiet && scenario_.source.pipe_stays) endings.push_back("source's pipe stays");
    if (quiet && scenario_.destination.pipe_stays) endings.push_back("destination's pipe stays");
    if (quiet && scenario_.destination.closes_output) endings.push_back("destination is mute");
    const bool malformed = outcome_.malformed > 0;
    if (quiet && malformed && scenario_.options.on_malformed == OnMalformed::kDrop) {
      endings.push_back("malformed dropped");
    }
    if (report.exit_code == 8 && scenario_.options.on_malformed == OnMalformed::kFail) {
      endings.push_back("malformed fails");
    }
    for (const char* fault : {"failed check", "error", "incomplete", "mixed"}) {
      if (report.exit_code == 3 && scenario_.script.Has(fault)) endings.push_back(fault);
    }
  }

  void CheckExitCode(const Report& report) {
    const int code = report.exit_code;
    const bool malformed = std::any_of(scenario_.script.lines.begin(), scenario_.script.lines.end(),
                                       [](const ScriptLine& line) { return line.malformed; });
    const bool tainted = malformed && scenario_.options.on_malformed != OnMalformed::kDrop;
    const bool fault_line = scenario_.script.Has("");
    const bool unknown_fails = scenario_.options.on_unknown_stream == OnUnknownStream::kFail;
    const bool invalid =
        std::any_of(scenario_.script.lines.begin(), scenario_.script.lines.end(),
                    [](const ScriptLine& line) { return line.update && !line.update->valid; });
    std::map<int, bool> explained = {
        {0, true},
        {3, scenario_.source_fault || fault_line || unknown_fails},
        {4, scenario_.destination_fault || scenario_.destination.leaves_input},
        {5, store_.failed()},
        {6, invalid},
        {7, scenario_.source.hangs_at_end || scenario_.source.lingers ||
                scenario_.destination.hangs || scenario_.destination.lingers},
        {8, tainted},
        {9, scenario_.destination.acks != SimDestination::Acks::kEach},
        {10, taken_over_},
        {143, scenario_.stop_at_step.has_value()},
    };
    if (!explained[code]) {
      Violated(absl::StrCat("exit code ", code, " has no cause in this run: ",
                            report.failures.empty() ? "" : report.failures.front().message));
    }
    if (code != 0) return;
    const bool source_failed = scenario_.source_fault || scenario_.source.lingers;
    const bool destination_failed = scenario_.destination.exit_code != 0 || destination_.died();
    const bool stayed = scenario_.destination.lingers || fault_line;
    if (tainted || source_failed || destination_failed || stayed)
      Violated("G6: a failed run ends with 0");
    if (destination_.received().size() < scenario_.script.expected.size()) {
      Violated("G2: the run ends with 0 and the destination misses data");
    }
    if (destination_.Unread().any) Violated("G2: the run ends with 0 and input was left unread");
  }

  // What is in the whole lines that the destination took: the records of each stream, and states.
  std::map<std::string, uint64_t> Taken(uint64_t* states) const {
    std::map<std::string, uint64_t> taken;
    *states = 0;
    std::size_t end = 0;
    for (const ScriptLine& line : scenario_.script.lines) {
      std::vector<int> kept = line.record_streams;
      for (const int stream : line.filtered_streams)
        kept.erase(std::find(kept.begin(), kept.end(), stream));
      const std::size_t first = end + line.first_forwarded.size();
      end += line.forwarded.size();
      if (end <= matched_) {
        *states += line.state.has_value();
        for (const int stream : kept) ++taken[absl::StrCat("s", stream)];
      } else if (first <= matched_ && !line.first_forwarded.empty()) {
        ++taken[absl::StrCat("s", kept[0])];
      }
    }
    return taken;
  }

  // G7, however the run ended.
  void CheckSums(const Report& report) {
    uint64_t states = 0;
    std::map<std::string, uint64_t> taken = Taken(&states);
    if (report.states.forwarded != states || report.states.acked > states ||
        report.states.committed > report.states.acked ||
        report.states.acked + report.states.explained > states) {
      Violated(absl::StrCat("G7: ", report.states.forwarded, " states forwarded, ",
                            report.states.acked, " acked, ", report.states.committed,
                            " committed, ", report.states.explained, " explained; ", states,
                            " taken; exit ", report.exit_code));
    }
    for (const StreamReport& stream : report.streams) {
      const uint64_t out = taken[stream.stream.name];
      const bool possible =
          stream.records_forwarded == out && stream.records_committed <= out &&
          stream.states_committed <= stream.states_forwarded &&
          stream.records_forwarded + stream.records_filtered <= stream.records_read;
      if (possible) continue;
      Violated(absl::StrCat("G7: stream ", stream.stream.name, ": ", stream.records_read, " read, ",
                            stream.records_forwarded, " forwarded, ", stream.records_filtered,
                            " filtered, ", stream.records_committed, " committed; ", out,
                            " taken; exit ", report.exit_code, ": ",
                            report.failures.empty() ? "" : report.failures.front().message));
    }
  }

  // G7. Read counts are exact when everything was read; forwarded ones when nothing was discarded.
  void CheckCounts(const Report& report) {
    if (source_.bytes_read() != scenario_.script.bytes.size()) return;
    std::map<std::string, uint64_t> records, filtered;
    uint64_t states = 0, dropped_states = 0, malformed = 0, control = 0;
    for (const ScriptLine& line : scenario_.script.lines) {
      for (const int stream : line.record_streams) ++records[absl::StrCat("s", stream)];
      for (const int stream : line.filtered_streams) ++filtered[absl::StrCat("s", stream)];
      states += line.state.has_value() || line.dropped_state || line.fault == "mixed";
      dropped_states += line.dropped_state;
      malformed += line.malformed;
      control += line.update.has_value();
    }
    for (const StreamReport& stream : report.streams) {
      if (stream.records_read != records[stream.stream.name]) {
        Violated(absl::StrCat("G7: stream ", stream.stream.name, ": ", stream.records_read,
                              " records read, ", records[stream.stream.name], " in the script"));
      }
      if (report.exit_code != 0) continue;
      if (stream.records_filtered != filtered[stream.stream.name]) {
        Violated(absl::StrCat("G7: ", stream.records_filtered, " records filtered of ",
                              filtered[stream.stream.name]));
      }
      if (stream.records_forwarded + stream.records_filtered != stream.records_read) {
        Violated("G7: forwarded and read records differ");
      }
    }
    uint64_t dropped = 0;
    for (const UnknownStreamReport& stream : report.unknown_streams) dropped += stream.states;
    // A run that was cut short did not come to all of them.
    if (report.exit_code == 0 && dropped != dropped_states) {
      Violated("G7: states of unknown streams");
    }
    if (report.states.read != states)
      Violated(absl::StrCat("G7: ", report.states.read, " states read of ", states));
    if (report.lines[LineKind::kMalformed] != malformed) {
      Violated(absl::StrCat("G7: ", report.lines[LineKind::kMalformed], " malformed lines of ",
                            malformed));
    }
    if (report.lines[LineKind::kControl] != control) Violated("G7: control lines");
  }

  // G12: after a good end, each lane's durable state is the last one that was forwarded.
  void CheckCheckpoint(const Report& report) {
    if (report.exit_code != 0) return;
    std::map<std::string, int64_t> last;
    for (const ScriptLine& line : scenario_.script.lines) {
      if (line.state) last[LaneName(*line.state)] = line.state->cursor;
    }
    const auto checkpoint = store_.ReadCheckpoint("sim");
    if (!checkpoint.ok()) return Violated("the checkpoint cannot be read");
    std::map<std::string, int64_t> durable;
    for (const StoredState& state : *checkpoint)
      durable[LaneOf(state.type, state.stream)] = CursorOf(state.blob);
    if (durable != last)
      Violated("G12: the run ends with 0 and a lane's last state is not durable");
  }

  // G20, G21, G22.
  void CheckConfig(const Report& report) {
    if (store_.failed() || source_.bytes_read() != scenario_.script.bytes.size()) return;
    const ScriptUpdate* winner = nullptr;
    uint64_t updates = 0;
    for (const ScriptLine& line : scenario_.script.lines) {
      // A cut update is malformed; what is left of it is kept too.
      updates += line.malformed && line.bytes.find("CONNECTOR_CONFIG") != std::string::npos;
      if (!line.update) continue;
      ++updates;
      if (line.update->valid &&
          (winner == nullptr || line.update->emitted_at >= winner->emitted_at)) {
        winner = &*line.update;
      }
    }
    const auto journal = store_.ReadJournal("sim/source");
    if (!journal.ok() || journal->size() != updates) {
      Violated(absl::StrCat("G21: ", updates, " config updates, ",
                            journal.ok() ? journal->size() : 0, " journaled"));
    }
    const ConfigDocument document = *store_.ReadConfig("sim/source");
    const std::string stored = document.exists() ? document.ToJson() : "";
    // After a step of the wall clock the pipe's order counts (decision 7), and which update that
    // lifted is a matter of timing.
    if (winner != nullptr && !wall_stepped_ &&
        stored != absl::StrCat(R"({"token":")", winner->token, "\"}")) {
      Violated("G22: the stored config is not the newest accepted update");
    }
    if (report.control.source_generation > document.generation) {
      Violated("G20: an announced config generation is not in the store");
    }
  }

  static constexpr char kStatus[] = R"({"type":"TRACE","trace":{"type":"STREAM_STATUS")";

  Random random_;
  const Bug bug_;
  Scenario scenario_;
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  SimSource source_;
  SimDestination destination_;
  WatchedStore store_;
  QuietSink sink_;
  std::size_t matched_ = 0;
  bool wall_stepped_ = false;
  bool taken_over_ = false;
  Outcome outcome_;
};

}  // namespace

const char* BugName(Bug bug) {
  static constexpr const char* kNames[kBugs] = {"none",
                                                "flips a byte",
                                                "drops bytes",
                                                "writes twice",
                                                "swaps writes",
                                                "commits unacked",
                                                "commits backwards",
                                                "forgets a commit",
                                                "forgets an update",
                                                "stores an older config",
                                                "says ok always"};
  return kNames[static_cast<int>(bug)];
}

Outcome Simulate(uint64_t seed, Bug bug) { return Simulation(seed, bug).Run(); }

}  // namespace shunt::sim
