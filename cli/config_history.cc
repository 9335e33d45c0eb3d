// shunt config history: the journal as a story, and as JSON.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/config_access.h"
#include "cli/store_access.h"
#include "cli/units.h"
#include "platform/strings.h"
#include "protocol/canonical_json.h"
#include "protocol/json_cursor.h"
#include "protocol/json_writer.h"
#include "secrets/masker.h"
#include "secrets/secret_values.h"
#include "stages/config_by_hand.h"
#include "stages/config_register.h"

namespace shunt {
namespace {

// --- the story ---------------------------------------------------------------------------------

// Who said it: "the source (run 4f1c2a9be0d1, line 120)".
std::string WhoOf(const JournalRow& row) {
  const std::string run = ShortRunId(row);
  if (row.writer == "file") return absl::StrCat("the config file, read by run ", run);
  if (row.writer == "import" || row.writer == "promote") {
    return absl::StrCat("a person, by shunt config ", row.writer);
  }
  return absl::StrCat("the ", row.writer, " (run ", run, ", line ", row.order.seq, ")");
}

// A key may be a token itself.
std::string ShownName(const std::string& key) {
  return IsTokenKey(key, /*below_secret=*/false) ? std::string(kSecretMask) : key;
}

std::string Names(const std::vector<std::string>& keys) {
  std::vector<std::string> names;
  for (const std::string& key : keys) names.push_back(EscapeForLog(ShownName(key)));
  return absl::StrJoin(names, ", ");
}

std::string KeysOf(const JournalRow& row) {
  if (row.keys.empty()) return row.verdict == Verdict::kQuarantined ? "" : "nothing";
  return Names(row.keys);
}

// The values that applied updates said last.
using LastSaid = std::map<std::string, std::string>;

// Of the keys of an applied update, those that it gave another value than was said before. Empty
// when it was all of them.
std::vector<std::string> ChangedKeys(const JournalRow& row, LastSaid* last) {
  std::vector<std::string> changed;
  const absl::StatusOr<std::vector<ConfigMember>> members = ReadConfigMembers(row.payload);
  if (!members.ok()) return changed;
  for (const ConfigMember& member : *members) {
    std::string value = CanonicalJson(member.value).value_or(member.value);
    std::string& before = (*last)[member.key];
    if (before != value) changed.push_back(member.key);
    before = std::move(value);
  }
  if (changed.size() == members->size()) changed.clear();
  return changed;
}

// The paths in a reason have the keys of the payload.
std::string ShownReason(const ConfigAccess& access, const JournalRow& row) {
  if (access.reveal || row.reason.empty()) return row.reason;
  Masker masker;
  masker.AddSecrets(SecretValuesOf(row.payload, access.spec.get()));
  return masker.MaskLine(row.reason);
}

std::string VerdictSentence(const JournalRow& row) {
  switch (row.verdict) {
    case Verdict::kApplied:
      return absl::StrCat("applied: generation ", row.generation);
    case Verdict::kSuperseded:
      return "superseded: something newer was stored for all its keys";
    case Verdict::kDuplicate:
      return "duplicate: that was stored already";
    case Verdict::kQuarantined:
      return absl::StrCat("QUARANTINED, not active; shunt config promote makes it so: ",
                          JournalReference(row));
    case Verdict::kPending:
      return absl::StrCat("never judged, because its run ended first: ", JournalReference(row));
  }
  return "";
}

std::vector<std::string> NotesOf(const ConfigAccess& access, const JournalRow& row) {
  std::vector<std::string> notes;
  if (!row.reason.empty()) {
    notes.push_back(absl::StrCat("why: ", EscapeForLog(ShownReason(access, row))));
  }
  if (row.alert) {
    notes.push_back(row.verdict == Verdict::kQuarantined
                        ? "ALERT: it names a connector config, and may hold a token that is "
                          "nowhere else"
                        : absl::StrCat("ALERT: it lost, although it came later, with another "
                                       "secret; if the stored one is used up, promote ",
                                       JournalReference(row)));
  }
  // A file says no time and is not held against a spec: that is no news.
  const bool by_connector = row.writer == "source" || row.writer == "destination";
  if (!by_connector) return notes;
  if (row.unvalidated) notes.push_back("not validated: no usable spec");
  if (row.time_source == "router") {
    notes.push_back("its emitted_at could not be used: it counts from when it was read");
  }
  if (row.time_source == "floored") {
    notes.push_back("its emitted_at was before what its run was started with: it counts as later");
  }
  if (row.time_source == "lifted") {
    notes.push_back("the wall clock stepped back: it counts as later than the ones before it");
  }
  return notes;
}

std::string StoryOf(const ConfigAccess& access, const std::string& id,
                    const ConfigDocument& document, const std::vector<JournalRow>& rows) {
  std::string story = document.exists()
                          ? absl::StrCat(id, ": generation ", document.generation, ", updated ",
                                         FormatInstant(document.updated_at), "\n")
                          : absl::StrCat(id, ": nothing was ever active\n");
  LastSaid last;
  for (const JournalRow& row : rows) {
    const std::string keys = KeysOf(row);
    absl::StrAppend(&story, "\n", FormatInstant(row.received_at), "  ", WhoOf(row),
                    keys.empty() ? "" : " said ", keys, "\n    ", VerdictSentence(row), "\n");
    if (!row.emitted_at_text.empty()) {
      absl::StrAppend(&story, "    emitted_at ", EscapeForLog(row.emitted_at_text), "\n");
    }
    if (row.verdict == Verdict::kApplied) {
      const std::vector<std::string> changed = ChangedKeys(row, &last);
      if (!changed.empty()) absl::StrAppend(&story, "    changed ", Names(changed), "\n");
    }
    for (const std::string& note : NotesOf(access, row))
      absl::StrAppend(&story, "    ", note, "\n");
  }
  if (rows.empty()) absl::StrAppend(&story, "\nno update yet\n");
  return story;
}

// --- JSON --------------------------------------------------------------------------------------

void WriteJournalRow(const ConfigAccess& access, const JournalRow& row, JsonWriter* json) {
  json->BeginObject().Key("ref").String(JournalReference(row));
  json->Key("received_at").String(FormatInstantUtc(row.received_at));
  json->Key("writer").String(row.writer).Key("run_id").String(row.run_id);
  json->Key("seq").Int(row.order.seq).Key("epoch").Int(row.order.epoch);
  json->Key("emitted_at").String(row.emitted_at_text);
  json->Key("time_source").String(row.time_source);
  json->Key("verdict").String(VerdictName(row.verdict)).Key("generation");
  row.generation < 0 ? json->Null() : json->Int(row.generation);
  json->Key("reason").String(ShownReason(access, row)).Key("unvalidated").Bool(row.unvalidated);
  json->Key("alert").Bool(row.alert).Key("keys").BeginArray();
  for (const std::string& key : row.keys) {
    json->String(access.reveal ? key : ShownName(key));
  }
  json->End().Key("config");
  // What is no JSON object (a quarantined line) cannot be masked by key: it is shown as a string,
  // and only when all is.
  const std::optional<JsonSlice> payload = ParseJson(row.payload);
  if (payload && payload->is_object()) {
    const std::string shown = access.Shown(row.payload);
    ParseJson(shown) ? json->Raw(shown) : json->Null();
  } else {
    access.reveal ? json->String(row.payload) : json->Null();
  }
  json->End();
}

int History(const Arguments& arguments) {
  constexpr std::string_view kName = "config history";
  const absl::StatusOr<ConfigAccess> access = OpenConfigAccess(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  const std::string id = arguments.Positional(0);
  const absl::StatusOr<std::vector<JournalRow>> rows = access->store->ReadJournal(id);
  if (!rows.ok()) return CommandFailed(kName, rows.status());
  const absl::StatusOr<ConfigDocument> document =
      rows->empty() ? ReadKnownConfig(*access->store, id) : access->store->ReadConfig(id);
  if (!document.ok()) return CommandFailed(kName, document.status());
  if (!arguments.Has("json")) return PrintOut(StoryOf(*access, id, *document, *rows));
  JsonWriter json;
  json.BeginArray();
  for (const JournalRow& row : *rows) WriteJournalRow(*access, row, &json);
  json.End();
  return PrintOut(json.text());
}

}  // namespace

std::vector<Command> ConfigHistoryCommands() {
  return {{.path = "config history",
           .summary = "The journal of a config: every update, with its verdict",
           .description = "By whom, when, which keys, with which verdict and why; oldest first.",
           .example = "shunt config history github/source",
           .positionals = {ConfigIdPositional()},
           .flags = ConfigFlags(
               {JsonFlag(),
                SpecFlag("mask what this spec marks secret;\nwithout it, keys that sound secret"),
                RevealFlag()}),
           .run = History}};
}

}  // namespace shunt
