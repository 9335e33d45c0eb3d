#include "platform/orphans.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/clock.h"
#include "platform/files.h"
#include "platform/held_children.h"
#include "platform/io.h"

namespace shunt {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{16} << 20;
constexpr char kTasks[] = "/proc/self/task";
// Between the signal and the next look. What was killed is gone within microseconds.
constexpr absl::Duration kLookAgain = absl::Milliseconds(2);
constexpr absl::Duration kReapEvery = absl::Seconds(1);
// What was killed and is still there hangs in the kernel.
constexpr absl::Duration kEndMax = absl::Seconds(2);

void AddPids(absl::string_view text, std::vector<pid_t>* pids) {
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipWhitespace())) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(word, &pid)) pids->push_back(pid);
  }
}

// Kernels without /proc/PID/task/TID/children: who says that we are its parent?
std::vector<pid_t> ChildrenBySearch() {
  std::vector<pid_t> pids;
  const std::string parent = absl::StrCat(::getpid());
  for (const std::string& name : ListDirectory("/proc").value_or(std::vector<std::string>())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(name, &pid)) continue;
    const std::string stat =
        ReadFile(absl::StrCat("/proc/", name, "/stat"), kFileBytesMax).value_or("");
    // "17 (name) S 1 ...", and the name may hold anything.
    const std::size_t behind_name = stat.rfind(')');
    if (behind_name == std::string::npos) continue;
    const std::vector<std::string> words =
        absl::StrSplit(stat.substr(behind_name), absl::MaxSplits(' ', 3));
    if (words.size() > 2 && words[2] == parent) pids.push_back(pid);
  }
  return pids;
}

std::vector<pid_t> Children() {
  std::vector<pid_t> pids;
  const auto tasks = ListDirectory(kTasks);
  if (!tasks.ok()) return pids;
  for (const std::string& task : *tasks) {
    const auto text = ReadFile(absl::StrCat(kTasks, "/", task, "/children"), kFileBytesMax);
    if (text.ok()) {
      AddPids(*text, &pids);
    } else if (absl::IsNotFound(text.status()) && task == absl::StrCat(::getpid())) {
      return ChildrenBySearch();
    }
  }
  return pids;
}

// Calls `use` for every living orphan, while nobody can reap it; counts them.
template <typename Use>
int ForOrphans(Use use) {
  const HeldChildren held;
  int living = 0;
  for (const pid_t pid : Children()) {
    if (held.Has(pid)) continue;
    siginfo_t info{};
    const bool reaped =
        ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0 || info.si_pid != 0;
    if (reaped) continue;
    ++living;
    use(pid);
  }
  return living;
}

}  // namespace

void AdoptOrphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int ReapOrphans() {
  return ForOrphans([](pid_t) {});
}

int EndOrphans(absl::Duration at_most) {
  const absl::Duration end = SystemClock().MonoNow() + at_most;
  std::vector<pid_t> ended;
  // The number is safe: a child that nobody reaps keeps it.
  const auto kill = [&ended](pid_t pid) {
    ::kill(pid, SIGKILL);
    if (std::find(ended.begin(), ended.end(), pid) == ended.end()) ended.push_back(pid);
  };
  while (ForOrphans(kill) > 0 && SystemClock().MonoNow() < end) {
    PollRequest nothing{};
    Poll(std::span(&nothing, 1), kLookAgain);
  }
  return static_cast<int>(ended.size());
}

OrphanKeeper::OrphanKeeper() {
  {
    // Who execs us may have left us children that are none of our business.
    HeldChildren held;
    for (const pid_t pid : Children()) held.AddStranger(pid);
    alone_ = !held.has_strangers();
  }
  AdoptOrphans();
  absl::StatusOr<EventFd> stop = EventFd::Create();
  if (!stop.ok()) return;
  stop_ = *std::move(stop);
  // Signals are for the other threads.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  if (::pthread_create(&thread, nullptr, Loop, this) == 0) thread_ = thread;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void* OrphanKeeper::Loop(void* keeper) {
  PollRequest stop{.fd = static_cast<OrphanKeeper*>(keeper)->stop_->get(), .want_read = true};
  while (!stop.ready) {
    ReapOrphans();
    Poll(std::span(&stop, 1), kReapEvery);
  }
  return nullptr;
}

int OrphanKeeper::End() {
  if (thread_) {
    stop_->Signal();
    ::pthread_join(*thread_, nullptr);
    thread_.reset();
  }
  return EndOrphans(kEndMax);
}

}  // namespace shunt
