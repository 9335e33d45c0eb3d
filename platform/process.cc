#include "platform/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/check.h"
#include "platform/clock.h"
#include "platform/environment.h"
#include "platform/held_children.h"
#include "platform/strings.h"

namespace shunt {
namespace {

static_assert(Process::kTerminate == SIGTERM && Process::kKill == SIGKILL);

// After SIGKILL a child is gone at once unless it hangs in the kernel; then its zombie is init's.
constexpr absl::Duration kReapWaitMax = absl::Seconds(5);

// glibc 2.36 declares its wrappers without extern "C", so that C++ cannot link them.
int PidfdOpen(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// Where the child failed before its program ran; travels through a pipe.
enum class ChildStep : int { kSession, kUser, kDeathSignal, kDescriptors, kExec };
struct ChildError {
  ChildStep step;
  int error;
};

// Everything that the child needs, made before fork: after it only async-signal-safe calls are
// allowed, since another thread may have held any lock.
struct ChildPlan {
  const char* file;
  char* const* argv;
  char* const* envp;
  int streams[3];
  int error_fd;
  int go_read_fd, go_write_fd;  // a pipe: it waits until it may go on
  pid_t parent;
  bool die_with_parent;
  const User* user;  // may be null
};

[[noreturn]] void Report(int error_fd, ChildStep step, int error) {
  const ChildError news{step, error};
  [[maybe_unused]] const ssize_t written = ::write(error_fd, &news, sizeof(news));
  ::_exit(127);
}

void CloseOnExecFrom(unsigned first) {
  if (::close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  // Kernels before 5.11. All that we open ourselves is close-on-exec already.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  const rlim_t end = std::min<rlim_t>(files.rlim_cur, 65536);
  for (rlim_t fd = first; fd < end; ++fd) ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
}

void ResetSignals() {
  // The kernel's struct sigaction is smaller than this, and all zero means the default. By the
  // system call, because glibc refuses its own two signals, which may have been ignored by who
  // started us.
  constexpr char kDefault[64] = {};
  constexpr std::size_t kMaskBytes = 8;
  for (int number = 1; number < NSIG; ++number) {
    ::syscall(SYS_rt_sigaction, number, kDefault, nullptr, kMaskBytes);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// By system calls: the C library's functions would look for other threads, which a forked child
// does not have, and are not async-signal-safe.
bool BecomeUser(const User& user) {
  if (::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) != 0 ||
      ::syscall(SYS_setresgid, user.gid, user.gid, user.gid) != 0 ||
      ::syscall(SYS_setresuid, user.uid, user.uid, user.uid) != 0 ||
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return false;
  }
  // Whoever started us may have asked the kernel to keep them over a change of user.
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return false;
  // Who has a session's keyring may read what is in it, whatever his user. A sandbox that forbids
  // the call forbids it to the child as well.
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  return true;
}

// Whether it was told to; no when the parent is gone.
bool MayGoOn(const ChildPlan& plan) {
  ::close(plan.go_write_fd);
  char word = 0;
  for (;;) {
    const ssize_t got = ::read(plan.go_read_fd, &word, 1);
    if (got < 0 && errno == EINTR) continue;
    return got == 1;
  }
}

// Runs in the child with all signals blocked, and ends in exec or _exit.
[[noreturn]] void RunChild(const ChildPlan& plan) {
  if (::setsid() < 0) Report(plan.error_fd, ChildStep::kSession, errno);
  if (!MayGoOn(plan)) ::_exit(127);
  if (plan.user != nullptr && !BecomeUser(*plan.user)) {
    Report(plan.error_fd, ChildStep::kUser, errno);
  }
  // After the change of user, which takes it away.
  if (plan.die_with_parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
      Report(plan.error_fd, ChildStep::kDeathSignal, errno);
    }
    // The parent may have died before the call above, and then no signal comes.
    if (::getppid() != plan.parent) ::_exit(127);
  }
  // Out of the way of 0, 1 and 2 first: the descriptors may have those numbers in another order.
  const int error_fd = ::fcntl(plan.error_fd, F_DUPFD_CLOEXEC, 3);
  if (error_fd < 0) Report(plan.error_fd, ChildStep::kDescriptors, errno);
  int streams[3];
  for (int i = 0; i < 3; ++i) {
    streams[i] = ::fcntl(plan.streams[i], F_DUPFD_CLOEXEC, 3);
    if (streams[i] < 0) Report(error_fd, ChildStep::kDescriptors, errno);
  }
  for (int i = 0; i < 3; ++i) {
    if (::dup2(streams[i], i) < 0) Report(error_fd, ChildStep::kDescriptors, errno);
  }
  CloseOnExecFrom(3);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ResetSignals();
  ::execve(plan.file, plan.argv, plan.envp);
  Report(error_fd, ChildStep::kExec, errno);
}

absl::Status StartError(const ChildError& news, const std::string& file) {
  std::string_view hint;
  if (news.step == ChildStep::kSession) hint = " (making its session)";
  if (news.step == ChildStep::kUser) hint = " (as another user)";
  if (news.step == ChildStep::kDeathSignal) hint = " (setting its death signal)";
  if (news.step == ChildStep::kDescriptors) hint = " (preparing its descriptors)";
  if (news.step == ChildStep::kExec) {
    // The look-up has seen the file, so what is missing is something else.
    if (news.error == ENOENT) hint = " (the interpreter in its first line is missing)";
    if (news.error == ENOEXEC) hint = " (neither a program nor a script with a #! line)";
  }
  return absl::ErrnoToStatus(news.error, absl::StrCat("cannot run ", file, A(hint)));
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status CheckOptions(const SpawnOptions& options) {
  if (options.argv.empty()) return absl::InvalidArgumentError("the command is empty");
  for (const std::string& word : options.argv) {
    if (word.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError("a NUL byte in an argument of the command");
    }
  }
  for (const auto& [name, value] : options.env) {
    const bool bad_name =
        name.empty() || name.find_first_of(std::string_view("=\0", 2)) != name.npos;
    if (bad_name || value.find('\0') != value.npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("environment variable \"", name, "\" cannot be passed on"));
    }
  }
  struct sigaction action{};
  SHUNT_CHECK(::sigaction(SIGCHLD, nullptr, &action) == 0);
  if (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT)) {
    return absl::FailedPreconditionError(
        "SIGCHLD is ignored in this process, so that exit codes of children would be lost");
  }
  return absl::OkStatus();
}

struct Ends {
  Fd ours;
  Fd theirs;  // owned, closed after fork
  int fd = -1;
};

absl::StatusOr<Ends> OpenStream(const ChildStream& stream, bool child_reads, const User* user) {
  Ends ends;
  switch (stream.kind) {
    case ChildStream::Kind::kNull:
      ends.theirs = Fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
      if (!ends.theirs.valid()) return absl::ErrnoToStatus(errno, "opening /dev/null");
      break;
    case ChildStream::Kind::kPipe: {
      absl::StatusOr<struct Pipe> pipe = MakePipe();
      if (!pipe.ok()) return pipe.status();
      // Programs open /dev/stdin and /dev/stdout by these names.
      if (user != nullptr && ::fchown(pipe->read_end.get(), user->uid, user->gid) != 0) {
        return absl::ErrnoToStatus(errno, "giving a pipe to another user");
      }
      ends.theirs = std::move(child_reads ? pipe->read_end : pipe->write_end);
      ends.ours = std::move(child_reads ? pipe->write_end : pipe->read_end);
      if (absl::Status status = SetNonBlocking(ends.ours.get()); !status.ok()) return status;
      break;
    }
    case ChildStream::Kind::kDescriptor:
      ends.fd = stream.fd;
      return ends;
  }
  ends.fd = ends.theirs.get();
  return ends;
}

// Forks with all signals blocked, so that no handler of ours ever runs in the child.
pid_t Fork(const ChildPlan& plan) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  SHUNT_CHECK(::pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  const pid_t pid = [&plan] {
    HeldChildren held;
    const pid_t forked = ::fork();
    if (forked == 0) RunChild(plan);
    if (forked > 0) held.Add(forked);
    return forked;
  }();
  const int error = errno;
  SHUNT_CHECK(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
  errno = error;
  return pid;
}

// For a while a machine may have no process left to give (F91).
pid_t ForkWithPatience(const ChildPlan& plan) {
  constexpr int kTries = 10;
  constexpr absl::Duration kPause = absl::Milliseconds(50);
  for (int i = 1;; ++i) {
    const pid_t pid = Fork(plan);
    if (pid >= 0 || errno != EAGAIN || i == kTries) return pid;
    PollRequest nothing{};
    Poll(std::span(&nothing, 1), kPause);
    errno = EAGAIN;
  }
}

void Reap(pid_t pid) {
  HeldChildren().ForgetGroup(pid);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  HeldChildren().Remove(pid);
}

// Blocks until the program runs (the pipe closes on exec) or the child says why not.
std::optional<ChildError> ReadChildError(int fd) {
  ChildError news{};
  for (;;) {
    const ssize_t got = ::read(fd, &news, sizeof(news));
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof(news)) return std::nullopt;  // shorter writes to a pipe do not happen
    return news;
  }
}

}  // namespace

absl::StatusOr<Process> SpawnProcess(const SpawnOptions& options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  const auto path = options.env.find("PATH");
  const std::string_view directories = path == options.env.end() ? kPathDefault : path->second;
  const absl::StatusOr<std::string> file = FindExecutable(options.argv[0], directories);
  if (!file.ok()) return file.status();
  const User* const user = options.user ? &*options.user : nullptr;
  SHUNT_CHECK(user == nullptr || user->uid != 0);

  absl::StatusOr<Ends> input = OpenStream(options.standard_input, true, user);
  if (!input.ok()) return input.status();
  absl::StatusOr<Ends> output = OpenStream(options.standard_output, false, user);
  if (!output.ok()) return output.status();
  absl::StatusOr<Ends> error = OpenStream(options.standard_error, false, user);
  if (!error.ok()) return error.status();
  absl::StatusOr<Pipe> news = MakePipe(0);
  if (!news.ok()) return news.status();
  absl::StatusOr<Pipe> go = MakePipe(0);
  if (!go.ok()) return go.status();

  std::vector<std::string> words = options.argv;
  std::vector<std::string> variables;
  variables.reserve(options.env.size());
  for (const auto& [name, value] : options.env) variables.push_back(absl::StrCat(name, "=", value));
  const std::vector<char*> argv = Pointers(words);
  const std::vector<char*> envp = Pointers(variables);
  const ChildPlan plan{.file = file->c_str(),
                       .argv = argv.data(),
                       .envp = envp.data(),
                       .streams = {input->fd, output->fd, error->fd},
                       .error_fd = news->write_end.get(),
                       .go_read_fd = go->read_end.get(),
                       .go_write_fd = go->write_end.get(),
                       .parent = ::getpid(),
                       .die_with_parent = options.die_with_parent,
                       .user = user};
  const pid_t pid = ForkWithPatience(plan);
  if (pid < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot run ", *file, ": fork"));
  Fd pidfd(PidfdOpen(pid));
  const int pidfd_error = errno;
  news->write_end.reset();
  absl::Status status = options.notes == nullptr ? absl::OkStatus() : options.notes->Add(pid);
  if (status.ok()) status = WriteAll(go->write_end.get(), "!");
  if (!status.ok()) {
    go->write_end.reset();  // it ends by itself
    Reap(pid);
    return absl::Status(status.code(), absl::StrCat("cannot run ", *file, ": ", status.message()));
  }
  const std::optional<ChildError> refused = ReadChildError(news->read_end.get());
  if (refused) {
    Reap(pid);
    return StartError(*refused, *file);
  }
  if (!pidfd.valid()) {
    ::kill(-pid, SIGKILL);
    Reap(pid);
    return absl::ErrnoToStatus(pidfd_error, absl::StrCat("watching ", *file));
  }
  Process process(pid, std::move(pidfd));
  process.stdin_ = std::move(input->ours);
  process.stdout_ = std::move(output->ours);
  process.stderr_ = std::move(error->ours);
  return process;
}

std::optional<ProcessExit> Process::Poll() {
  if (exit_) return exit_;
  SHUNT_CHECK(pidfd_.valid());
  siginfo_t info{};
  // WNOWAIT leaves the zombie in place.
  const int result =
      ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG | WNOWAIT);
  if (result != 0) {
    if (errno == EINTR) return std::nullopt;
    SHUNT_CHECK(errno == ECHILD);  // an embedder that waits for every child was faster
    exit_.emplace();
  } else if (info.si_pid != 0) {
    exit_.emplace();
    (info.si_code == CLD_EXITED ? exit_->code : exit_->signal) = info.si_status;
  }
  return exit_;
}

std::optional<ProcessExit> Process::WaitFor(absl::Duration at_most) {
  const absl::Duration end = SystemClock().MonoNow() + at_most;
  for (;;) {
    if (std::optional<ProcessExit> exit = Poll()) return exit;
    const absl::Duration left = end - SystemClock().MonoNow();
    if (left <= absl::ZeroDuration()) return std::nullopt;
    PollRequest request{.fd = pidfd_.get(), .want_read = true};
    shunt::Poll(std::span(&request, 1), left);
  }
}

void Process::KillGroup(int signal_number) {
  SHUNT_CHECK(pidfd_.valid());
  const std::optional<ProcessExit> exit = Poll();
  // Without a zombie the number may be somebody else's by now.
  if (exit && !exit->code && !exit->signal) return;
  // ESRCH: nobody is left. EPERM: those left run as somebody else. Neither can be helped.
  ::kill(-pid_, signal_number);
}

Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  End();
  pid_ = other.pid_;
  pidfd_ = std::move(other.pidfd_);
  stdin_ = std::move(other.stdin_);
  stdout_ = std::move(other.stdout_);
  stderr_ = std::move(other.stderr_);
  exit_ = std::exchange(other.exit_, std::nullopt);
  return *this;
}

void Process::End() {
  if (!pidfd_.valid()) return;
  KillGroup(SIGKILL);
  const std::optional<ProcessExit> exit = WaitFor(kReapWaitMax);
  HeldChildren().ForgetGroup(pid_);
  if (exit && (exit->code || exit->signal)) {
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) != 0 &&
           errno == EINTR) {
    }
  }
  HeldChildren().Remove(pid_);
}

}  // namespace shunt
