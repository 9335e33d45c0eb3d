#include "stages/config_file.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "platform/check.h"
#include "platform/strings.h"
#include "protocol/canonical_json.h"
#include "secrets/fingerprint.h"
#include "stages/config_mask.h"
#include "stages/config_order.h"
#include "stages/config_register.h"

namespace shunt {
namespace {

using Fingerprints = std::vector<std::pair<std::string, std::string>>;

// What the user did to the file since it was last seen.
struct FileEdit {
  Fingerprints fingerprints;          // of all keys now, in file order
  std::vector<ConfigMember> changed;  // masks filled; new keys included
  std::vector<std::string> kept;      // changed to a mask: the stored value stays
  std::vector<std::string> removed;

  bool empty() const { return changed.empty() && kept.empty() && removed.empty(); }
};

using LiveValues = std::map<std::string_view, std::string_view>;

absl::StatusOr<std::string> Fill(const ConfigMember& member, const LiveValues& stored) {
  const auto live = stored.find(member.key);
  std::optional<std::string_view> value;
  if (live != stored.end()) value = live->second;
  absl::StatusOr<std::string> filled = FillMasks(member.value, value, PointerTo(member.key));
  if (absl::IsNotFound(filled.status())) {
    return absl::InvalidArgumentError(absl::StrCat("the config file has a masked value at ",
                                                   filled.status().message(),
                                                   " and none is stored: put the real one there"));
  }
  return filled;
}

absl::StatusOr<FileEdit> CompareToPrevious(const ConfigDocument& stored, std::string_view salt,
                                           const std::vector<ConfigMember>& members) {
  std::map<std::string, std::string> previous(stored.file_fingerprints.begin(),
                                              stored.file_fingerprints.end());
  LiveValues live;
  for (const ConfigKey& entry : stored.keys) {
    if (entry.value) live.emplace(entry.key, *entry.value);
  }
  FileEdit edit;
  for (const ConfigMember& member : members) {
    std::string fingerprint =
        Fingerprint(salt, member.key, CanonicalJson(member.value).value_or(member.value));
    const auto before = previous.find(member.key);
    const bool same = before != previous.end() && before->second == fingerprint;
    if (before != previous.end()) previous.erase(before);
    edit.fingerprints.emplace_back(member.key, std::move(fingerprint));
    if (same) continue;
    absl::StatusOr<std::string> filled = Fill(member, live);
    if (!filled.ok()) return filled.status();
    if (IsMask(member.value)) {
      edit.kept.push_back(member.key);
    } else {
      edit.changed.push_back({member.key, *std::move(filled)});
    }
  }
  for (const auto& [key, fingerprint] : previous) edit.removed.push_back(key);
  return edit;
}

// The journal's row: the edited part of the file.
JournalRow BeginRow(const ConfigFile& file, const FileEdit& edit, const OrderKey& order) {
  JournalRow row;
  row.config_id = file.config_id;
  row.run_id = file.run_id;
  row.writer = "file";
  row.order = order;
  row.time_source = std::string(TimeSourceName(TimeSource::kRouter));
  row.received_at = file.now;
  row.unvalidated = true;
  ConfigDocument payload;
  for (const ConfigMember& member : edit.changed) {
    row.keys.push_back(member.key);
    payload.keys.push_back({member.key, member.value, order});
  }
  row.keys.insert(row.keys.end(), edit.removed.begin(), edit.removed.end());
  row.payload = payload.ToJson();
  if (!edit.removed.empty()) {
    row.reason = absl::StrCat("removed from the file: ", absl::StrJoin(edit.removed, ", "));
  }
  return row;
}

}  // namespace

absl::StatusOr<ConfigChange> AdoptConfigFile(const ConfigDocument& stored, const ConfigFile& file) {
  absl::StatusOr<std::vector<ConfigMember>> members = ReadConfigMembers(file.json);
  if (!members.ok()) return members.status();
  SHUNT_CHECK(!file.salt.empty());
  const bool first_sight = stored.file_salt.empty();
  ConfigDocument document = stored;
  if (first_sight) document.file_salt = file.salt;
  absl::StatusOr<FileEdit> edit = CompareToPrevious(stored, document.file_salt, *members);
  if (!edit.ok()) return edit.status();
  if (!first_sight && edit->empty()) return ConfigChange{};

  OrderKey order;  // the lowest
  if (!first_sight) order = {ToUnixMillisDouble(file.now), file.epoch, 0};
  JournalRow row = BeginRow(file, *edit, order);
  bool wrote = !stored.exists();
  ConfigWriter writer(&document);
  for (ConfigMember& member : edit->changed) {
    wrote = writer.Write(member.key, std::move(member.value), order) || wrote;
  }
  for (const std::string& key : edit->removed) {
    wrote = writer.Write(key, std::nullopt, order) || wrote;
  }
  if (wrote && document.newest < order) document.newest = order;
  document.file_fingerprints = std::move(edit->fingerprints);
  ArrangeConfigKeys(&document);

  const bool changed = !stored.exists() || ConfigsDiffer(stored, document);
  if (changed) {
    document.generation = stored.generation + 1;
    document.updated_at = file.now;
  }
  row.verdict = changed ? Verdict::kApplied : wrote ? Verdict::kDuplicate : Verdict::kSuperseded;
  row.generation = document.generation;
  ConfigChange change;
  change.document = std::move(document);
  change.rows.push_back(std::move(row));
  return change;
}

}  // namespace shunt
