#include "connectors/process_connector.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace shunt {
namespace {

constexpr std::array<std::string_view, 36> kAllowed = {
    // What any program needs.
    "PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "JAVA_HOME",
    // How to get out of a company's network, and whom to trust there.
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "FTP_PROXY", "http_proxy", "https_proxy",
    "no_proxy", "all_proxy", "ftp_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE",
    // What Airbyte's platform sets for connectors (ecosystem 4.3). Not WORKER_JOB_ID: it changes
    // what
    // some connectors emit.
    "WORKER_JOB_ATTEMPT", "WORKER_CONNECTOR_IMAGE", "USE_STREAM_CAPABLE_STATE", "USE_FILE_TRANSFER",
    "AIRBYTE_STAGING_DIRECTORY", "CONCURRENT_SOURCE_STREAM_READ", "DEPLOYMENT_MODE", "LOG_LEVEL",
    "JAVA_OPTS", "CONNECTOR_STORAGE_LIMIT_BYTES", "AIRBYTE_ENABLE_UNSAFE_CODE",
    "USE_RUNTIME_SECRET_PERSISTENCE", "LC_ALL"};

bool IsAllowed(std::string_view name) {
  return name.starts_with("LC_") ||
         std::find(kAllowed.begin(), kAllowed.end(), name) != kAllowed.end();
}

// That it died of, or that it says a program below it died of, as a shell does.
int SignalOf(const ExitStatus& status) {
  constexpr int kShellOffset = 128;
  return status.signal.value_or(status.code.value_or(0) - kShellOffset);
}

// Of a SIGKILL that was not ours; "": nothing is known but the signal.
const char* HowKilled(OomWatch::Verdict verdict) {
  switch (verdict) {
    case OomWatch::Verdict::kNo:
      return "";
    case OomWatch::Verdict::kLikelyInItsGroup:
      return "was killed (signal 9); the kernel's out-of-memory killer was active in its control "
             "group";
    case OomWatch::Verdict::kLikely:
      return "was killed (signal 9); the kernel's out-of-memory killer was active meanwhile";
    case OomWatch::Verdict::kCertain:
      return "was killed by the kernel for want of memory (signal 9)";
  }
  return "";
}

}  // namespace

std::map<std::string, std::string> ConnectorEnvironment(
    const std::map<std::string, std::string>& ours, const std::map<std::string, std::string>& extra,
    const std::optional<User>& user) {
  std::map<std::string, std::string> env = extra;
  // Python buffers what it prints to a pipe, acknowledgements too (ecosystem 0, item 12).
  env.emplace("PYTHONUNBUFFERED", "1");
  // New connectors may otherwise look for sockets.
  env.emplace("DATA_CHANNEL_MEDIUM", "STDIO");
  if (user) {
    env.emplace("HOME", user->home);
    env.emplace("USER", user->name);
  }
  for (const auto& [name, value] : ours) {
    if (IsAllowed(name) && !(user && name == "TMPDIR")) env.emplace(name, value);
  }
  return env;
}

absl::StatusOr<std::unique_ptr<ProcessConnector>> ProcessConnector::Start(
    const ProcessConnectorOptions& options) {
  OomWatch memory;
  absl::StatusOr<Process> process =
      SpawnProcess({.argv = options.argv,
                    .env = options.env,
                    .standard_input = options.has_input ? ChildStream::Pipe() : ChildStream::Null(),
                    .standard_output = ChildStream::Pipe(),
                    .standard_error = ChildStream::Pipe(),
                    .user = options.user,
                    .notes = options.notes});
  if (!process.ok()) return process.status();
  return std::unique_ptr<ProcessConnector>(
      new ProcessConnector(*std::move(process), std::move(memory)));
}

ProcessConnector::ProcessConnector(Process process, OomWatch memory)
    : process_(std::move(process)),
      memory_(std::move(memory)),
      output_(process_.TakeStdout()),
      log_(process_.TakeStderr()),
      input_(process_.TakeStdin()) {}

IoResult ProcessConnector::Read(Fd& fd, std::span<char> buffer) {
  if (!fd.valid()) return {IoState::kEnd, 0, 0};
  const IoResult result = ReadSome(fd.get(), buffer);
  if (result.state == IoState::kEnd) fd.reset();
  return result;
}

IoResult ProcessConnector::WriteInput(std::span<const iovec> parts) {
  if (!input_.valid()) return {IoState::kEnd, 0, 0};
  return WriteSome(input_.get(), parts);
}

void ProcessConnector::CloseInput() {
  unread_.Watch(input_.get());
  input_.reset();
}

std::optional<ExitStatus> ProcessConnector::Exit() {
  if (exit_) return exit_;
  const std::optional<ProcessExit> ended = process_.Poll();
  if (!ended) return std::nullopt;
  ExitStatus status{.code = ended->code, .signal = ended->signal};
  if (!status.code && !status.signal) status.code = -1;
  status.killed_by_us = SentByUs(status);
  if (!status.killed_by_us && SignalOf(status) == Process::kKill) {
    status.detail = HowKilled(memory_.Judge(process_.pid()));
  }
  exit_ = status;
  return exit_;
}

bool ProcessConnector::SentByUs(const ExitStatus& status) const {
  const int number = SignalOf(status);
  return (number == Process::kTerminate && terminated_) || (number == Process::kKill && killed_);
}

void ProcessConnector::Terminate() {
  // After its end a signal explains nothing any more, but may be meant for what it left behind.
  if (!Exit()) terminated_ = true;
  process_.Terminate();
}

void ProcessConnector::Kill() {
  if (!Exit()) killed_ = true;
  process_.Kill();
}

}  // namespace shunt
