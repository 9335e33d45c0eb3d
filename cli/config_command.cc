#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/config_access.h"
#include "cli/store_access.h"
#include "cli/table.h"
#include "cli/units.h"
#include "protocol/json_cursor.h"
#include "protocol/json_writer.h"

namespace shunt {
namespace {

constexpr std::size_t kValueColumns = 60;

// --- show --------------------------------------------------------------------------------------

// The document's keys with their shown values, tombstones left out.
struct ShownKey {
  const ConfigKey* key;
  std::string name;  // a key may be a token
  std::string value;
};

std::vector<ShownKey> ShownKeys(const ConfigAccess& access, const ConfigDocument& document) {
  const std::string shown = access.Shown(document.ToJson());
  const std::optional<JsonSlice> object = ParseJson(shown);
  const auto members = object ? JsonMembers(*object) : std::nullopt;
  std::vector<ShownKey> keys;
  std::size_t next = 0;
  for (const ConfigKey& key : document.keys) {
    if (!key.value || !members || next >= members->size()) continue;
    const JsonMember& member = (*members)[next++];
    keys.push_back({&key, JsonUnescape(member.raw_key).value_or(std::string(member.raw_key)),
                    std::string(member.value.text)});
  }
  return keys;
}

std::string ShowText(const std::string& id, const ConfigDocument& document,
                     const std::vector<ShownKey>& keys) {
  Table table({"KEY", "VALUE", "SINCE"});
  for (const ShownKey& shown : keys) {
    const std::optional<absl::Time> since = TimeOf(shown.key->order);
    table.AddRow({shown.name, Shorten(shown.value, kValueColumns),
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
    json.BeginObject().Key("key").String(shown.name).Key("value").Raw(shown.value);
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
  const absl::StatusOr<ConfigAccess> access = OpenConfigAccess(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  const std::string id = arguments.Positional(0);
  if (id.empty()) {
    const absl::StatusOr<std::string> text = ShowAll(*access->store, arguments.Has("json"));
    return text.ok() ? PrintOut(*text) : CommandFailed(kName, text.status());
  }
  const absl::StatusOr<ConfigDocument> document = ReadKnownConfig(*access->store, id);
  if (!document.ok()) return CommandFailed(kName, document.status());
  const std::vector<ShownKey> keys = ShownKeys(*access, *document);
  return PrintOut(arguments.Has("json") ? ShowJson(id, *document, keys)
                                        : ShowText(id, *document, keys));
}

// --- export ------------------------------------------------------------------------------------

int Export(const Arguments& arguments) {
  constexpr std::string_view kName = "config export";
  const absl::StatusOr<ConfigAccess> access = OpenConfigAccess(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  const absl::StatusOr<ConfigDocument> document =
      ReadKnownConfig(*access->store, arguments.Positional(0));
  if (!document.ok()) return CommandFailed(kName, document.status());
  return PrintOut(absl::StrCat(JsonForEyes(access->Shown(document->ToJson())), "\n"));
}

}  // namespace

std::vector<Command> ConfigCommands() {
  const PositionalSpec id = ConfigIdPositional();
  const FlagSpec spec =
      SpecFlag("mask what this spec marks secret;\nwithout it, keys that sound secret");
  const FlagSpec reveal = RevealFlag();
  return {
      {.path = "config",
       .summary = "Stored configs of connectors, and the journal of their updates",
       .example = "shunt config show\nshunt config history github/source",
       .positionals = {},
       .flags = {}},
      {.path = "config show",
       .summary = "A stored config, key by key",
       .description = "Without ID: all configs, a line each.",
       .example = "shunt config show github/source",
       .positionals = {{id.name, id.help, /*required=*/false}},
       .flags = ConfigFlags({JsonFlag(), spec, reveal}),
       .run = Show},
      {.path = "config export",
       .summary = "Prints the stored config as a connector takes it (one JSON object)",
       .example = "shunt config export github/source --reveal > source.json",
       .positionals = {id},
       .flags = ConfigFlags({spec, reveal}),
       .run = Export},
  };
}

}  // namespace shunt
