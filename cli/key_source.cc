#include "cli/key_source.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "platform/clock.h"
#include "platform/environment.h"
#include "platform/io.h"
#include "platform/posix_words.h"
#include "platform/private_path.h"
#include "platform/process.h"
#include "platform/strings.h"

namespace shunt {
namespace {

constexpr absl::string_view kTooLong = "it is too long for keys";

constexpr absl::Duration kLookAgain = absl::Milliseconds(100);

// How long somebody waits: to an instant (monotonic), or until he is stopped.
struct Patience {
  absl::Duration deadline;
  const std::function<bool()>& stopped;

  absl::Duration Left() const {
    if (stopped && stopped()) return absl::ZeroDuration();
    return std::min(deadline - SystemClock().MonoNow(), kLookAgain);
  }
};

// Reads to the end. The descriptor may block, so it is asked first.
absl::StatusOr<std::string> ReadKeyText(int fd, const Patience& patience) {
  // Room from the start: a string that grows leaves copies of the key behind.
  std::string text(kKeyTextBytesMax + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const absl::Duration left = patience.Left();
    if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("no answer in time");
    PollRequest readable{.fd = fd, .want_read = true};
    Poll(std::span(&readable, 1), left);
    if (!readable.ready) continue;
    const IoResult got = ReadSome(fd, std::span(text).subspan(size));
    if (got.state == IoState::kBytes) {
      size += got.bytes;
    } else if (got.state == IoState::kBlocked) {
      continue;
    } else if (got.state == IoState::kEnd) {
      text.resize(size);
      return text;
    } else {
      return absl::UnavailableError("it cannot be read");
    }
  }
  return absl::InvalidArgumentError(kTooLong);
}

absl::StatusOr<std::string> FromDescriptor(const std::string& number, const Patience& patience) {
  constexpr int kFirstFree = 3;
  int fd = -1;
  if (!absl::SimpleAtoi(number, &fd) || fd < kFirstFree || !IsOpen(fd)) {
    return absl::InvalidArgumentError("expected the number of an inherited descriptor, above 2");
  }
  const Fd owned(fd);  // closed afterwards: nobody reads it twice
  return ReadKeyText(owned.get(), patience);
}

absl::StatusOr<std::string> FromCommand(const std::string& command, const Patience& patience) {
  const absl::StatusOr<std::vector<std::string>> words = SplitShellWords(command);
  if (!words.ok()) return words.status();
  if (words->empty() || !words->front().starts_with('/')) {
    return absl::InvalidArgumentError("expected the absolute path of a program");
  }
  SpawnOptions options;
  options.argv = *words;
  options.env = {{"PATH", std::string(kPathDefault)}};
  options.standard_output = ChildStream::Pipe();
  absl::StatusOr<Process> process = SpawnProcess(options);
  if (!process.ok()) return process.status();
  const Fd output = process->TakeStdout();
  absl::StatusOr<std::string> text = ReadKeyText(output.get(), patience);
  if (!text.ok()) return text;
  std::optional<ProcessExit> exit = process->Poll();
  for (absl::Duration left; !exit && (left = patience.Left()) > absl::ZeroDuration();) {
    exit = process->WaitFor(left);
  }
  if (!exit) return absl::DeadlineExceededError("it closed its output, but does not end");
  if (exit->code != 0) {
    return absl::InvalidArgumentError(exit->code
                                          ? absl::StrCat("it ended with exit code ", *exit->code)
                                          : std::string("it was ended by a signal"));
  }
  return text;
}

absl::StatusOr<std::string> FromFile(const std::string& path, const Patience&) {
  const absl::StatusOr<OwnPath> own = OwnPath::Find(path, Others::kAdd);
  if (!own.ok()) return own.status();
  return own->directory.ReadSecret(own->name, kKeyTextBytesMax);
}

struct Form {
  absl::string_view flag;
  const std::string KeySource::* value;
  absl::StatusOr<std::string> (*read)(const std::string& value, const Patience& patience);
};

constexpr Form kForms[] = {
    {"key-file", &KeySource::file, FromFile},
    {"key-fd", &KeySource::fd, FromDescriptor},
    {"key-command", &KeySource::command, FromCommand},
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Keyring>> ReadKeys(const KeySource& source,
                                                        const std::function<bool()>& stopped) {
  const Form* form = nullptr;
  for (const Form& candidate : kForms) {
    if ((source.*candidate.value).empty()) continue;
    if (form != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", form->flag, " and --", candidate.flag, ": give one of them"));
    }
    form = &candidate;
  }
  if (form == nullptr) return std::shared_ptr<const Keyring>();
  const Patience patience{SystemClock().MonoNow() + kKeyDeadline, stopped};
  absl::StatusOr<std::string> text = form->read(source.*form->value, patience);
  absl::Status status = text.status();
  if (text.ok()) {
    absl::StatusOr<std::shared_ptr<const Keyring>> keys = Keyring::Parse(*std::move(text));
    if (keys.ok()) return keys;
    status = keys.status();
  }
  const std::string& value = source.*form->value;
  // What platform/ says names the path already.
  const bool named = absl::StrContains(status.message(), value);
  return absl::InvalidArgumentError(
      absl::StrCat("--", form->flag, named ? "" : " ", named ? "" : value, ": ", status.message()));
}

}  // namespace shunt
