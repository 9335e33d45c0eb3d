// shunt config import, promote, rekey, recover: what a person does to stored configs.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/config_access.h"
#include "cli/recovery.h"
#include "cli/run_folders.h"
#include "cli/settings_loader.h"
#include "cli/store_access.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/files.h"
#include "platform/strings.h"
#include "stages/config_by_hand.h"
#include "stores/store.h"

namespace shunt {
namespace {

constexpr std::size_t kConfigFileBytesMax = std::size_t{1} << 20;

// --- import, promote ---------------------------------------------------------------------------

ConfigByHand Begin(const ConfigAccess& access, const std::string& id, std::string writer) {
  return {.config_id = id,
          .run_id = SystemEntropy().HexId(),
          .writer = std::move(writer),
          .reason = {},
          .json = {},
          .mode = ConfigMode::kReplace,
          .spec = access.spec.get(),
          .now = SystemClock().WallNow()};
}

// What became of it, in a line.
std::string ResultText(const std::string& id, const ConfigChange& change) {
  const JournalRow& row = change.rows.front();
  return absl::StrCat(id, ": ",
                      row.verdict == Verdict::kApplied ? "active now" : "that was stored already",
                      ", generation ", row.generation, row.unvalidated ? ", not validated" : "",
                      "; the next start of the connector gets it");
}

// What is still missing of a config, from the journal.
using Complete = std::function<absl::Status(const std::vector<JournalRow>&, ConfigByHand*)>;

int PutAndTell(std::string_view command, const ConfigAccess& access, ConfigByHand config,
               const Complete& complete) {
  ConfigChange done;
  const absl::Status status = access.store->RewriteConfig(
      config.config_id,
      [&](const ConfigDocument& stored,
          const std::vector<JournalRow>& journal) -> absl::StatusOr<ConfigChange> {
        if (absl::Status missing = complete(journal, &config); !missing.ok()) return missing;
        absl::StatusOr<ConfigChange> change = PutConfigByHand(stored, config);
        if (change.ok()) done = *change;
        return change;
      });
  if (!status.ok()) return CommandFailed(command, status);
  Tell(ResultText(config.config_id, done));
  return 0;
}

int Import(const Arguments& arguments) {
  constexpr std::string_view kName = "config import";
  const std::string path = arguments.Positional(1);
  absl::StatusOr<std::string> text =
      ReadFile(path == "-" ? "/dev/stdin" : path, kConfigFileBytesMax);
  if (!text.ok()) return CommandFailed(kName, absl::InvalidArgumentError(text.status().message()));
  const absl::StatusOr<ConfigAccess> access = OpenConfigAccess(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  ConfigByHand config = Begin(*access, arguments.Positional(0), "import");
  config.json = *std::move(text);
  return PutAndTell(kName, *access, std::move(config),
                    [](const auto&, ConfigByHand*) { return absl::OkStatus(); });
}

absl::StatusOr<ConfigMode> ModeOf(const Arguments& arguments) {
  const std::string text = arguments.Flag("config-update").value_or("merge");
  if (text == "merge") return ConfigMode::kMerge;
  if (text == "replace") return ConfigMode::kReplace;
  return absl::InvalidArgumentError("--config-update: expected merge or replace");
}

int Promote(const Arguments& arguments) {
  constexpr std::string_view kName = "config promote";
  const absl::StatusOr<ConfigMode> mode = ModeOf(arguments);
  if (!mode.ok()) return CommandFailed(kName, mode.status());
  const absl::StatusOr<ConfigAccess> access = OpenConfigAccess(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  ConfigByHand config = Begin(*access, arguments.Positional(0), "promote");
  config.mode = *mode;
  const std::string reference = arguments.Positional(1);
  return PutAndTell(kName, *access, std::move(config),
                    [&](const std::vector<JournalRow>& journal, ConfigByHand* promoted) {
                      const absl::StatusOr<JournalRow> row = FindJournalRow(journal, reference);
                      if (!row.ok()) return row.status();
                      promoted->json = row->payload;
                      promoted->reason = absl::StrCat("promoted ", JournalReference(*row),
                                                      ", which was ", A(VerdictName(row->verdict)));
                      return absl::OkStatus();
                    });
}

// --- recover, rekey ----------------------------------------------------------------------------

absl::StatusOr<UpdateSpill> SpillOf(const Arguments& arguments, const ConfigAccess& access) {
  const absl::StatusOr<StoreIdentity> identity = access.store->ReadIdentity();
  if (!identity.ok()) return identity.status();
  const std::string spill_dir =
      arguments.Flag("spill-dir").value_or(ProcessEnvironment()("SHUNT_SPILL_DIR").value_or(""));
  return UpdateSpill({.directories = UpdateSpillFolders(spill_dir),
                      .store_url = access.store->url(),
                      .store_id = identity->store_id,
                      .keys = access.keys},
                     SystemEntropy());
}

// All that can be brought back; the first error.
absl::Status BringBackAll(const ConfigAccess& access, const UpdateSpill& spill,
                          const std::vector<SpillGroup>& groups, UpdateSpill::Trust trust) {
  absl::Status first;
  for (const SpillGroup& group : groups) {
    first.Update(BringBack(*access.store, spill, group, trust, SystemClock().WallNow(), Tell));
  }
  return first;
}

int Rekey(const Arguments& arguments) {
  constexpr std::string_view kName = "config rekey";
  absl::StatusOr<ConfigAccess> access = OpenConfigAccess(
      arguments, arguments.Has("accept-changes") ? Sealing::kTrust : Sealing::kRekey);
  if (!access.ok()) return CommandFailed(kName, access.status());
  if (access->keys == nullptr) {
    return CommandFailed(kName, absl::InvalidArgumentError(
                                    "--key-file is required: the new key first, then the old"));
  }
  // What an earlier run spilled is encrypted with an older key, too: nobody could read it any more.
  const absl::StatusOr<UpdateSpill> spill = SpillOf(arguments, *access);
  if (!spill.ok()) return CommandFailed(kName, spill.status());
  const absl::StatusOr<std::vector<SpillGroup>> groups = spill->List();
  if (!groups.ok()) return CommandFailed(kName, groups.status());
  absl::Status status = BringBackAll(*access, *spill, *groups, UpdateSpill::Trust::kEncrypted);
  if (!status.ok()) return CommandFailed(kName, status);
  const absl::StatusOr<int> changed = ReencryptStore(*access->store);
  if (!changed.ok()) return CommandFailed(kName, changed.status());
  Tell(absl::StrCat(*changed, " configs of ", access->store->url(), " encrypted anew with the key ",
                    A(access->keys->first_id()),
                    "; older keys are no longer needed once no run has them"));
  return 0;
}

int Recover(const Arguments& arguments) {
  constexpr std::string_view kName = "config recover";
  const absl::StatusOr<ConfigAccess> access = OpenConfigAccess(arguments);
  if (!access.ok()) return CommandFailed(kName, access.status());
  const absl::StatusOr<UpdateSpill> spill = SpillOf(arguments, *access);
  if (!spill.ok()) return CommandFailed(kName, spill.status());
  const std::string file = arguments.Positional(0);
  absl::StatusOr<std::vector<SpillGroup>> groups = std::vector<SpillGroup>();
  if (file.empty()) {
    groups = spill->List();
  } else if (absl::StatusOr<SpillGroup> one = spill->Find(file); one.ok()) {
    groups->push_back(*std::move(one));
  } else {
    groups = one.status();
  }
  if (!groups.ok()) return CommandFailed(kName, groups.status());
  if (groups->empty()) Tell("nothing to recover: no file of updates for this store");
  // Whoever names a file knows where it comes from.
  const auto trust = file.empty() ? UpdateSpill::Trust::kEncrypted : UpdateSpill::Trust::kAll;
  const absl::Status status = BringBackAll(*access, *spill, *groups, trust);
  return status.ok() ? 0 : CommandFailed(kName, status);
}

}  // namespace

std::vector<Command> ConfigChangeCommands() {
  const FlagSpec spill_dir = {"spill-dir", "DIR", "where the run put large states", ""};
  const FlagSpec spec = SpecFlag("refuse what violates this spec (default: not validated)");
  return {
      {.path = "config import",
       .summary = "Makes a file the stored config",
       .description = "A value that is masked (**********) keeps what is stored, so that what "
                      "`config export` prints\n"
                      "can be edited and imported.",
       .example = "shunt config export github/source > source.json\n"
                  "shunt config import github/source source.json",
       .positionals = {ConfigIdPositional(), {"FILE", "one JSON object, or -"}},
       .flags = ConfigFlags({spec}),
       .run = Import},
      {.path = "config promote",
       .summary = "Makes an update of the journal active",
       .description =
           "Whatever its verdict was: one that lost against a newer one, or that was refused.",
       .example = "shunt config history github/source\n"
                  "shunt config promote github/source 4f1c2a9be0d1/120",
       .positionals = {ConfigIdPositional(),
                       {"RUN/LINE", "the update, as config history shows it"}},
       .flags = ConfigFlags({spec,
                             {"config-update", "merge|replace",
                              "how it joins the stored config (default: merge)", ""}}),
       .run = Promote},
      {.path = "config rekey",
       .summary = "Encrypts all stored configs anew with the first of the given keys",
       .description =
           "Also for the first time: a store that is in use without a key, or one that an earlier\n"
           "version encrypted.",
       .example = "cat new.key old.key > both.key; chmod 600 both.key\n"
                  "shunt config rekey --key-file both.key",
       .positionals = {},
       .flags = ConfigFlags({spill_dir,
                             {"accept-changes", "",
                              "what was changed in the database, or put back from a copy, is the\n"
                              "truth from now on: look at it first",
                              ""}}),
       .run = Rekey},
      {.path = "config recover",
       .summary = "Stores the updates that a run could not store",
       .description =
           "They are in files on another path; the next run of the connection does it too.",
       .example = "shunt config recover",
       .positionals = {{"FILE", "one file only (default: all of this store)", /*required=*/false}},
       .flags = ConfigFlags({spill_dir}),
       .run = Recover},
  };
}

}  // namespace shunt
