#include "stages/config_register.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/strings.h"
#include "secrets/secret_values.h"
#include "stages/config_mask.h"

namespace shunt {
namespace {

constexpr std::size_t kReasonViolations = 8;
// ConnectorSpec lists no more than this; a full list is cut and cannot be compared with another.
constexpr std::size_t kViolationsMax = 32;

bool SameLive(const ConfigKey* a, const ConfigKey* b) {
  const bool live_a = a != nullptr && a->value, live_b = b != nullptr && b->value;
  return live_a == live_b && (!live_a || SameConfigValue(*a->value, *b->value));
}

std::size_t BytesOf(const ConfigKey& entry) {
  return entry.key.size() + (entry.value ? entry.value->size() : 0);
}

bool Less(const OrderKey& a, const OrderKey& b) { return a < b; }

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

}  // namespace

// Formats that the stored config did not get wrong: said, but no reason to refuse.
std::string ConfigRegister::NewWarnings(const Violations& after, const Violations* before) {
  std::vector<SpecViolation> added = after.warnings;
  if (before != nullptr) added = Without(std::move(added), before->warnings);
  return added.empty() ? "" : absl::StrCat("warning: ", Describe(added));
}

// The violations that the stored config did not have. A list that was cut cannot tell: none then,
// and the update counts as unvalidated, because losing a token is worse.
std::vector<SpecViolation> ConfigRegister::NewViolations(const Violations& after,
                                                         const Violations* before,
                                                         bool* unvalidated) {
  if (before == nullptr) return after.list;
  if (after.list.empty()) return {};
  if (!before->usable || before->list.size() >= kViolationsMax) {
    *unvalidated = true;
    return {};
  }
  return Without(after.list, before->list);
}

// An update with its masks filled.
struct ConfigRegister::Filled {
  struct Member {
    std::string key, value;
    bool kept = false;  // the mask was the whole value: a merge leaves that key alone
  };
  const ConfigUpdate* update = nullptr;
  std::vector<Member> members;
};

// What takes one judgement back.
struct ConfigRegister::Undo {
  int64_t generation = -1;
  absl::Time updated_at;
  OrderKey floor, newest;
  std::size_t bytes = 0, size = 0;
  bool dirty = false;
  // Before the first write of it; empty: it was not there.
  std::map<std::string, std::optional<ConfigKey>, std::less<>> keys;
  // All of them, in place of the former: a floor may take any of them.
  bool whole = false;
  std::vector<ConfigKey> all;
  std::map<std::string_view, const ConfigKey*> all_by_name;
};

ConfigRegister::ConfigRegister(ConfigDocument stored, ConfigMode mode, const ConnectorSpec* spec,
                               absl::Time now)
    : mode_(mode), spec_(spec), now_(now), document_(std::move(stored)) {
  IndexKeys();
}

ConfigRegister::~ConfigRegister() = default;

void ConfigRegister::IndexKeys() {
  places_.clear();
  bytes_ = 0;
  for (std::size_t i = 0; i < document_.keys.size(); ++i) {
    places_.emplace(document_.keys[i].key, i);
    bytes_ += BytesOf(document_.keys[i]);
  }
}

const ConfigKey* ConfigRegister::Find(std::string_view key) const {
  const auto place = places_.find(key);
  return place == places_.end() ? nullptr : &document_.keys[place->second];
}

// As it was before the last judgement.
const ConfigKey* ConfigRegister::FindBefore(std::string_view key) const {
  const Undo& undo = *undo_.back();
  if (undo.whole) {
    const auto found = undo.all_by_name.find(key);
    return found == undo.all_by_name.end() ? nullptr : found->second;
  }
  const auto found = undo.keys.find(key);
  if (found == undo.keys.end()) return Find(key);
  return found->second ? &*found->second : nullptr;
}

void ConfigRegister::Begin(bool whole) {
  auto undo = std::make_unique<Undo>();
  undo->generation = document_.generation;
  undo->updated_at = document_.updated_at;
  undo->floor = document_.floor;
  undo->newest = document_.newest;
  undo->bytes = bytes_;
  undo->size = document_.keys.size();
  undo->dirty = dirty_;
  undo->whole = whole;
  if (whole) {
    work_ += bytes_;
    undo->all = document_.keys;
    for (const ConfigKey& entry : undo->all) undo->all_by_name.emplace(entry.key, &entry);
  }
  undo_.push_back(std::move(undo));
  filled_.clear();
}

void ConfigRegister::RollBack() {
  const std::unique_ptr<Undo> undo = std::move(undo_.back());
  undo_.pop_back();
  document_.generation = undo->generation;
  document_.updated_at = undo->updated_at;
  document_.floor = undo->floor;
  document_.newest = undo->newest;
  dirty_ = undo->dirty;
  if (undo->whole) {
    document_.keys = std::move(undo->all);
    IndexKeys();
    return;
  }
  for (auto& [key, before] : undo->keys) {
    const auto place = places_.find(key);
    if (before) {
      document_.keys[place->second] = *std::move(before);
    } else {
      places_.erase(place);
    }
  }
  document_.keys.resize(undo->size);
  bytes_ = undo->bytes;
}

void ConfigRegister::Write(std::string_view key, std::string_view value, const OrderKey& order) {
  if (HasConfigFloor(document_) && order < document_.floor) return;
  const auto place = places_.find(key);
  Undo& undo = *undo_.back();
  if (place == places_.end()) {
    places_.emplace(key, document_.keys.size());
    document_.keys.push_back({std::string(key), std::string(value), order});
    bytes_ += BytesOf(document_.keys.back());
    if (!undo.whole) undo.keys.emplace(key, std::nullopt);
    return;
  }
  ConfigKey& entry = document_.keys[place->second];
  if (!(order > entry.order)) return;
  if (!undo.whole) undo.keys.emplace(key, entry);
  bytes_ -= BytesOf(entry);
  entry.value = std::string(value);
  entry.order = order;
  bytes_ += BytesOf(entry);
}

// Everything older than a replace is gone, and what comes later from before it does not enter.
void ConfigRegister::RaiseFloor(const OrderKey& floor) {
  if (HasConfigFloor(document_) && !(floor > document_.floor)) return;
  document_.floor = floor;
  const std::size_t gone =
      std::erase_if(document_.keys, [&](const ConfigKey& entry) { return entry.order < floor; });
  if (gone > 0) IndexKeys();
}

// A kept member of a merge is not written: the key stays with whoever wrote it, so that it does not
// matter whether that update came before or after this one.
void ConfigRegister::Merge(const Filled& update, bool kept_too) {
  const OrderKey& order = update.update->order;
  for (const Filled::Member& member : update.members) {
    if (!member.kept || kept_too) Write(member.key, member.value, order);
  }
  document_.newest = std::max(document_.newest, order, Less);
}

// The reason to refuse them.
std::optional<std::string> ConfigRegister::Apply(std::span<const ConfigUpdate* const> in_order) {
  for (const ConfigUpdate* update : in_order) {
    Filled filled{.update = update, .members = {}};
    for (const ConfigMember& member : update->members) {
      const ConfigKey* const stored = Find(member.key);
      std::optional<std::string_view> live;
      if (stored != nullptr && stored->value) live = *stored->value;
      absl::StatusOr<std::string> value = FillMasks(member.value, live, PointerTo(member.key));
      if (!value.ok()) {
        return absl::StrCat("masked value with nothing stored to fill it: ",
                            value.status().message());
      }
      filled.members.push_back({member.key, *std::move(value), IsMask(member.value)});
    }
    if (mode_ == ConfigMode::kReplace) RaiseFloor(update->order);
    Merge(filled, mode_ == ConfigMode::kReplace);
    filled_.push_back(std::move(filled));
  }
  const std::string too_large = TooLarge();
  if (!too_large.empty()) return too_large;
  return std::nullopt;
}

std::string ConfigRegister::TooLarge() const {
  const Undo& undo = *undo_.back();
  if (bytes_ > kConfigDocumentBytesMax && bytes_ > undo.bytes) {
    return "the config would be larger than 16 MiB";
  }
  const std::size_t keys = document_.keys.size();
  if (keys > kConfigDocumentKeysMax && keys > undo.size) {
    return absl::StrCat("the config would have more than ", kConfigDocumentKeysMax, " keys");
  }
  return "";
}

bool ConfigRegister::Differs() const {
  const Undo& undo = *undo_.back();
  if (undo.whole) {
    return ConfigsDiffer(undo.all, document_.keys);
  }
  return std::any_of(undo.keys.begin(), undo.keys.end(), [&](const auto& entry) {
    return !SameLive(entry.second ? &*entry.second : nullptr, Find(entry.first));
  });
}

ConfigRegister::Violations ConfigRegister::Check(const ConfigDocument& document) {
  Violations violations;
  if (spec_ == nullptr) return violations;
  work_ += bytes_;
  absl::StatusOr<SpecVerdict> verdict = spec_->Examine(document.ToJson());
  if (!verdict.ok()) return violations;  // past the step limit: as if there were no spec (F69)
  violations.usable = true;
  violations.list = std::move(verdict->violations);
  violations.warnings = std::move(verdict->warnings);
  return violations;
}

// Of what this judgement began with; null when nothing was stored.
const ConfigRegister::Violations* ConfigRegister::ViolationsBefore() {
  const Undo& undo = *undo_.back();
  if (undo.generation < 0) return nullptr;
  if (violations_before_) return &*violations_before_;
  ConfigDocument before = document_;
  if (undo.whole) {
    before.keys = undo.all;
  } else {
    before.keys.resize(undo.size);
    for (const auto& [key, entry] : undo.keys) {
      if (entry) before.keys[places_.find(key)->second] = *entry;
    }
  }
  violations_before_ = Check(before);
  return &*violations_before_;
}

// True: it may be accepted.
bool ConfigRegister::Validate(Judgement* judgement) {
  if (spec_ == nullptr) {
    judgement->unvalidated = true;
    return true;
  }
  if (!Differs()) return true;
  const Violations after = Check(document_);
  judgement->unvalidated = !after.usable;
  if (after.list.empty() && after.warnings.empty()) return true;
  const Violations* const before = ViolationsBefore();
  judgement->reason = NewWarnings(after, before);
  const std::vector<SpecViolation> added = NewViolations(after, before, &judgement->unvalidated);
  if (added.empty()) return true;
  judgement->reason = Describe(added);
  if (mode_ != ConfigMode::kMerge || !TryReplace()) return false;
  judgement->replaced = true;
  judgement->reason =
      absl::StrCat("replaced the stored config, because merged with it, it did not conform: ",
                   judgement->reason);
  return true;
}

bool ConfigRegister::TryReplace() {
  ConfigRegister alone({}, ConfigMode::kReplace, spec_, now_);
  alone.Begin(/*whole=*/false);
  for (const Filled& update : filled_) alone.Merge(update, /*kept_too=*/true);
  const Violations alone_violations = alone.Check(alone.document_);
  work_ += alone.work_;
  if (!alone_violations.usable || !alone_violations.list.empty()) return false;

  std::vector<Filled> filled = std::move(filled_);
  RollBack();
  Begin(/*whole=*/true);
  filled_ = std::move(filled);
  RaiseFloor(filled_.front().update->order);
  for (const Filled& update : filled_) Merge(update, /*kept_too=*/true);
  const Violations violations = Check(document_);
  return violations.usable && violations.list.empty();
}

bool ConfigRegister::MayRaiseFloor(std::span<const ConfigUpdate* const> updates) const {
  return mode_ == ConfigMode::kReplace &&
         std::any_of(updates.begin(), updates.end(), [&](const ConfigUpdate* update) {
           return !HasConfigFloor(document_) || update->order > document_.floor;
         });
}

Judgement ConfigRegister::Judge(std::span<const ConfigUpdate* const> updates) {
  std::vector<const ConfigUpdate*> in_order(updates.begin(), updates.end());
  std::stable_sort(
      in_order.begin(), in_order.end(),
      [](const ConfigUpdate* a, const ConfigUpdate* b) { return a->order < b->order; });
  Judgement judgement;
  Begin(MayRaiseFloor(updates));
  if (const std::optional<std::string> refusal = Apply(in_order)) {
    judgement.refused = true;
    judgement.reason = *refusal;
  } else {
    judgement.refused = !Validate(&judgement);
  }
  if (judgement.refused) {
    RollBack();
    return judgement;
  }
  Finish(updates, &judgement);
  undo_.clear();
  return judgement;
}

std::vector<Judgement> ConfigRegister::ApplyInTurn(std::span<const ConfigUpdate* const> updates,
                                                   bool* refused) {
  std::vector<Judgement> judgements;
  for (const ConfigUpdate* const& update : updates) {
    Begin(MayRaiseFloor({&update, 1}));
    *refused = Apply({&update, 1}).has_value();
    if (*refused) {
      while (!undo_.empty()) RollBack();
      secrets_.reset();  // of what was taken back
      return {};
    }
    Finish({&update, 1}, &judgements.emplace_back());
  }
  return judgements;
}

std::optional<std::vector<Judgement>> ConfigRegister::JudgeInTurn(
    std::span<const ConfigUpdate* const> updates) {
  bool refused = false;
  std::vector<Judgement> judgements = ApplyInTurn(updates, &refused);
  if (refused) return std::nullopt;
  const Violations after = Check(document_);
  bool unvalidated = !after.usable;
  std::string warning;
  if (!after.list.empty() || !after.warnings.empty()) {
    // What was wrong before can only be asked once they are taken back.
    while (!undo_.empty()) RollBack();
    secrets_.reset();  // of what was taken back
    const bool stored = document_.exists();
    const Violations before = stored ? Check(document_) : Violations();
    if (!NewViolations(after, stored ? &before : nullptr, &unvalidated).empty()) {
      return std::nullopt;
    }
    warning = NewWarnings(after, stored ? &before : nullptr);
    judgements = ApplyInTurn(updates, &refused);
  }
  for (Judgement& judgement : judgements) judgement.unvalidated = unvalidated;
  judgements.back().reason = warning;
  undo_.clear();
  return judgements;
}

bool ConfigRegister::Changed(const Filled& update) const {
  return std::any_of(update.members.begin(), update.members.end(), [&](const auto& member) {
    const ConfigKey* const entry = Find(member.key);
    return entry != nullptr && entry->order == update.update->order && entry->value &&
           !SameLive(FindBefore(member.key), entry);
  });
}

bool ConfigRegister::Wrote(const Filled& update) const {
  const OrderKey& order = update.update->order;
  return std::any_of(update.members.begin(), update.members.end(), [&](const auto& member) {
    const ConfigKey* const entry = Find(member.key);
    return entry != nullptr && (entry->order == order || (member.kept && entry->order < order));
  });
}

// Whether it was accepted before this judgement already.
bool ConfigRegister::HeldBefore(const Filled& update) const {
  const OrderKey& order = update.update->order;
  const Undo& undo = *undo_.back();
  if (undo.newest == order || undo.floor == order) return true;
  return std::any_of(update.members.begin(), update.members.end(), [&](const auto& member) {
    const ConfigKey* const entry = FindBefore(member.key);
    return entry != nullptr && entry->order == order;
  });
}

// What came later, on the same pipe or in a later run, lost against what was there, with a secret
// that is nowhere in the result: some clock is wrong, and it may be the only copy of a live token.
bool ConfigRegister::LostSecret(const Filled& update) {
  const OrderKey& order = update.update->order;
  const auto earlier_won = [&](const OrderKey& winner) {
    return winner > order &&
           (winner.epoch < order.epoch || (winner.epoch == order.epoch && winner.seq < order.seq));
  };
  ConfigDocument lost;
  for (const Filled::Member& member : update.members) {
    const ConfigKey* const entry = Find(member.key);
    const OrderKey& winner = entry != nullptr ? entry->order : document_.floor;
    if (!member.kept && earlier_won(winner)) {
      lost.keys.push_back({member.key, member.value, order});
    }
  }
  if (lost.keys.empty()) return false;
  if (!secrets_) {
    work_ += bytes_;
    const std::vector<std::string> have = SecretValuesOf(document_.ToJson(), spec_);
    secrets_.emplace(have.begin(), have.end());
  }
  for (const std::string& secret : SecretValuesOf(lost.ToJson(), spec_)) {
    if (!secrets_->contains(secret)) return true;
  }
  return false;
}

void ConfigRegister::Finish(std::span<const ConfigUpdate* const> updates, Judgement* judgement) {
  const Undo& undo = *undo_.back();
  const bool changed = Differs();
  if (changed) {
    document_.generation = std::max<int64_t>(undo.generation, 0) + 1;
    document_.updated_at = now_;
    secrets_.reset();
    violations_before_.reset();
  }
  bool attributed = false;
  bool wrote = false;
  std::map<const ConfigUpdate*, UpdateVerdict> verdicts;
  for (const Filled& update : filled_) {
    UpdateVerdict& verdict = verdicts[update.update];
    if (Changed(update)) {
      verdict.verdict = Verdict::kApplied;
      attributed = true;
    } else if (Wrote(update) || HeldBefore(update)) {
      verdict.verdict = Verdict::kDuplicate;
    }
    wrote = wrote || verdict.verdict != Verdict::kSuperseded;
    verdict.alert = LostSecret(update);
  }
  // A change that no update wrote is a removal: the work of the newest replace.
  if (changed && !attributed) verdicts[filled_.back().update].verdict = Verdict::kApplied;

  const bool moved = wrote || document_.floor != undo.floor || document_.newest != undo.newest;
  judgement->generation = document_.generation;
  if (changed || (moved && undo.generation >= 0)) {
    dirty_ = true;
  } else {
    RollBack();
    Begin(/*whole=*/false);
  }
  for (const ConfigUpdate* update : updates) judgement->verdicts.push_back(verdicts[update]);
}

ConfigDocument ConfigRegister::Take() {
  ArrangeConfigKeys(&document_);
  return std::move(document_);
}

Judgement JudgeUpdates(const ConfigDocument& stored, std::span<const ConfigUpdate* const> updates,
                       ConfigMode mode, const ConnectorSpec* spec, absl::Time now) {
  if (updates.empty()) return {};
  ConfigRegister config(stored, mode, spec, now);
  Judgement judgement = config.Judge(updates);
  if (config.dirty()) judgement.document = config.Take();
  return judgement;
}

}  // namespace shunt
