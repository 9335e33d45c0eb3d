// The pipeline as a whole. Input: a line of settings, what the source prints, a line "--", and what
// the destination prints besides its acknowledgements, a line for each line it is given. A Router
// with inline threads, a clock that is moved by hand, a memory store. What must hold, whatever both
// print:
//
//   order and bytes   the destination has the specified output: the naive reader's records and
//                     states, with missing counts filled in; on every ending a prefix of it, cut at
//                     a line end, and after a good one all of it; nothing that stands behind a
//                     line that ends the run. With mapped names: mapped back it
//                     has the source's names, and all other bytes are the source's
//   conservation      the report's counts are those of the naive reader, when all was read
//   checkpoints       what is stored was forwarded, acknowledged, and read before any loss; after a
//                     good end it is each lane's last state
//   verdict           a run that lost a line never ends with 0
//   liveness          the run ends
//
// Settings: pieces or not, what the destination takes at once, on_malformed, validation, counts,
// statuses, acknowledgements, the source's exit, the destination's, on_unknown_stream, the mapping
// of names.

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "connectors/memory_connector.h"
#include "platform/strings.h"
#include "protocol/state.h"
#include "router/router.h"
#include "stores/memory_store.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pieces_source.h"
#include "tests/fuzz/slow_names.h"
#include "tests/fuzz/slow_state.h"
#include "tests/protocol_hot/harness.h"
#include "tests/protocol_hot/naive_reader.h"
#include "tests/router/harness.h"

namespace shunt::fuzz {
namespace {

using testing::NaiveClassify;
using testing::TestCatalog;
using Kind = LineItem::Kind;

constexpr int kStepsMax = 200'000;
constexpr uint64_t kLineBytesMax = 2048;
constexpr std::string_view kStatus = R"({"type":"TRACE","trace":{"type":"STREAM_STATUS")";

enum class Acks : uint8_t { kEach, kLastOfTwo, kNever };
constexpr int kPieces[] = {0, 1, 7, 200};

// Where no two streams differ by their namespace alone: such cannot be told apart without it.
const ConfiguredCatalog& CatalogWithoutTwins() {
  static const auto& catalog = *new ConfiguredCatalog{[] {
    ConfiguredCatalog made;
    for (const ConfiguredStream& stream : TestCatalog().streams) {
      const bool twin = stream.stream.name == "users" && stream.stream.name_space != "public";
      if (!twin) made.streams.push_back(stream);
    }
    return made;
  }()};
  return catalog;
}

struct Scenario {
  bool in_pieces = false;
  std::size_t taken_at_once = 0;
  OnMalformed on_malformed = OnMalformed::kTaint;
  Validation validation = Validation::kFull;
  bool fill_counts = true;
  bool statuses = false;
  Acks acks = Acks::kEach;
  int source_exit = 0, destination_exit = 0;
  bool fail_on_unknown = false;
  SlowNames names{0};
  std::string_view source, destination;

  const ConfiguredCatalog& catalog() const {
    return names.injective() ? TestCatalog() : CatalogWithoutTwins();
  }
  ClassifiedBlock Classify(std::string_view text) const {
    return NaiveClassify(text, catalog(), validation);
  }

  explicit Scenario(std::string_view input) {
    Settings settings(&input);
    in_pieces = settings.Next(2) == 1;
    taken_at_once = static_cast<std::size_t>(kPieces[settings.Next(4)]);
    on_malformed = static_cast<OnMalformed>(settings.Next(3));
    validation = static_cast<Validation>(settings.Next(2));
    fill_counts = settings.Next(2) == 0;
    statuses = settings.Next(2) == 1;
    acks = static_cast<Acks>(settings.Next(3));
    source_exit = settings.Next(2);
    destination_exit = settings.Next(2);
    fail_on_unknown = settings.Next(2) == 1;
    names = SlowNames(settings.Next(SlowNames::kVariants));
    // A row that was not looked at cannot be rewritten, and is lost then.
    if (!names.identity()) validation = Validation::kFull;
    const std::size_t border = input.find("\n--\n");
    source = input.substr(0, border == std::string_view::npos ? border : border + 1);
    if (border != std::string_view::npos) destination = input.substr(border + 4);
  }
};

// ---- what is specified ------------------------------------------------------------------------

struct Lane {
  StateType type;
  StreamDescriptor stream;
  auto operator<=>(const Lane&) const = default;
};

struct ExpectedState {
  Lane lane;
  std::string line;     // as it stands in the source
  std::size_t end = 0;  // in Expected::output
  bool tainted = false;
};

struct Expected {
  std::string output;
  std::size_t limit = SIZE_MAX;  // of the output: what stands behind the end of the run
  std::vector<ExpectedState> states;
  LineCounts lines;
  std::map<uint32_t, uint64_t> records;  // by stream
  uint64_t updates = 0;                  // CONTROL lines with a config
};

class Specification {
 public:
  explicit Specification(const Scenario& scenario) : scenario_(scenario) {
    for (const ConfiguredStream& stream : scenario.catalog().streams) known_.insert(stream.stream);
    for (std::string_view rest = scenario.source; !rest.empty();) {
      const std::size_t newline = rest.find('\n');
      const std::size_t size = newline == std::string_view::npos ? rest.size() : newline + 1;
      Line(rest.substr(0, size), size + (newline == std::string_view::npos ? 1 : 0));
      rest.remove_prefix(size);
    }
  }
  Expected out;

 private:
  void Line(std::string_view line, std::size_t size) {
    if (size > kLineBytesMax) {
      ++out.lines[LineKind::kMalformed];
      tainted_ = true;
      if (scenario_.on_malformed == OnMalformed::kFail) Stop();
      opened_ = false;
      return;
    }
    const ClassifiedBlock block = scenario_.Classify(line);
    out.lines.Add(block.counts);
    uint32_t delta = 0;
    for (const LineItem& item : block.items) {
      for (; delta < item.deltas_end; ++delta) Count(block.deltas[delta]);
      const std::string bytes(line.substr(item.begin, item.end - item.begin));
      const std::string whole = bytes + (item.add_newline ? "\n" : "");
      if (item.kind == Kind::kRun) out.output += whole;
      if (item.kind == Kind::kState) State(bytes, item.add_newline ? "\n" : "");
      if (item.kind == Kind::kMalformed) tainted_ = true;
      if (item.kind != Kind::kText) {
        opened_ = false;
      } else if (item.part == TextPart::kOpens) {
        opened_ = true;
      } else if (opened_ && item.part == TextPart::kNamesType) {
        --out.lines[LineKind::kText];
        ++out.lines[LineKind::kMalformed];
        tainted_ = true;
        if (scenario_.on_malformed == OnMalformed::kFail) Stop();
        Saw("over several lines");
      }
      const bool stops =
          (item.kind == Kind::kMalformed && scenario_.on_malformed == OnMalformed::kFail) ||
          (item.kind == Kind::kUnknownStream && scenario_.fail_on_unknown);
      if (stops) Stop();
      if (item.kind == Kind::kControl) Control(bytes);
    }
  }

  void Stop() { out.limit = std::min(out.limit, out.output.size()); }

  void Count(const StreamDelta& delta) {
    out.records[delta.stream] += delta.records;
    since_[scenario_.catalog().streams[delta.stream].stream] += delta.records;
  }

  void State(std::string line, std::string_view newline) {
    const std::optional<SlowState> state = ReadSlowState(line);
    FUZZ_CHECK(state.has_value(), line);
    // Types are not mixed: such a state is refused, and the run fails.
    if (type_ && *type_ != state->type) return Stop();
    type_ = state->type;
    // Nor is one of a stream that the catalog lacks: nobody has its records.
    if (state->type == StateType::kStream && !known_.contains(state->stream)) {
      Saw("foreign state");
      if (scenario_.fail_on_unknown) return Stop();
      return;
    }
    uint64_t records = 0;
    if (state->type == StateType::kStream) {
      records = since_[state->stream];
      since_.erase(state->stream);
    } else {
      for (const auto& [stream, count] : since_) records += count;
      since_.clear();
    }
    std::string written = line;
    if (scenario_.fill_counts && state->type != StateType::kLegacy && !state->source_count) {
      // Where it goes is proved by the target `state`.
      const CountSplice splice = ParseState(line)->count_splice;
      written = absl::StrCat(line.substr(0, splice.begin), splice.before, records, splice.after,
                             line.substr(splice.end));
    }
    out.output += written + std::string(newline);
    out.states.push_back({{state->type, state->stream}, line, out.output.size(), tainted_});
  }

  void Control(const std::string& line) {
    const auto message = ReadSlow(line);
    const SlowValue* control = message->First("control");
    const SlowValue* type = control != nullptr ? control->First("type") : nullptr;
    const bool config =
        type != nullptr && type->is('"') && SlowString(type->raw_string()) == "CONNECTOR_CONFIG";
    out.updates += config ? 1 : 0;
  }

  const Scenario& scenario_;
  std::map<StreamDescriptor, uint64_t> since_;
  std::set<StreamDescriptor> known_;
  std::optional<StateType> type_;
  bool tainted_ = false;
  bool opened_ = false;  // a line of brackets, with nothing but text since
};

// ---- the run ----------------------------------------------------------------------------------

// Acknowledges, and prints what the input says.
class Answers {
 public:
  explicit Answers(const Scenario& scenario) : acks_(scenario.acks), rest_(scenario.destination) {}

  std::string Answer(std::string_view line) {
    std::string answer = EchoStates(line);
    if (acks_ == Acks::kNever || (acks_ == Acks::kLastOfTwo && ++states_ % 2 == 1)) answer.clear();
    const std::size_t size = std::min(rest_.find('\n'), rest_.size());
    if (!rest_.empty()) absl::StrAppend(&answer, std::string(rest_.substr(0, size)), "\n");
    rest_.remove_prefix(std::min(size + 1, rest_.size()));
    printed += answer;
    return answer;
  }
  std::string printed;

 private:
  const Acks acks_;
  std::string_view rest_;
  int states_ = 0;
};

struct Run {
  explicit Run(const Scenario& scenario)
      : source(scenario.source, scenario.in_pieces, scenario.source_exit),
        answers(scenario),
        destination({.ack = [this](std::string_view line) { return answers.Answer(line); },
                     .piece_bytes = scenario.taken_at_once,
                     .exit = {.code = scenario.destination_exit}}) {
    RouterOptions options = testing::OptionsFor(store, {}, Threads::kInline, clock);
    options.catalog = scenario.catalog();
    if (!scenario.names.identity()) {
      auto rules = std::make_shared<RecordRules>();
      rules->names = scenario.names.settings();
      options.rules = std::move(rules);
    }
    options.on_malformed = scenario.on_malformed;
    options.validation = scenario.validation;
    options.on_unknown_stream =
        scenario.fail_on_unknown ? OnUnknownStream::kFail : OnUnknownStream::kDrop;
    options.fill_state_counts =
        scenario.fill_counts ? FillStateCounts::kAuto : FillStateCounts::kNever;
    options.stream_statuses = scenario.statuses ? StreamStatuses::kAlways : StreamStatuses::kNever;
    options.line_bytes_max = kLineBytesMax;
    options.read_ahead_bytes = 64 * 1024;
    auto router = Router::Create(options, {source, destination, store, events, clock});
    FUZZ_CHECK(router.ok(), router.status().ToString());
    int steps = 0;
    for (;;) {
      const auto step = (*router)->RunOnce();
      FUZZ_CHECK(step.ok(), step.status().ToString());
      if (*step == Step::kDone) break;
      clock.Advance(*step == Step::kIdle ? absl::Milliseconds(5) : absl::Microseconds(10));
      FUZZ_CHECK(++steps < kStepsMax, "the run does not end");
    }
    report = (*router)->TakeReport();
  }

  ManualClock clock{absl::FromUnixSeconds(1'700'000'000)};
  MemoryStore store;
  testing::NoSink events;
  PiecesSource source;
  Answers answers;
  MemoryDestination destination;
  Report report;
};

// ---- what must hold ---------------------------------------------------------------------------

class Judge {
 public:
  Judge(const Scenario& scenario, Run& run, const Expected& expected)
      : scenario_(scenario),
        expected_(expected),
        report_(run.report),
        received_(run.destination.received()),
        printed_(run.answers.printed),
        all_read_(run.source.read_to_the_end()),
        checkpoint_(*run.store.ReadCheckpoint("p")),
        journaled_(run.store.ReadJournal("p/source")->size()) {}

  void All() {
    OrderAndBytes();
    Conservation();
    Verdict();
    for (const StoredState& stored : checkpoint_) Checkpoint(stored);
    if (report_.exit_code == 0) GoodEnd();
  }

 private:
  void OrderAndBytes() {
    std::string_view data = received_;
    // The statuses end the output; nothing of ours or the source's looks like them.
    if (scenario_.statuses) {
      const std::size_t first =
          data.starts_with(kStatus) ? 0 : data.find(absl::StrCat("\n", std::string(kStatus)));
      if (first != std::string_view::npos) data = data.substr(0, first == 0 ? 0 : first + 1);
      if (first != std::string_view::npos) Saw("statuses");
    }
    FUZZ_CHECK(data.empty() || data.ends_with('\n'), received_);
    while (!data.empty()) {
      const std::string_view line = TakeLine(&data);
      std::string_view specified = std::string_view(expected_.output).substr(data_bytes_);
      specified = TakeLine(&specified);
      FUZZ_CHECK(scenario_.names.IsMapped(specified, line),
                 absl::StrCat("received:\n", received_, "\nspecified:\n", expected_.output));
      data_bytes_ += specified.size();
      if (specified != line) Saw("mapped");
      received_for_[data_bytes_] = line;
    }
    FUZZ_CHECK(data_bytes_ <= expected_.limit, "forwarded from behind the end of the run");
    Saw(data_bytes_ == expected_.output.size() ? "all forwarded" : "cut short");
  }

  static std::string_view TakeLine(std::string_view* text) {
    const std::string_view line = text->substr(0, text->find('\n') + 1);
    text->remove_prefix(line.size());
    return line;
  }

  void Conservation() {
    const StreamReport totals = report_.Totals();
    const ClassifiedBlock forwarded =
        scenario_.Classify(std::string_view(expected_.output).substr(0, data_bytes_));
    FUZZ_CHECK(totals.records_forwarded == forwarded.counts[LineKind::kRecord],
               absl::StrCat(totals.records_forwarded, " forwarded"));
    FUZZ_CHECK(report_.states.forwarded == forwarded.counts[LineKind::kState],
               absl::StrCat(report_.states.forwarded, " states forwarded"));
    FUZZ_CHECK(report_.exit_code != 1, "our own counts do not add up");
    if (!all_read_) return;
    for (int kind = 0; kind < kLineKinds; ++kind) {
      FUZZ_CHECK(
          report_.lines.by_kind[kind] == expected_.lines.by_kind[kind],
          absl::StrCat(std::string(LineKindName(static_cast<LineKind>(kind))), ": ",
                       report_.lines.by_kind[kind], " instead of ", expected_.lines.by_kind[kind]));
    }
    for (uint32_t i = 0; i < report_.streams.size(); ++i) {
      const auto records = expected_.records.find(i);
      FUZZ_CHECK(report_.streams[i].records_read ==
                     (records == expected_.records.end() ? 0 : records->second),
                 absl::StrCat("records of stream ", i));
    }
    // Each in a row of its own; the journal is bounded, but not so soon.
    FUZZ_CHECK(journaled_ >= std::min<uint64_t>(expected_.updates, 8), "updates in the journal");
    if (expected_.updates > 0) Saw("update");
  }

  void Verdict() {
    const bool lost =
        expected_.lines[LineKind::kMalformed] > 0 && scenario_.on_malformed != OnMalformed::kDrop;
    if (lost && all_read_) {
      Saw("loss");
      FUZZ_CHECK(report_.exit_code != 0, "a run that lost a line ends with 0");
    }
    Saw(report_.exit_code == 0 ? "ended well" : "ended badly");
    if (report_.exit_code != 0) return;
    FUZZ_CHECK(all_read_ && data_bytes_ == expected_.output.size(), "0 without all the data");
    FUZZ_CHECK(scenario_.source_exit == 0 && scenario_.destination_exit == 0, "0 after a failure");
  }

  // A state of the same lane that was forwarded whole before any loss, with these very bytes, and
  // an answer of the destination that equals it or a later one of the lane.
  void Checkpoint(const StoredState& stored) {
    bool found = false, acked = false;
    for (const ExpectedState& state : expected_.states) {
      if (state.end > data_bytes_ || state.lane.type != stored.type) continue;
      if (state.lane.stream != stored.stream) continue;
      const auto slow = ReadSlowState(state.line);
      const bool clean = !state.tainted || scenario_.on_malformed == OnMalformed::kDrop;
      found = found || (clean && slow->blob == stored.blob);
      acked = acked || (found && Answered(state));
    }
    FUZZ_CHECK(found, absl::StrCat("stored, and never forwarded before a loss: ", stored.blob));
    FUZZ_CHECK(acked, absl::StrCat("stored, and never acknowledged: ", stored.blob));
    Saw("checkpoint");
  }

  // By what the destination got for it, whose names are its own; it may know the source's, too.
  bool Answered(const ExpectedState& expected) {
    const auto state = ReadSlowState(received_for_.at(expected.end));
    const ClassifiedBlock answers = NaiveClassify(printed_, scenario_.catalog(), Validation::kFull);
    for (const LineItem& item : answers.items) {
      if (item.kind != Kind::kState) continue;
      const auto answer =
          ReadSlowState(std::string_view(printed_).substr(item.begin, item.end - item.begin));
      if (!answer || answer->type != state->type) continue;
      const bool named = answer->stream == state->stream || answer->stream == expected.lane.stream;
      if (named && SlowEquals(answer->meaning, state->meaning)) {
        return true;
      }
    }
    return false;
  }

  // Every lane is where its last state is.
  void GoodEnd() {
    std::map<Lane, std::string> last;
    for (const ExpectedState& state : expected_.states) last[state.lane] = state.line;
    std::map<Lane, std::string> durable;
    for (const StoredState& stored : checkpoint_) {
      durable[{stored.type, stored.stream}] = stored.blob;
    }
    for (const auto& [lane, line] : last) {
      const auto state = ReadSlowState(line);
      FUZZ_CHECK(durable.contains(lane) == !state->blob_is_null, line);
      if (state->blob_is_null) continue;
      const std::string array = FormatStateArray({{lane.type, lane.stream, durable[lane]}});
      const std::string again =
          absl::StrCat(R"({"state":)", array.substr(1, array.size() - 2), "}");
      const auto stored = ReadSlowState(again);
      FUZZ_CHECK(stored && SlowEquals(stored->meaning, state->meaning), array);
    }
    FUZZ_CHECK(durable.size() <= last.size(), "a lane from nowhere");
  }

  const Scenario& scenario_;
  const Expected& expected_;
  const Report& report_;
  const std::string received_;
  const std::string& printed_;
  const bool all_read_;
  const std::vector<StoredState> checkpoint_;
  const std::size_t journaled_;
  std::size_t data_bytes_ = 0;                            // of the specified output, that are there
  std::map<std::size_t, std::string_view> received_for_;  // lines, by where the specified one ends
};

}  // namespace

std::vector<std::string_view> Outcomes() {
  return {"all forwarded", "cut short",     "statuses",          "update",
          "loss",          "ended well",    "ended badly",       "checkpoint",
          "mapped",        "foreign state", "over several lines"};
}

int FuzzOne(const uint8_t* data, std::size_t size) {
  const Scenario scenario(AsText(data, size));
  Run run(scenario);
  const Specification specification(scenario);
  Judge(scenario, run, specification.out).All();
  return 0;
}

}  // namespace shunt::fuzz
