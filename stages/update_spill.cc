#include "stages/update_spill.h"

#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "platform/check.h"
#include "platform/files.h"
#include "platform/private_path.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"
#include "protocol/json_writer.h"
#include "secrets/sealing.h"

namespace shunt {
namespace {

constexpr std::string_view kSchema = "shunt.spill/1";
constexpr std::string_view kFilePrefix = "updates-";
constexpr std::string_view kFileSuffix = ".json";
constexpr std::size_t kStoreIdChars = 16;
constexpr mode_t kFileMode = 0600;

// --- rows --------------------------------------------------------------------------------------

std::string TimeText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone());
}

void WriteRow(const JournalRow& row, JsonWriter* json) {
  json->BeginObject().Key("run_id").String(row.run_id).Key("writer").String(row.writer);
  // Seventeen digits give back the same double.
  json->Key("effective_at").String(absl::StrFormat("%.17g", row.order.effective_at_ms));
  json->Key("epoch").Int(row.order.epoch).Key("seq").Int(row.order.seq);
  json->Key("emitted_at").String(row.emitted_at_text).Key("time_source").String(row.time_source);
  json->Key("received_at").String(TimeText(row.received_at));
  json->Key("verdict").String(VerdictName(row.verdict)).Key("reason").String(row.reason);
  json->Key("keys").BeginArray();
  for (const std::string& key : row.keys) json->String(key);
  // A quarantined line may be no UTF-8.
  json->End().Key("payload").String(absl::Base64Escape(row.payload)).End();
}

std::string RowsToJson(const std::vector<JournalRow>& rows) {
  JsonWriter json;
  json.BeginArray();
  for (const JournalRow& row : rows) WriteRow(row, &json);
  json.End();
  return json.text();
}

// Reads members of one object; `ok` turns false at the first that is missing or of another type.
struct Members {
  JsonSlice object;
  bool ok = true;

  JsonSlice Get(std::string_view key) {
    const std::optional<JsonSlice> value = JsonFind(object, key);
    ok = ok && value.has_value();
    return value.value_or(JsonSlice());
  }
  std::string Text(std::string_view key) {
    std::optional<std::string> text = JsonString(Get(key));
    ok = ok && text.has_value();
    return std::move(text).value_or("");
  }
  int64_t Int(std::string_view key) {
    const std::optional<int64_t> number = JsonInt64(Get(key));
    ok = ok && number.has_value();
    return number.value_or(0);
  }
};

std::optional<JournalRow> ReadRow(const JsonSlice& slice, const std::string& config_id) {
  Members members{slice};
  JournalRow row;
  row.config_id = config_id;
  row.run_id = members.Text("run_id");
  row.writer = members.Text("writer");
  row.order.epoch = members.Int("epoch");
  row.order.seq = members.Int("seq");
  row.emitted_at_text = members.Text("emitted_at");
  row.time_source = members.Text("time_source");
  row.reason = members.Text("reason");
  const std::optional<Verdict> verdict = ParseVerdictName(members.Text("verdict"));
  const std::optional<std::vector<JsonSlice>> keys = JsonElements(members.Get("keys"));
  if (!verdict || !keys) return std::nullopt;
  row.verdict = *verdict;
  for (const JsonSlice& key : *keys) {
    std::optional<std::string> name = JsonString(key);
    if (!name) return std::nullopt;
    row.keys.push_back(*std::move(name));
  }
  const bool numbers_and_bytes =
      absl::SimpleAtod(members.Text("effective_at"), &row.order.effective_at_ms) &&
      absl::ParseTime(absl::RFC3339_full, members.Text("received_at"), &row.received_at, nullptr) &&
      absl::Base64Unescape(members.Text("payload"), &row.payload);
  if (!numbers_and_bytes || !members.ok) return std::nullopt;
  return row;
}

std::optional<std::vector<JournalRow>> RowsFromJson(const std::string& text,
                                                    const std::string& config_id) {
  const std::optional<JsonSlice> array = ParseJson(text);
  if (!array) return std::nullopt;
  const std::optional<std::vector<JsonSlice>> elements = JsonElements(*array);
  if (!elements) return std::nullopt;
  std::vector<JournalRow> rows;
  for (const JsonSlice& element : *elements) {
    std::optional<JournalRow> row = ReadRow(element, config_id);
    if (!row) return std::nullopt;
    rows.push_back(*std::move(row));
  }
  return rows;
}

// --- files -------------------------------------------------------------------------------------

// What of a file is in the clear, and the updates as they stand there.
struct SpillFile {
  std::string store_id, config_id, run_id, writer, spec_json, updates;
  bool replace = false;
};

absl::Status Damaged(const std::string& path) {
  return absl::DataLossError(absl::StrCat(path, ": not a whole file of spilled updates"));
}

absl::StatusOr<SpillFile> ReadSpillFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path, kSpillFileBytesMax);
  if (!text.ok()) return text.status();
  const std::optional<JsonSlice> object = ParseJson(*text);
  if (!object) return Damaged(path);
  Members members{*object};
  if (members.Text("schema") != kSchema) return Damaged(path);
  SpillFile file;
  file.store_id = members.Text("store_id");
  file.config_id = members.Text("config_id");
  file.run_id = members.Text("run_id");
  file.writer = members.Text("writer");
  file.updates = members.Text("updates");
  file.replace = members.Get("replace").type == JsonType::kTrue;
  const JsonSlice spec = members.Get("spec");
  if (!spec.is_null()) file.spec_json = std::string(spec.text);
  if (!members.ok) return Damaged(path);
  return file;
}

std::string FileBytes(const SpillFile& file, const std::string& store_url) {
  JsonWriter json;
  json.BeginObject().Key("schema").String(kSchema).Key("store_id").String(file.store_id);
  json.Key("store").String(store_url).Key("config_id").String(file.config_id);
  json.Key("run_id").String(file.run_id).Key("writer").String(file.writer);
  json.Key("replace").Bool(file.replace).Key("spec");
  file.spec_json.empty() ? json.Null() : json.Raw(file.spec_json);
  json.Key("updates").String(file.updates).End();
  return json.text();
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string NamePrefix(const std::string& store_id) {
  return absl::StrCat(A(kFilePrefix), store_id.substr(0, kStoreIdChars), "-");
}

// Private, and there after a power cut.
absl::StatusOr<OwnDirectory> MakeFolder(const std::string& directory) {
  return OwnDirectory::Open(directory, Others::kNothing, Missing::kMakeAll);
}

// All that the judging of the updates depends on.
SealContext ContextOf(const SpillFile& file) {
  return {"spill",       file.store_id, file.config_id,
          file.run_id,   file.writer,   file.replace ? "replace" : "merge",
          file.spec_json};
}

// The rows' JSON.
absl::StatusOr<std::string> OpenUpdates(const SpillFile& file, const Keyring* keys,
                                        UpdateSpill::Trust trust, const std::string& path) {
  if (IsSealed(file.updates)) {
    absl::StatusOr<std::string> opened = Unseal(keys, ContextOf(file), file.updates);
    if (opened.ok()) return opened;
    return absl::Status(opened.status().code(),
                        absl::StrCat(path, ": ", opened.status().message()));
  }
  if (keys != nullptr && trust == UpdateSpill::Trust::kEncrypted) {
    return absl::PermissionDeniedError(
        absl::StrCat(path,
                     ": it is not encrypted, although there is a key; if you know where it "
                     "comes from: shunt config recover ",
                     path));
  }
  std::string text;
  if (!absl::Base64Unescape(file.updates, &text)) return Damaged(path);
  return text;
}

}  // namespace

absl::StatusOr<std::string> UpdateSpill::Write(const SpilledUpdates& updates) const {
  SHUNT_CHECK(!updates.rows.empty());
  const JournalRow& first = updates.rows.front();
  SpillFile file = {.store_id = options_.store_id,
                    .config_id = updates.config_id,
                    .run_id = first.run_id,
                    .writer = first.writer,
                    .spec_json = ParseJson(updates.spec_json) ? updates.spec_json : "",
                    .updates = {},
                    .replace = updates.replace};
  const std::string rows = RowsToJson(updates.rows);
  file.updates = options_.keys != nullptr ? Seal(*options_.keys, ContextOf(file), rows)
                                          : absl::Base64Escape(rows);
  const std::string bytes = FileBytes(file, options_.store_url);
  absl::Status status = absl::UnavailableError("there is no directory for it");
  for (const std::string& directory : options_.directories) {
    const std::string name =
        absl::StrCat(NamePrefix(options_.store_id), entropy_.HexId(), A(kFileSuffix));
    const absl::StatusOr<OwnDirectory> folder = MakeFolder(directory);
    status = folder.ok() ? folder->Replace(name, bytes, kFileMode) : folder.status();
    if (status.ok()) return absl::StrCat(directory, "/", name);
  }
  return absl::UnavailableError(status.message());
}

bool UpdateSpill::IsInMemory(const std::string& path) { return IsOnTmpfs(FolderOf(path)); }

absl::StatusOr<SpillGroup> UpdateSpill::Find(const std::string& path) const {
  const absl::StatusOr<SpillFile> file = ReadSpillFile(path);
  if (!file.ok()) return file.status();
  if (file->store_id != options_.store_id) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": its updates belong to another store than ", options_.store_url));
  }
  return SpillGroup{file->config_id, file->run_id, file->writer, {path}};
}

absl::StatusOr<std::vector<SpillGroup>> UpdateSpill::List() const {
  std::map<std::tuple<std::string, std::string, std::string>, SpillGroup> groups;
  for (const std::string& directory : options_.directories) {
    // Not there, or not ours.
    if (!OwnDirectory::Open(directory, Others::kNothing).ok()) continue;
    const absl::StatusOr<std::vector<std::string>> names = ListDirectory(directory);
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      if (!name.starts_with(NamePrefix(options_.store_id)) || !name.ends_with(kFileSuffix))
        continue;
      const absl::StatusOr<SpillGroup> one = Find(absl::StrCat(directory, "/", name));
      if (absl::IsNotFound(one.status())) continue;  // somebody else has just brought it back
      if (!one.ok()) return one.status();
      SpillGroup& group = groups[{one->config_id, one->run_id, one->writer}];
      std::vector<std::string> paths = std::move(group.paths);
      paths.push_back(one->paths.front());
      group = *one;
      group.paths = std::move(paths);
    }
  }
  std::vector<SpillGroup> list;
  for (auto& [id, group] : groups) list.push_back(std::move(group));
  return list;
}

absl::StatusOr<SpilledUpdates> UpdateSpill::Read(const SpillGroup& group, Trust trust) const {
  std::map<int64_t, JournalRow> rows;  // one line may stand in two files
  SpilledUpdates updates;
  for (const std::string& path : group.paths) {
    const absl::StatusOr<SpillFile> file = ReadSpillFile(path);
    if (absl::IsNotFound(file.status())) continue;
    if (!file.ok()) return file.status();
    const absl::StatusOr<std::string> text = OpenUpdates(*file, options_.keys.get(), trust, path);
    if (!text.ok()) return text.status();
    std::optional<std::vector<JournalRow>> more = RowsFromJson(*text, file->config_id);
    if (!more || more->empty()) return Damaged(path);
    for (JournalRow& row : *more) rows.insert_or_assign(row.order.seq, std::move(row));
    updates.config_id = file->config_id;
    updates.replace = file->replace;
    updates.spec_json = file->spec_json;
  }
  if (rows.empty()) return absl::NotFoundError("somebody else has brought these updates back");
  for (auto& [seq, row] : rows) updates.rows.push_back(std::move(row));
  return updates;
}

absl::Status UpdateSpill::Remove(const SpillGroup& group) const {
  for (const std::string& path : group.paths) {
    if (absl::Status status = RemoveTree(path); !status.ok()) return status;
    if (absl::Status status = SyncDirectory(FolderOf(path)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace shunt
