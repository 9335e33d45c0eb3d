#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/spec_file.h"
#include "cli/store_access.h"
#include "cli/table.h"
#include "cli/units.h"
#include "platform/strings.h"
#include "protocol/json_cursor.h"
#include "protocol/json_writer.h"
#include "protocol/spec.h"
#include "secrets/secret_values.h"

namespace shunt {
namespace {

constexpr std::size_t kValueColumns = 60;
constexpr std::size_t kKeysColumns = 40;

using SpecPointer = std::shared_ptr<const ConnectorSpec>;

// What a listing needs: the store, the spec that says what is secret, and whether to show it.
struct Access {
  std::unique_ptr<Store> store;
  SpecPointer spec;
  bool reveal = false;

  std::string Shown(const std::string& config) const {
    return reveal ? config : MaskConfig(config, spec.get());
  }
};

absl::StatusOr<Access> Open(const Arguments& arguments) {
  Access access;
  access.reveal = arguments.Has("reveal");
  if (const auto path = arguments.Flag("spec")) {
    absl::StatusOr<SpecPointer> spec = ReadSpecFile(*path);
    if (!spec.ok()) return spec.status();
    access.spec = *std::move(spec);
  }
  absl::StatusOr<std::unique_ptr<Store>> store = OpenExistingStore(arguments);
  if (!store.ok()) return store.status();
  access.store = *std::move(store);
  return access;
}

absl::StatusOr<ConfigDocument> ReadKnown(Store& store, const std::string& id) {
  absl::StatusOr<ConfigDocument> document = store.ReadConfig(id);
  if (!document.ok() || document->exists()) return document;
  const absl::StatusOr<std::vector<std::string>> known = store.ListConfigs();
  if (!known.ok()) return known.status();
  return absl::NotFoundError(absl::StrCat("no config '", id, "' in ", store.url(), "; there are: ",
                                          known->empty() ? "none" : absl::StrJoin(*known, ", ")));
}

// When the key's value was said, by the connector or by an edit of the file.
std::optional<absl::Time> TimeOf(const OrderKey& order) {
  if (!std::isfinite(order.effective_at_ms)) return std::nullopt;  // generation 0
  return absl::UnixEpoch() + absl::Milliseconds(order.effective_at_ms);
}

// --- show --------------------------------------------------------------------------------------

// The document's keys with their shown values, tombstones left out.
struct ShownKey {
  const ConfigKey* key;
  std::string value;
};

std::vector<ShownKey> ShownKeys(const Access& access, const ConfigDocument& document) {
  const std::string shown = access.Shown(document.ToJson());
  const std::optional<JsonSlice> object = ParseJson(shown);
  const auto members = object ? JsonMembers(*object) : std::nullopt;
  std::vector<ShownKey> keys;
  std::size_t next = 0;
  for (const ConfigKey& key : document.keys) {
    if (!key.value || !members || next >= members->size()) continue;
    keys.push_back({&key, std::string((*members)[next++].value.text)});
  }
  return keys;
}

std::string ShowText(const std::string& id, const ConfigDocument& document,
                     const std::vector<ShownKey>& keys) {
  Table table({"KEY", "VALUE", "SINCE"});
  for (const ShownKey& shown : keys) {
    const std::optional<absl::Time> since = TimeOf(shown.key->order);
    table.AddRow({shown.key->key, Shorten(shown.value, kValueColumns),
                  since ? FormatInstant(*since) : "config file"});
  }
  return absl::StrCat("config      ", id, "\ngeneration  ", document.generation, "\nupdated     ",
                      FormatInstant(document.updated_at), "\n\n", table.ToString());
}

std::string ShowJson(const std::string& id, const ConfigDocument& document,
                     const std::vector<ShownKey>& keys) {
  JsonWriter json;
  json.BeginObject().Key("config_id").String(id).Key("generation").Int(document.generation);
  json.Key("updated_at").String(FormatInstantUtc(document.updated_at)).Key("keys").BeginArray();
  for (const ShownKey& shown : keys) {
    const std::optional<absl::Time> since = TimeOf(shown.key->order);
    json.BeginObject().Key("key").String(shown.key->key).Key("value").Raw(shown.value);
    json.Key("since");
    since ? json.String(FormatInstantUtc(*since)) : json.Null();
    json.End();
  }
  json.End().End();
  return json.text();
}

absl::StatusOr<std::string> ShowAll(Store& store, bool as_json) {
  const absl::StatusOr<std::vector<std::string>> ids = store.ListConfigs();
  if (!ids.ok()) return ids.status();
  Table table({"CONFIG", ">GENERATION", "UPDATED"});
  JsonWriter json;
  json.BeginArray();
  for (const std::string& id : *ids) {
    const absl::StatusOr<ConfigDocument> document = store.ReadConfig(id);
    if (!document.ok()) return document.status();
    table.AddRow({id, absl::StrCat(document->generation), FormatInstant(document->updated_at)});
    json.BeginObject().Key("config_id").String(id).Key("generation").Int(document->generation);
    json.Key("updated_at").String(FormatInstantUtc(document->updated_at)).End();
  }
  json.End();
  if (as_json) return json.text();
  return table.empty() ? absl::StrCat("no config in ", store.url(), " yet\n") : table.ToString();
}

int Show(const Arguments& arguments) {
  constexpr std::string_view kName = "config show";
  const absl::StatusOr<Access> access = Open(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  const std::string id = arguments.Positional(0);
  if (id.empty()) {
    const absl::StatusOr<std::string> text = ShowAll(*access->store, arguments.Has("json"));
    return text.ok() ? PrintOut(*text) : CommandFailed(kName, text.status());
  }
  const absl::StatusOr<ConfigDocument> document = ReadKnown(*access->store, id);
  if (!document.ok()) return CommandFailed(kName, document.status());
  const std::vector<ShownKey> keys = ShownKeys(*access, *document);
  return PrintOut(arguments.Has("json") ? ShowJson(id, *document, keys)
                                        : ShowText(id, *document, keys));
}

// --- history -----------------------------------------------------------------------------------

std::string GenerationCell(const JournalRow& row) {
  return row.generation < 0 ? "" : absl::StrCat(row.generation);
}

std::string NotesOf(const JournalRow& row) {
  std::vector<std::string> notes;
  if (!row.reason.empty()) notes.push_back(row.reason);
  // A file says no time and is not held against a spec: that is no news.
  if (row.writer == "file") return absl::StrJoin(notes, "; ");
  if (row.unvalidated) notes.push_back("unvalidated");
  if (row.alert) notes.push_back("ALERT: it lost, although it came later with another secret");
  if (row.time_source == "router") notes.push_back("emitted_at unusable: time of receipt");
  if (row.time_source == "lifted") notes.push_back("lifted: the wall clock stepped back");
  return absl::StrJoin(notes, "; ");
}

std::string HistoryTable(const std::vector<JournalRow>& rows) {
  Table table({"RECEIVED", "FROM", "RUN", "EMITTED_AT", "VERDICT", ">GENERATION", "KEYS", "NOTES"});
  for (const JournalRow& row : rows) {
    table.AddRow({FormatInstant(row.received_at), row.writer, row.run_id.substr(0, 12),
                  row.emitted_at_text, std::string(VerdictName(row.verdict)), GenerationCell(row),
                  Shorten(absl::StrJoin(row.keys, ","), kKeysColumns), NotesOf(row)});
  }
  return table.empty() ? "no update yet\n" : table.ToString();
}

void WriteJournalRow(const Access& access, const JournalRow& row, JsonWriter* json) {
  json->BeginObject().Key("received_at").String(FormatInstantUtc(row.received_at));
  json->Key("writer").String(row.writer).Key("run_id").String(row.run_id);
  json->Key("seq").Int(row.order.seq).Key("epoch").Int(row.order.epoch);
  json->Key("emitted_at").String(row.emitted_at_text);
  json->Key("time_source").String(row.time_source);
  json->Key("verdict").String(VerdictName(row.verdict)).Key("generation");
  row.generation < 0 ? json->Null() : json->Int(row.generation);
  json->Key("reason").String(row.reason).Key("unvalidated").Bool(row.unvalidated);
  json->Key("alert").Bool(row.alert).Key("keys").BeginArray();
  for (const std::string& key : row.keys) json->String(key);
  json->End().Key("config");
  // What is no JSON object (a quarantined line) cannot be masked by key: it is not shown.
  const std::optional<JsonSlice> payload = ParseJson(row.payload);
  const std::string shown = payload && payload->is_object() ? access.Shown(row.payload) : "";
  ParseJson(shown) ? json->Raw(shown) : json->Null();
  json->End();
}

int History(const Arguments& arguments) {
  constexpr std::string_view kName = "config history";
  const absl::StatusOr<Access> access = Open(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  const std::string id = arguments.Positional(0);
  const absl::StatusOr<std::vector<JournalRow>> rows = access->store->ReadJournal(id);
  if (!rows.ok()) return CommandFailed(kName, rows.status());
  if (rows->empty()) {
    const absl::StatusOr<ConfigDocument> document = ReadKnown(*access->store, id);
    if (!document.ok()) return CommandFailed(kName, document.status());
  }
  if (!arguments.Has("json")) return PrintOut(HistoryTable(*rows));
  JsonWriter json;
  json.BeginArray();
  for (const JournalRow& row : *rows) WriteJournalRow(*access, row, &json);
  json.End();
  return PrintOut(json.text());
}

// --- export ------------------------------------------------------------------------------------

int Export(const Arguments& arguments) {
  constexpr std::string_view kName = "config export";
  const absl::StatusOr<Access> access = Open(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  const absl::StatusOr<ConfigDocument> document =
      ReadKnown(*access->store, arguments.Positional(0));
  if (!document.ok()) return CommandFailed(kName, document.status());
  return PrintOut(absl::StrCat(access->Shown(document->ToJson()), "\n"));
}

}  // namespace

std::vector<Command> ConfigCommands() {
  const PositionalSpec id = {"ID",
                             "the config's identity: CONNECTION/source, CONNECTION/destination"};
  const FlagSpec reveal = {"reveal", "", "show secrets instead of **********", ""};
  const FlagSpec spec = {
      "spec", "FILE", "mask what this spec marks secret;\nwithout it, keys that sound secret", ""};
  return {
      {.path = "config",
       .summary = "Stored connector configs and their journal: show, history, export",
       .example = "shunt config show\nshunt config history github/source",
       .positionals = {},
       .flags = {}},
      {.path = "config show",
       .summary = "A stored config, key by key; without ID: all configs",
       .example = "shunt config show github/source",
       .positionals = {{id.name, id.help, /*required=*/false}},
       .flags = {StoreFlag(), JsonFlag(), spec, reveal},
       .run = Show},
      {.path = "config history",
       .summary = "The journal: every update with its verdict, oldest first",
       .example = "shunt config history github/source",
       .positionals = {id},
       .flags = {StoreFlag(), JsonFlag(), spec, reveal},
       .run = History},
      {.path = "config export",
       .summary = "Prints the stored config as a connector takes it (one JSON object)",
       .example = "shunt config export github/source --reveal > source.json",
       .positionals = {id},
       .flags = {StoreFlag(), spec, reveal},
       .run = Export},
  };
}

}  // namespace shunt
