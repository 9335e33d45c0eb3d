#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/builtin/source.h"
#include "cli/commands.h"
#include "cli/settings_loader.h"
#include "cli/store_access.h"
#include "cli/sync_run.h"
#include "cli/table.h"
#include "platform/entropy.h"
#include "platform/files.h"
#include "platform/posix_words.h"
#include "platform/private_path.h"
#include "platform/strings.h"
#include "platform/terminal.h"
#include "protocol/json_cursor.h"
#include "protocol/spec.h"
#include "secrets/secret_values.h"
#include "stages/exit_code.h"
#include "stores/store.h"

namespace shunt {
namespace {

constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateFile = 0600;
constexpr absl::string_view kConnection = "demo";
constexpr absl::string_view kSourceId = "demo/source";

constexpr absl::string_view kCatalog = R"({
  "streams": [
    {"stream": {"name": "customers", "json_schema": {"type": "object"},
                "supported_sync_modes": ["full_refresh", "incremental"]},
     "sync_mode": "incremental", "destination_sync_mode": "append"},
    {"stream": {"name": "orders", "json_schema": {"type": "object"},
                "supported_sync_modes": ["full_refresh", "incremental"]},
     "sync_mode": "incremental", "destination_sync_mode": "append"}
  ]
}
)";

std::string SourceConfig(int records) {
  return absl::StrCat("{\n  \"records\": ", records,
                      ",\n  \"streams\": 2,\n  \"state_every\": 1000,\n"
                      "  \"rows_per_second\": 20000,\n  \"rotate_token_every\": 15000,\n"
                      "  \"refresh_token\": \"rt-0000-as-the-file-has-it\"\n}\n");
}

// The files of the demo and the settings that lead to them.
class Demo {
 public:
  explicit Demo(std::string folder) : folder_(std::move(folder)) {}

  absl::Status WriteFiles(int records) const;
  int Sync() const;
  absl::StatusOr<std::unique_ptr<Store>> Open() const { return OpenStore(store_url()); }

  std::string store_url() const { return absl::StrCat("sqlite:", folder_, "/shunt.db"); }
  std::string path(absl::string_view name) const { return absl::StrCat(folder_, "/", name); }

 private:
  std::string folder_;
};

absl::Status Demo::WriteFiles(int records) const {
  absl::Status status = MakeDirs(folder_, kPrivateFolder);
  const std::string destination = absl::StrCat("{\"path\": ", JsonQuote(path("out")), "}\n");
  for (const auto& [name, text] :
       {std::pair<absl::string_view, std::string>("source.json", SourceConfig(records)),
        std::pair<absl::string_view, std::string>("destination.json", destination),
        std::pair<absl::string_view, std::string>("catalog.json", std::string(kCatalog))}) {
    if (status.ok()) status = ReplaceOwnFile(path(name), text, kPrivateFile);
  }
  return status;
}

int Demo::Sync() const {
  const std::string program = OwnProgramPath();
  SyncSettings settings;
  settings.source_command = JoinShellWords({program, "connector", "source"});
  settings.destination_command = JoinShellWords({program, "connector", "destination"});
  settings.source_config = path("source.json");
  settings.destination_config = path("destination.json");
  settings.catalog = path("catalog.json");
  settings.connection = std::string(kConnection);
  settings.source_id = std::string(kSourceId);
  settings.destination_id = absl::StrCat(kConnection, "/destination");
  settings.store = store_url();
  return RunSync(settings);
}

std::string Heading(absl::string_view text) { return absl::StrCat("\n--- ", text, "\n"); }

std::string CheckpointText(const std::vector<StoredState>& states) {
  Table table({"STREAM", "CHECKPOINT"});
  for (const StoredState& state : states) table.AddRow({state.stream.name, state.blob});
  return table.ToString(2);
}

std::string JournalText(const std::vector<JournalRow>& rows) {
  Table table({"FROM", "VERDICT", ">GENERATION", "WITH"});
  for (const JournalRow& row : rows) {
    const std::optional<JsonSlice> payload = ParseJson(row.payload);
    const std::optional<JsonSlice> rotation =
        payload ? JsonFind(*payload, "rotations") : std::nullopt;
    table.AddRow({row.writer, std::string(VerdictName(row.verdict)),
                  row.generation < 0 ? "" : absl::StrCat(row.generation),
                  rotation ? absl::StrCat("the token of rotation ", A(rotation->text))
                           : "the file's token"});
  }
  return table.ToString(2);
}

// What the first run has left in the store.
absl::Status ShowStored(const Demo& demo) {
  absl::StatusOr<std::unique_ptr<Store>> store = demo.Open();
  if (!store.ok()) return store.status();
  const auto states = (*store)->ReadCheckpoint(S(kConnection));
  if (!states.ok()) return states.status();
  const auto rows = (*store)->ReadJournal(S(kSourceId));
  if (!rows.ok()) return rows.status();
  const auto config = (*store)->ReadConfig(S(kSourceId));
  if (!config.ok()) return config.status();
  const auto spec = ConnectorSpec::Compile(BuiltinSourceSchema());
  if (!spec.ok()) return spec.status();
  PrintOut(absl::StrCat(Heading("what shunt has stored"),
                        "Checkpoints: what the destination has acknowledged.\n",
                        CheckpointText(*states),
                        "\nThe source's config, with the token that the server gave out last "
                        "(masked here, as in every\n"
                        "output):\n  ",
                        MaskConfig(config->ToJson(), spec->get()),
                        "\n\nAnd every update of it, with its verdict:\n", JournalText(*rows)));
  return absl::OkStatus();
}

// The generation of the source's config that the newest run was started with; -1 when unknown.
int64_t NewestGeneration(const Demo& demo) {
  absl::StatusOr<std::unique_ptr<Store>> store = demo.Open();
  if (!store.ok()) return -1;
  const auto runs = (*store)->ListRuns(S(kConnection), 1);
  if (!runs.ok() || runs->empty()) return -1;
  std::optional<JsonSlice> at = ParseJson(runs->front().report_json);
  if (at) at = JsonFind(*at, "source");
  if (at) at = JsonFind(*at, "config_generation");
  return at ? JsonInt64(*at).value_or(-1) : -1;
}

void ShowCommands(const Demo& demo) {
  const std::string store = absl::StrCat(" --store ", demo.store_url(), "\n");
  PrintOut(absl::StrCat(Heading("look around"), "  shunt runs", store, "  shunt state show demo",
                        store, "  shunt config history demo/source", store,
                        "  shunt config export demo/source --reveal", store, "  head -1 ",
                        demo.path("out/orders.jsonl"),
                        "\n\nYour own connectors: shunt sync --help\n"));
}

int Failed(const absl::Status& status) {
  UsageError("demo", S(status.message()));
  return static_cast<int>(ExitCode::kInternalError);
}

int RunDemo(const Arguments& arguments) {
  const std::string folder = arguments.Flag("dir").value_or(
      absl::StrCat(ProcessEnvironment()("TMPDIR").value_or("/tmp"), "/shunt-demo-",
                   SystemEntropy().HexId().substr(0, 8)));
  const Demo demo(folder);
  if (absl::Status status = demo.WriteFiles(20'000); !status.ok()) return Failed(status);
  PrintOut(absl::StrCat(
      Heading("first run"),
      "A source and a destination run as processes of their own; shunt stands between them.\n"
      "2 streams, 20,000 rows each; the source's token is rotated on the way (CONTROL messages).\n"
      "All files are in ",
      folder, "\n\n"));
  if (const int code = demo.Sync(); code != 0) return code;
  if (absl::Status status = ShowStored(demo); !status.ok()) return Failed(status);

  if (absl::Status status = demo.WriteFiles(25'000); !status.ok()) return Failed(status);
  PrintOut(absl::StrCat(
      Heading("second run"),
      "5,000 more rows per stream: the config file was edited (records), and still holds the "
      "first,\n"
      "worthless token. Only the edit enters; the source gets the rotated token and resumes.\n\n"));
  if (const int code = demo.Sync(); code != 0) return code;
  const int64_t generation = NewestGeneration(demo);
  if (generation <= 0) {
    return Failed(absl::InternalError("the second run did not start with the rotated config"));
  }
  PrintOut(absl::StrCat("\nThe second run started with generation ", generation,
                        " of the config (0 was the file).\n"));
  ShowCommands(demo);
  return 0;
}

}  // namespace

std::vector<Command> DemoCommands() {
  return {
      {.path = "demo",
       .summary = "A complete sync on built-in connectors, with a rotated token; explains itself",
       .example = "shunt demo\nshunt demo --dir /tmp/look",
       .positionals = {},
       .flags = {{"dir", "DIR", "where its files go (default: a new folder under TMPDIR)", ""}},
       .run = RunDemo}};
}

}  // namespace shunt
