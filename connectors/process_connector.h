// ProcessConnector: a connector that we start: a child process with pipes, a clean environment and
// a session of its own (platform/process.h has what "clean" means).
//
// Threads: as Connector says. Start it on a thread that lives as long as the connector (main): the
// child dies with that thread.
// Ownership: the destructor kills the whole group and reaps the child.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "connectors/connector.h"
#include "platform/child_notes.h"
#include "platform/oom_watch.h"
#include "platform/process.h"

namespace shunt {

// What a child gets of our environment `ours` (contract section 1: an allow-list, so that no secret
// of the caller reaches a connector that was not meant to have it), the two variables every
// connector needs to behave on pipes, and `extra`, which wins. A connector that runs as another
// user gets that one's HOME and USER, and not our TMPDIR. Pure.
std::map<std::string, std::string> ConnectorEnvironment(
    const std::map<std::string, std::string>& ours, const std::map<std::string, std::string>& extra,
    const std::optional<User>& user = std::nullopt);

struct ProcessConnectorOptions {
  std::vector<std::string> argv = {};           // never holds a secret: everybody can read it
  std::map<std::string, std::string> env = {};  // all of it: see ConnectorEnvironment
  bool has_input = false;                       // a destination; else stdin is /dev/null
  std::optional<User> user = std::nullopt;      // whom it runs as; needs MayChangeUser()
  const ChildNotes* notes = nullptr;            // where it is noted; may be null
};

class ProcessConnector final : public Connector {
 public:
  // Errors name the program (see SpawnProcess); no data has moved then.
  static absl::StatusOr<std::unique_ptr<ProcessConnector>> Start(
      const ProcessConnectorOptions& options);

  IoResult ReadOutput(std::span<char> buffer) override { return Read(output_, buffer); }
  int output_fd() const override { return output_.get(); }
  int output_pipe() const override { return output_.get(); }
  IoResult ReadLog(std::span<char> buffer) override { return Read(log_, buffer); }
  int log_fd() const override { return log_.get(); }

  IoResult WriteInput(std::span<const iovec> parts) override;
  void CloseInput() override;
  int input_fd() const override { return input_.get(); }
  int input_pipe() const override { return input_.get(); }

  // `killed_by_us`: it died of a signal that Terminate or Kill had sent before, or says so with the
  // exit code 128 + n, as a JVM and a shell do. A code of -1: somebody else reaped it, nobody
  // knows. `detail` says when the kernel killed it for want of memory, or may have.
  std::optional<ExitStatus> Exit() override;
  int exit_fd() const override { return process_.exit_fd(); }
  UnreadInput::Found Unread() override { return unread_.Look(); }
  void Terminate() override;
  void Kill() override;

  int pid() const { return process_.pid(); }

 private:
  ProcessConnector(Process process, OomWatch memory);
  static IoResult Read(Fd& fd, std::span<char> buffer);
  bool SentByUs(const ExitStatus& status) const;

  // Life part.
  Process process_;
  const OomWatch memory_;
  std::optional<ExitStatus> exit_;
  bool terminated_ = false;
  bool killed_ = false;
  // One part each.
  Fd output_, log_, input_;
  UnreadInput unread_;  // input part and life part
};

}  // namespace shunt
