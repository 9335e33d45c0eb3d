#include "cli/store_access.h"

#include <cstdio>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/settings_loader.h"
#include "cli/units.h"
#include "platform/io.h"
#include "platform/private_path.h"
#include "platform/strings.h"
#include "stages/exit_code.h"

namespace shunt {

FlagSpec StoreFlag() {
  return {"store", "URL",
          "sqlite:PATH (default: under XDG_STATE_HOME/shunt) or postgresql://HOST/DATABASE", ""};
}

FlagSpec JsonFlag() { return {"json", "", "as JSON, for scripts", ""}; }

std::vector<FlagSpec> KeyFlags() {
  const std::string group = "Encryption";
  return {
      {"key-file", "FILE",
       "the key of an encrypted store: 32 bytes, base64 or hex;\nmore lines: older keys", group},
      {"key-fd", "N", "likewise from an inherited descriptor", group},
      {"key-command", "CMD", "likewise from a program that prints it", group},
      {"seal-store", "", "with a key: encrypt a store that is in use and not encrypted", group},
      {"seal-anchor", "FILE", "what knows how new the encrypted store is", group}};
}

KeySource KeySourceOf(const Arguments& arguments) {
  const KeySource flags = {arguments.Flag("key-file").value_or(""),
                           arguments.Flag("key-fd").value_or(""),
                           arguments.Flag("key-command").value_or("")};
  // A flag wins over all variables, also over one of another form.
  if (!flags.empty()) return flags;
  const Environment environment = ProcessEnvironment();
  return {environment("SHUNT_KEY_FILE").value_or(""), environment("SHUNT_KEY_FD").value_or(""),
          environment("SHUNT_KEY_COMMAND").value_or("")};
}

absl::StatusOr<Sealing> SealingOf(const Arguments& arguments) {
  const auto flag = arguments.Flag("seal-store");
  const auto variable = ProcessEnvironment()("SHUNT_SEAL_STORE");
  const absl::StatusOr<bool> asked = ParseSwitch(flag.value_or(variable.value_or("false")));
  if (!asked.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag ? "--seal-store: " : "SHUNT_SEAL_STORE: ", asked.status().message()));
  }
  return *asked ? Sealing::kExisting : Sealing::kNew;
}

std::string SealAnchorOf(const Arguments& arguments) {
  if (const auto path = arguments.Flag("seal-anchor")) return *path;
  return ProcessEnvironment()("SHUNT_SEAL_ANCHOR").value_or("");
}

absl::StatusOr<std::string> StoreUrl(const Arguments& arguments) {
  if (const auto url = arguments.Flag("store")) return *url;
  const Environment environment = ProcessEnvironment();
  if (const auto url = environment("SHUNT_STORE")) return *url;
  return DefaultStoreUrl(environment);
}

absl::StatusOr<std::unique_ptr<Store>> OpenExistingStore(const Arguments& arguments,
                                                         const StoreOptions& options) {
  const absl::StatusOr<std::string> url = StoreUrl(arguments);
  if (!url.ok()) return url.status();
  return OpenExistingStore(*url, options);
}

absl::StatusOr<std::unique_ptr<Store>> OpenExistingStore(const std::string& url,
                                                         const StoreOptions& options) {
  constexpr absl::string_view kSqlite = "sqlite:";
  if (absl::StartsWith(url, kSqlite)) {
    const std::string path = url.substr(kSqlite.size());
    if (absl::IsNotFound(IdentifyFile(path).status())) {
      return absl::NotFoundError(absl::StrCat("there is no store at ", path, " yet"));
    }
  }
  return OpenStore(url, options);
}

int CommandFailed(std::string_view command, const absl::Status& status) {
  const bool asked_wrongly = absl::IsInvalidArgument(status) || absl::IsNotFound(status);
  UsageError(command, S(status.message()));
  return static_cast<int>(asked_wrongly ? ExitCode::kUsage : ExitCode::kStoreFailed);
}

int PrintOut(std::string_view text) {
  constexpr int kStdout = 1;
  return WriteAll(kStdout, text).ok() ? 0 : static_cast<int>(ExitCode::kInternalError);
}

void Tell(std::string_view line) {
  constexpr int kStderr = 2;
  // A closed stderr leaves nobody to tell.
  static_cast<void>(WriteAll(kStderr, absl::StrCat(A(line), "\n")));
}

}  // namespace shunt
