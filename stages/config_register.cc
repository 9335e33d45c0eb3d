#include "stages/config_register.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "protocol/canonical_json.h"
#include "protocol/json_cursor.h"
#include "secrets/secret_values.h"
#include "stages/config_mask.h"

namespace shunt {
namespace {

constexpr std::size_t kReasonViolations = 8;
// ConnectorSpec lists no more than this; a full list is cut and cannot be compared with another.
constexpr std::size_t kViolationsMax = 32;

// Of a document that may be written, an entry that may be written.
template <typename Document>
auto* Find(Document& document, std::string_view key) {
  const auto found = std::find_if(document.keys.begin(), document.keys.end(),
                                  [&](const ConfigKey& entry) { return entry.key == key; });
  return found == document.keys.end() ? nullptr : &*found;
}

const std::string* LiveValue(const ConfigDocument& document, std::string_view key) {
  const ConfigKey* entry = Find(document, key);
  return entry != nullptr && entry->value ? &*entry->value : nullptr;
}

bool SameValue(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const std::optional<JsonDigest> digest = CanonicalDigest(a);
  return digest && digest == CanonicalDigest(b);
}

bool HasFloor(const ConfigDocument& document) {
  return document.floor.effective_at_ms > -std::numeric_limits<double>::infinity();
}

// Everything older than a replace is gone, and what comes later from before it does not enter.
void RaiseFloor(ConfigDocument* document, const OrderKey& floor) {
  if (HasFloor(*document) && !(floor > document->floor)) return;
  document->floor = floor;
  std::erase_if(document->keys, [&](const ConfigKey& entry) { return entry.order < floor; });
}

// An update with its masks filled.
struct FilledMember {
  std::string key;
  std::string value;
  bool kept = false;  // the mask was the whole value: a merge leaves that key alone
};

struct FilledUpdate {
  const ConfigUpdate* update = nullptr;
  std::vector<FilledMember> members;
};

absl::StatusOr<FilledUpdate> Fill(const ConfigUpdate& update, const ConfigDocument& document) {
  FilledUpdate filled;
  filled.update = &update;
  for (const ConfigMember& member : update.members) {
    const std::string* stored = LiveValue(document, member.key);
    absl::StatusOr<std::string> value =
        FillMasks(member.value, stored ? std::optional<std::string_view>(*stored) : std::nullopt,
                  PointerTo(member.key));
    if (!value.ok()) return value.status();
    filled.members.push_back({member.key, *std::move(value), IsMask(member.value)});
  }
  return filled;
}

// A kept member of a merge is not written: the key stays with whoever wrote it, so that it does not
// matter whether that update came before or after this one.
void Merge(ConfigDocument* document, const FilledUpdate& update, bool kept_too) {
  const OrderKey& order = update.update->order;
  for (const FilledMember& member : update.members) {
    if (!member.kept || kept_too) WriteConfigKey(document, member.key, member.value, order);
  }
  document->newest =
      std::max(document->newest, order, [](const OrderKey& a, const OrderKey& b) { return a < b; });
}

// One judgement at work.
class Judge {
 public:
  Judge(const ConfigDocument& stored, ConfigMode mode, const ConnectorSpec* spec, absl::Time now)
      : stored_(stored), mode_(mode), spec_(spec), now_(now), result_(stored) {}

  Judgement Run(std::span<const ConfigUpdate* const> updates);

 private:
  struct Violations {
    bool usable = false;
    std::vector<SpecViolation> list;
    std::vector<SpecViolation> warnings;
  };

  bool Apply(std::span<const ConfigUpdate* const> in_order);
  void Validate();
  void Warn(const std::vector<SpecViolation>& warnings);
  bool TryReplace();
  Violations Check(const ConfigDocument& document) const;
  std::vector<SpecViolation> NewViolations(const std::vector<SpecViolation>& after);
  void Finish(std::span<const ConfigUpdate* const> updates);
  bool Wrote(const FilledUpdate& update) const;
  bool Changed(const FilledUpdate& update) const;
  bool LostSecret(const FilledUpdate& update) const;

  const ConfigDocument& stored_;
  const ConfigMode mode_;
  const ConnectorSpec* const spec_;
  const absl::Time now_;
  ConfigDocument result_;
  std::vector<FilledUpdate> filled_;  // in order
  Judgement judgement_;
};

std::string Describe(const std::vector<SpecViolation>& violations) {
  std::string text;
  for (std::size_t i = 0; i < violations.size() && i < kReasonViolations; ++i) {
    const SpecViolation& violation = violations[i];
    absl::StrAppend(&text, text.empty() ? "" : "; ", violation.path.empty() ? "/" : violation.path,
                    ": ", violation.keyword);
    if (!violation.detail.empty()) absl::StrAppend(&text, " (", violation.detail, ")");
  }
  if (violations.size() > kReasonViolations) {
    absl::StrAppend(&text, "; and ", violations.size() - kReasonViolations, " more");
  }
  return text;
}

std::vector<SpecViolation> Without(std::vector<SpecViolation> list,
                                   const std::vector<SpecViolation>& known) {
  std::erase_if(list, [&](const SpecViolation& violation) {
    return std::find(known.begin(), known.end(), violation) != known.end();
  });
  return list;
}

Judgement Judge::Run(std::span<const ConfigUpdate* const> updates) {
  std::vector<const ConfigUpdate*> in_order(updates.begin(), updates.end());
  std::stable_sort(
      in_order.begin(), in_order.end(),
      [](const ConfigUpdate* a, const ConfigUpdate* b) { return a->order < b->order; });
  if (Apply(in_order)) Validate();
  if (!judgement_.refused) Finish(updates);
  return std::move(judgement_);
}

bool Judge::Apply(std::span<const ConfigUpdate* const> in_order) {
  for (const ConfigUpdate* update : in_order) {
    absl::StatusOr<FilledUpdate> filled = Fill(*update, result_);
    if (!filled.ok()) {
      judgement_.refused = true;
      judgement_.reason =
          absl::StrCat("masked value with nothing stored to fill it: ", filled.status().message());
      return false;
    }
    if (mode_ == ConfigMode::kReplace) RaiseFloor(&result_, update->order);
    Merge(&result_, *filled, mode_ == ConfigMode::kReplace);
    filled_.push_back(*std::move(filled));
  }
  return true;
}

Judge::Violations Judge::Check(const ConfigDocument& document) const {
  Violations violations;
  if (spec_ == nullptr) return violations;
  absl::StatusOr<SpecVerdict> verdict = spec_->Examine(document.ToJson());
  if (!verdict.ok()) return violations;  // past the step limit: as if there were no spec (F69)
  violations.usable = true;
  violations.list = std::move(verdict->violations);
  violations.warnings = std::move(verdict->warnings);
  return violations;
}

void Judge::Validate() {
  if (spec_ == nullptr) {
    judgement_.unvalidated = true;
    return;
  }
  if (!ConfigsDiffer(stored_, result_)) return;
  const Violations after = Check(result_);
  judgement_.unvalidated = !after.usable;
  if (!after.warnings.empty()) Warn(after.warnings);
  if (!after.usable || after.list.empty()) return;
  const std::vector<SpecViolation> added = NewViolations(after.list);
  if (added.empty()) return;
  judgement_.reason = Describe(added);
  if (mode_ == ConfigMode::kMerge && TryReplace()) {
    judgement_.replaced = true;
    judgement_.reason =
        absl::StrCat("replaced the stored config, because merged with it, it did not conform: ",
                     judgement_.reason);
    return;
  }
  judgement_.refused = true;
}

// Formats that the stored config did not get wrong: said, but no reason to refuse.
void Judge::Warn(const std::vector<SpecViolation>& warnings) {
  const std::vector<SpecViolation> before =
      stored_.exists() ? Check(stored_).warnings : std::vector<SpecViolation>();
  const std::vector<SpecViolation> added = Without(warnings, before);
  if (!added.empty()) judgement_.reason = absl::StrCat("warning: ", Describe(added));
}

// The violations that the stored config did not have. A list that was cut cannot tell: none then,
// and the update counts as unvalidated, because losing a token is worse.
std::vector<SpecViolation> Judge::NewViolations(const std::vector<SpecViolation>& after) {
  if (!stored_.exists()) return after;
  const Violations before = Check(stored_);
  if (!before.usable || before.list.size() >= kViolationsMax) {
    judgement_.unvalidated = true;
    return {};
  }
  return Without(after, before.list);
}

bool Judge::TryReplace() {
  ConfigDocument alone;
  for (const FilledUpdate& update : filled_) Merge(&alone, update, /*kept_too=*/true);
  const Violations alone_violations = Check(alone);
  if (!alone_violations.usable || !alone_violations.list.empty()) return false;

  ConfigDocument replaced = stored_;
  RaiseFloor(&replaced, filled_.front().update->order);
  for (const FilledUpdate& update : filled_) Merge(&replaced, update, /*kept_too=*/true);
  const Violations violations = Check(replaced);
  if (!violations.usable || !violations.list.empty()) return false;
  result_ = std::move(replaced);
  return true;
}

bool Judge::Wrote(const FilledUpdate& update) const {
  const OrderKey& order = update.update->order;
  for (const ConfigKey& entry : result_.keys) {
    if (entry.order == order) return true;
  }
  for (const FilledMember& member : update.members) {
    const ConfigKey* entry = Find(result_, member.key);
    if (member.kept && entry != nullptr && entry->order < order) return true;
  }
  return false;
}

bool Judge::Changed(const FilledUpdate& update) const {
  for (const ConfigKey& entry : result_.keys) {
    if (entry.order != update.update->order || !entry.value) continue;
    const std::string* before = LiveValue(stored_, entry.key);
    if (before == nullptr || !SameValue(*before, *entry.value)) return true;
  }
  return false;
}

// Decision 7: a line that came later in the same pipe lost against an earlier one, with a secret
// that is nowhere in the result: it may be the only copy of a live token.
bool Judge::LostSecret(const FilledUpdate& update) const {
  const OrderKey& order = update.update->order;
  const auto earlier_line_won = [&](const OrderKey& winner) {
    return winner > order && winner.epoch == order.epoch && winner.seq > 0 &&
           winner.seq < order.seq;
  };
  ConfigDocument lost;
  for (const FilledMember& member : update.members) {
    const ConfigKey* entry = Find(result_, member.key);
    const OrderKey& winner = entry != nullptr ? entry->order : result_.floor;
    if (!member.kept && earlier_line_won(winner)) {
      WriteConfigKey(&lost, member.key, member.value, order);
    }
  }
  if (lost.keys.empty()) return false;
  const std::vector<std::string> have = SecretValuesOf(result_.ToJson(), spec_);
  const std::set<std::string> known(have.begin(), have.end());
  for (const std::string& secret : SecretValuesOf(lost.ToJson(), spec_)) {
    if (!known.contains(secret)) return true;
  }
  return false;
}

void Judge::Finish(std::span<const ConfigUpdate* const> updates) {
  const bool changed = ConfigsDiffer(stored_, result_);
  if (changed) {
    result_.generation = std::max<int64_t>(stored_.generation, 0) + 1;
    result_.updated_at = now_;
  }
  bool attributed = false;
  bool wrote = false;
  std::map<const ConfigUpdate*, UpdateVerdict> verdicts;
  for (const FilledUpdate& update : filled_) {
    UpdateVerdict& verdict = verdicts[update.update];
    if (Changed(update)) {
      verdict.verdict = Verdict::kApplied;
      attributed = true;
    } else if (Wrote(update) || HoldsOrder(stored_, update.update->order)) {
      verdict.verdict = Verdict::kDuplicate;
    }
    wrote = wrote || verdict.verdict != Verdict::kSuperseded;
    verdict.alert = LostSecret(update);
  }
  // A change that no update wrote is a removal: the work of the newest replace.
  if (changed && !attributed) verdicts[filled_.back().update].verdict = Verdict::kApplied;

  ArrangeConfigKeys(&result_);
  judgement_.generation = result_.generation;
  const bool moved = wrote || result_.floor != stored_.floor || result_.newest != stored_.newest;
  if (changed || (moved && stored_.exists())) judgement_.document = std::move(result_);
  for (const ConfigUpdate* update : updates) judgement_.verdicts.push_back(verdicts[update]);
}

}  // namespace

absl::StatusOr<std::vector<ConfigMember>> ReadConfigMembers(std::string_view config) {
  const std::optional<JsonSlice> object = ParseJson(config);
  if (!object || !object->is_object()) {
    return absl::InvalidArgumentError("the config is not a JSON object");
  }
  const auto members = JsonMembers(*object);
  if (!members) return absl::InvalidArgumentError("the config is not a JSON object");
  std::vector<ConfigMember> read;
  std::map<std::string, std::size_t> places;
  for (const JsonMember& member : *members) {
    std::optional<std::string> key = JsonUnescape(member.raw_key);
    if (!key) return absl::InvalidArgumentError("a key of the config is not valid Unicode");
    const auto [place, is_new] = places.try_emplace(*key, read.size());
    if (is_new) {
      read.push_back({*std::move(key), std::string(member.value.text)});
    } else {
      read[place->second].value = std::string(member.value.text);
    }
  }
  return read;
}

Judgement JudgeUpdates(const ConfigDocument& stored, std::span<const ConfigUpdate* const> updates,
                       ConfigMode mode, const ConnectorSpec* spec, absl::Time now) {
  if (updates.empty()) return {};
  return Judge(stored, mode, spec, now).Run(updates);
}

bool HoldsOrder(const ConfigDocument& document, const OrderKey& order) {
  if (document.newest == order || document.floor == order) return true;
  return std::any_of(document.keys.begin(), document.keys.end(),
                     [&](const ConfigKey& entry) { return entry.order == order; });
}

bool WriteConfigKey(ConfigDocument* document, std::string_view key,
                    std::optional<std::string> value, const OrderKey& order) {
  if (HasFloor(*document) && order < document->floor) return false;
  ConfigKey* entry = Find(*document, key);
  if (entry == nullptr) {
    document->keys.push_back({std::string(key), std::move(value), order});
    return true;
  }
  if (!(order > entry->order)) return false;
  entry->value = std::move(value);
  entry->order = order;
  return true;
}

void ArrangeConfigKeys(ConfigDocument* document) {
  std::map<std::string_view, std::size_t> in_file;
  for (const auto& [key, fingerprint] : document->file_fingerprints) {
    in_file.emplace(key, in_file.size());
  }
  const auto place = [&](const ConfigKey& entry) {
    const auto found = in_file.find(entry.key);
    return found == in_file.end() ? in_file.size() : found->second;
  };
  std::sort(document->keys.begin(), document->keys.end(),
            [&](const ConfigKey& a, const ConfigKey& b) {
              return std::pair(place(a), std::string_view(a.key)) <
                     std::pair(place(b), std::string_view(b.key));
            });
}

bool ConfigsDiffer(const ConfigDocument& a, const ConfigDocument& b) {
  std::size_t live = 0;
  for (const ConfigKey& entry : a.keys) {
    if (!entry.value) continue;
    ++live;
    const std::string* other = LiveValue(b, entry.key);
    if (other == nullptr || !SameValue(*entry.value, *other)) return true;
  }
  for (const ConfigKey& entry : b.keys) {
    if (entry.value) --live;
  }
  return live != 0;
}

}  // namespace shunt
