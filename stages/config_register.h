// The config register: what an update does to a stored config (contract decisions 8 and 9, edge
// rule 5; G22, G25, G27, F64-F70, F77).
//
// A stored config is a register per top-level key; each remembers the order key of the update that
// wrote it, and the highest order key wins. A replace raises a floor below which nothing counts.
// Both are maxima over a total order, so the same accepted updates end as the same document, bytes
// included, in whatever order and however often they arrive.
//
// Pure functions: no clock, no thread, no I/O. Reasons name paths and keywords, never values.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "protocol/spec.h"
#include "stages/config_keys.h"
#include "stores/config_document.h"

namespace shunt {

enum class ConfigMode : uint8_t {
  kMerge,    // each top-level key replaces that key
  kReplace,  // the update is the whole config
};

struct ConfigUpdate {
  OrderKey order;
  std::vector<ConfigMember> members;  // no key twice
};

struct UpdateVerdict {
  // kApplied: changed a value. kDuplicate: wrote a key, changed none. kSuperseded: wrote no key.
  Verdict verdict = Verdict::kSuperseded;
  bool alert = false;  // lost a secret to what was there before it: see Judge::LostSecret
};

struct Judgement {
  bool refused = false;      // nothing happens; `reason` says why
  bool replaced = false;     // merged it did not conform, alone it does: taken as a replace
  bool unvalidated = false;  // no usable spec
  std::string reason;        // or a warning
  std::optional<ConfigDocument> document;  // what to store; empty: as it is
  int64_t generation = -1;                 // after this
  std::vector<UpdateVerdict> verdicts;     // as `updates`; empty when refused
};

// Judges `updates` together, as one: they are applied in the order of their keys, and the result is
// validated once. `spec` may be null. `now` becomes `updated_at` when a value changes.
//
// Accepted when the result has no violation that the stored config did not have; else, in merge
// mode, as a replace at their own (lowest) order key when the updates alone conform and the result
// does.
Judgement JudgeUpdates(const ConfigDocument& stored, std::span<const ConfigUpdate* const> updates,
                       ConfigMode mode, const ConnectorSpec* spec, absl::Time now);

// What a stored config may grow to by updates. One that is larger already may shrink, or stay.
inline constexpr std::size_t kConfigDocumentBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kConfigDocumentKeysMax = 65536;

// A stored config at work: judges updates as JudgeUpdates does, one judgement after the other, each
// on what the earlier ones made of it. A judgement costs what its updates are long, but for two
// things that cost what the config is long, which `work` counts: its validation, and looking for a
// lost secret in it. Not thread-safe; `spec` outlives it.
class ConfigRegister {
 public:
  ConfigRegister(ConfigDocument stored, ConfigMode mode, const ConnectorSpec* spec, absl::Time now);
  ~ConfigRegister();

  // Without `document` in the result: Take has it.
  Judgement Judge(std::span<const ConfigUpdate* const> updates);
  // Each update by itself, in this order, but validated once, after the last of them. Empty: that
  // has new violations, or a mask could not be filled; nothing has happened then.
  std::optional<std::vector<Judgement>> JudgeInTurn(std::span<const ConfigUpdate* const> updates);

  const ConfigDocument& document() const { return document_; }
  // Of the keys and values.
  std::size_t bytes() const { return bytes_; }
  std::size_t work() const { return work_; }
  // Whether there is something to store; then what, its keys arranged.
  bool dirty() const { return dirty_; }
  ConfigDocument Take();

 private:
  struct Filled;
  struct Undo;
  struct Violations {
    bool usable = false;
    std::vector<SpecViolation> list, warnings;
  };

  const ConfigKey* Find(std::string_view key) const;
  const ConfigKey* FindBefore(std::string_view key) const;
  void Begin(bool whole);
  void RollBack();
  void IndexKeys();
  void Write(std::string_view key, std::string_view value, const OrderKey& order);
  bool MayRaiseFloor(std::span<const ConfigUpdate* const> updates) const;
  void RaiseFloor(const OrderKey& floor);
  void Merge(const Filled& update, bool kept_too);
  std::optional<std::string> Apply(std::span<const ConfigUpdate* const> in_order);
  std::string TooLarge() const;
  bool Differs() const;
  bool Validate(Judgement* judgement);
  bool TryReplace();
  Violations Check(const ConfigDocument& document);
  const Violations* ViolationsBefore();
  static std::string NewWarnings(const Violations& after, const Violations* before);
  static std::vector<SpecViolation> NewViolations(const Violations& after, const Violations* before,
                                                  bool* unvalidated);
  void Finish(std::span<const ConfigUpdate* const> updates, Judgement* judgement);
  bool Changed(const Filled& update) const;
  bool Wrote(const Filled& update) const;
  bool HeldBefore(const Filled& update) const;
  bool LostSecret(const Filled& update);
  std::vector<Judgement> ApplyInTurn(std::span<const ConfigUpdate* const> updates, bool* refused);

  const ConfigMode mode_;
  const ConnectorSpec* const spec_;
  const absl::Time now_;
  ConfigDocument document_;
  std::map<std::string, std::size_t, std::less<>> places_;  // of the keys in document_
  std::size_t bytes_ = 0;
  std::size_t work_ = 0;
  bool dirty_ = false;
  std::vector<Filled> filled_;               // of this judgement, in order
  std::vector<std::unique_ptr<Undo>> undo_;  // of judgements that may be taken back
  // Of document_ as it was before them, and as it is; empty: not known.
  std::optional<Violations> violations_before_;
  std::optional<std::set<std::string>> secrets_;
};

}  // namespace shunt
