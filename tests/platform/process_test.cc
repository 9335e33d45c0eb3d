// Child processes: they start clean, their end is seen whatever it is, and nothing of them stays.
#include "platform/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "platform/files.h"
#include "tests/platform/read_to_end.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kProbe[] = "tests/platform/probe";

Process Spawn(std::vector<std::string> argv, bool die_with_parent = true) {
  absl::StatusOr<Process> process = SpawnProcess({.argv = std::move(argv),
                                                  .env = {{"PATH", "/usr/bin:/bin"}},
                                                  .standard_input = ChildStream::Pipe(),
                                                  .standard_output = ChildStream::Pipe(),
                                                  .standard_error = ChildStream::Pipe(),
                                                  .die_with_parent = die_with_parent});
  SHUNT_CHECK(process.ok());
  return *std::move(process);
}

Process Shell(const std::string& script) { return Spawn({"sh", "-c", script}); }

std::string OutputOf(Process process) { return ReadToEnd(process.TakeStdout().get()); }

// A stranger's end, watched without being its parent.
class Stranger {
 public:
  explicit Stranger(const std::string& pid)
      : pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, std::stoi(pid), 0))) {
    EXPECT_TRUE(pidfd_.valid()) << "already gone: " << pid;
  }
  bool IsAlive() const {
    PollRequest request{.fd = pidfd_.get(), .want_read = true};
    return Poll(std::span(&request, 1), absl::ZeroDuration()) == 0;
  }
  void AwaitEnd() const { AwaitReadable(pidfd_.get()); }

 private:
  Fd pidfd_;
};

TEST(ProcessTest, PipesCarryBytesBothWays) {
  Process cat = Spawn({"cat"});
  Fd input = cat.TakeStdin();
  const Fd output = cat.TakeStdout();
  ASSERT_TRUE(WriteAll(input.get(), "one\n").ok());
  EXPECT_EQ("one", ReadLine(output.get()));
  EXPECT_FALSE(cat.Poll().has_value());
  input.reset();
  EXPECT_EQ("", ReadToEnd(output.get()));
  EXPECT_EQ(0, cat.WaitFor(kTestWaitMax)->code);
  EXPECT_FALSE(cat.TakeStdout().valid()) << "given away once";
}

TEST(ProcessTest, ExitCodeIsSeen) {
  Process process = Shell("exit 7");
  AwaitReadable(process.exit_fd());
  ASSERT_TRUE(process.Poll().has_value());
  EXPECT_EQ(7, process.Poll()->code);
  EXPECT_FALSE(process.Poll()->signal.has_value());
}

TEST(ProcessTest, DeathBySignalIsSeen) {
  Process process = Shell("kill -SEGV $$");
  const std::optional<ProcessExit> exit = process.WaitFor(kTestWaitMax);
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(SIGSEGV, exit->signal);
  EXPECT_FALSE(exit->code.has_value());
}

TEST(ProcessTest, WaitingEndsWhenTheTimeIsOver) {
  Process process = Spawn({"sleep", "infinity"});
  EXPECT_FALSE(process.WaitFor(absl::Milliseconds(1)).has_value());
  EXPECT_FALSE(process.WaitFor(absl::ZeroDuration()).has_value());
}

TEST(ProcessTest, StreamsCanBeNothingOrSomebodyElses) {
  const TempDir directory;
  const Fd file(::open((directory / "out").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  absl::StatusOr<Process> process =
      SpawnProcess({.argv = {"/bin/sh", "-c", "cat; echo done; echo gone >&2"},
                    .standard_output = ChildStream::Descriptor(file.get())});
  ASSERT_TRUE(process.ok());
  EXPECT_EQ(0, process->WaitFor(kTestWaitMax)->code);
  EXPECT_EQ("done\n", ReadFile(directory / "out", 100).value());
}

// F85 in another dress: one leaked write end in another child, and end of file never comes.
TEST(ProcessTest, ChildHasThreeDescriptorsOnly) {
  const int leaky[] = {::open("/dev/null", O_RDONLY), ::open("/dev/null", O_RDONLY)};
  ASSERT_GE(::dup2(leaky[0], 500), 0);
  EXPECT_EQ("0\n1\n2\n", OutputOf(Spawn({kProbe, "descriptors"})));
  for (const int fd : {leaky[0], leaky[1], 500}) ::close(fd);
}

TEST(ProcessTest, ChildHasExactlyTheGivenEnvironment) {
  absl::StatusOr<Process> process = SpawnProcess({.argv = {kProbe, "environment"},
                                                  .env = {{"A", "1"}, {"B", "x=y z"}},
                                                  .standard_output = ChildStream::Pipe()});
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ("A=1\nB=x=y z\n", OutputOf(*std::move(process)));
}

// F100, F92, F105: whatever this process ignores, blocks or limits, children do not inherit it.
TEST(ProcessTest, ChildStartsWithCleanSignalsLimitsAndFlags) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ASSERT_EQ(0, ::pthread_sigmask(SIG_SETMASK, &all, &before));
  ASSERT_NE(SIG_ERR, ::signal(SIGPIPE, SIG_IGN));
  ASSERT_NE(SIG_ERR, ::signal(SIGUSR1, SIG_IGN));
  const std::string state = OutputOf(Spawn({kProbe, "state"}));
  ASSERT_NE(SIG_ERR, ::signal(SIGPIPE, SIG_DFL));
  ASSERT_NE(SIG_ERR, ::signal(SIGUSR1, SIG_DFL));
  sigset_t blocked;
  ASSERT_EQ(0, ::pthread_sigmask(SIG_SETMASK, &before, &blocked));
  EXPECT_EQ(1, ::sigismember(&blocked, SIGUSR2)) << "our own mask was put back";
  EXPECT_EQ(
      "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\ncore 0\nforeign group 0\n"
      "non-blocking 0\nnon-blocking 0\nnon-blocking 0\n",
      state);
}

TEST(ProcessTest, SpawningWorksWithoutStandardStreamsOfOurOwn) {
  Process process = Spawn({kProbe, "without-standard-streams"});
  EXPECT_EQ(0, process.WaitFor(kTestWaitMax)->code);
}

TEST(ProcessTest, SpawningFromManyThreadsLeaksNoPipe) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 10; ++round) {
        Process cat = Spawn({"cat"});
        Fd input = cat.TakeStdin();
        ASSERT_TRUE(WriteAll(input.get(), "x").ok());
        input.reset();  // ends cat, unless a sibling holds the pipe open
        EXPECT_EQ("x", ReadToEnd(cat.TakeStdout().get()));
        EXPECT_EQ(0, cat.WaitFor(kTestWaitMax)->code);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// F90: what cannot be run is an error before any data, which names it.
TEST(SpawnErrorTest, NamesTheProgramAndTheReason) {
  const TempDir directory;
  ASSERT_TRUE(WriteNewFile(directory / "text", "just text", 0700).ok());
  ASSERT_TRUE(WriteNewFile(directory / "orphan", "#!/no/such/interpreter\n", 0700).ok());
  ASSERT_TRUE(WriteNewFile(directory / "data", "", 0600).ok());
  struct Case {
    std::vector<std::string> argv;
    absl::StatusCode code;
    std::string words;
  };
  const std::vector<Case> cases = {
      {{"/no/such/program"}, absl::StatusCode::kNotFound, "/no/such/program"},
      {{"no-such-program"}, absl::StatusCode::kNotFound, "not found on the PATH"},
      {{directory / "data"}, absl::StatusCode::kPermissionDenied, directory / "data"},
      {{directory.path()}, absl::StatusCode::kPermissionDenied, directory.path()},
      {{directory / "orphan"}, absl::StatusCode::kNotFound, "interpreter"},
      {{directory / "text"}, absl::ErrnoToStatusCode(ENOEXEC), "neither a program nor a script"},
      {{"/bin/true", std::string(8 << 20, 'x')}, absl::ErrnoToStatusCode(E2BIG), "/bin/true"},
      {{"/bin/true", std::string("a\0b", 3)}, absl::StatusCode::kInvalidArgument, "NUL"},
      {{}, absl::StatusCode::kInvalidArgument, "empty"},
  };
  for (const Case& c : cases) {
    const absl::Status status = SpawnProcess({.argv = c.argv}).status();
    EXPECT_EQ(c.code, status.code()) << status;
    EXPECT_THAT(status.ToString(), HasSubstr(c.words));
    EXPECT_THAT(status.ToString(), Not(HasSubstr("xxxxxxxx"))) << "arguments may hold secrets";
  }
  EXPECT_EQ(-1, ::waitpid(-1, nullptr, WNOHANG)) << "no child is left";
}

TEST(SpawnErrorTest, BadEnvironmentIsRefused) {
  const absl::Status status = SpawnProcess({.argv = {"/bin/true"}, .env = {{"A=B", "c"}}}).status();
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, status.code());
}

TEST(SpawnErrorTest, IgnoredSigchldIsRefused) {
  ASSERT_NE(SIG_ERR, ::signal(SIGCHLD, SIG_IGN));
  const absl::Status status = SpawnProcess({.argv = {"/bin/true"}}).status();
  ASSERT_NE(SIG_ERR, ::signal(SIGCHLD, SIG_DFL));
  EXPECT_EQ(absl::StatusCode::kFailedPrecondition, status.code());
}

TEST(KillTest, ReachesTheWholeGroup) {
  Process process = Shell("sleep infinity & echo $!; wait");
  const Fd output = process.TakeStdout();
  const Stranger grandchild(ReadLine(output.get()));
  process.KillGroup(SIGTERM);
  EXPECT_EQ(SIGTERM, process.WaitFor(kTestWaitMax)->signal);
  grandchild.AwaitEnd();
}

// F86: who ignores SIGTERM gets SIGKILL.
TEST(KillTest, CannotBeIgnoredInTheEnd) {
  Process process = Shell("trap '' TERM; echo ready; exec sleep infinity");
  const Fd output = process.TakeStdout();
  EXPECT_EQ("ready", ReadLine(output.get()));
  process.KillGroup(SIGTERM);
  EXPECT_FALSE(process.Poll().has_value());
  process.KillGroup(SIGKILL);
  EXPECT_EQ(SIGKILL, process.WaitFor(kTestWaitMax)->signal);
}

// F85: the child is gone, a grandchild holds the pipe.
TEST(KillTest, ReachesGrandchildrenAfterTheChildIsGone) {
  Process process = Shell("sleep infinity & echo $!; exit 3");
  const Fd output = process.TakeStdout();
  const Stranger grandchild(ReadLine(output.get()));
  EXPECT_EQ(3, process.WaitFor(kTestWaitMax)->code);
  EXPECT_TRUE(grandchild.IsAlive());
  process.KillGroup(SIGKILL);
  EXPECT_EQ("", ReadToEnd(output.get()));
  grandchild.AwaitEnd();
}

TEST(SessionTest, TheChildLeadsOneOfItsOwnWithoutATerminal) {
  EXPECT_EQ("leads its session\nno terminal\n", OutputOf(Spawn({kProbe, "session"})));
}

TEST(KillTest, ReachesAChildThatTriesToLeaveItsGroup) {
  Process process = Spawn({kProbe, "leave-group"});
  const Fd output = process.TakeStdout();
  EXPECT_EQ("cannot leave", ReadLine(output.get()));
  process.KillGroup(SIGTERM);
  EXPECT_EQ(SIGTERM, process.WaitFor(kTestWaitMax)->signal);
}

// F89: the number of a child that has ended is nobody else's until we are done with it.
TEST(KillTest, TheNumberStaysTakenUntilTheEnd) {
  pid_t number = -1;
  {
    Process process = Shell("exit 0");
    number = process.pid();
    ASSERT_TRUE(process.WaitFor(kTestWaitMax).has_value());
    EXPECT_EQ(0, ::kill(number, 0)) << "its zombie is there";
  }
  EXPECT_EQ(-1, ::kill(number, 0));
  EXPECT_EQ(ESRCH, errno);
}

// F89: when somebody else has reaped the child, its number may be anybody's.
TEST(KillTest, HurtsNobodyWhenTheChildWasReapedBySomebodyElse) {
  Process process = Shell("sleep infinity & echo $!; exit 0");
  const Fd output = process.TakeStdout();
  const std::string number = ReadLine(output.get());
  const Stranger grandchild(number);
  ASSERT_EQ(process.pid(), ::waitpid(process.pid(), nullptr, 0));
  const std::optional<ProcessExit> exit = process.Poll();
  ASSERT_TRUE(exit.has_value());
  EXPECT_FALSE(exit->code.has_value());
  EXPECT_FALSE(exit->signal.has_value());
  process.KillGroup(SIGKILL);
  EXPECT_TRUE(grandchild.IsAlive());
  ASSERT_EQ(0, ::kill(std::stoi(number), SIGKILL));
}

TEST(DestructorTest, LeavesNeitherProcessesNorZombies) {
  std::string number;
  {
    Process process = Shell("sleep infinity & echo $!; exec sleep infinity");
    const Fd output = process.TakeStdout();
    number = ReadLine(output.get());
    const Stranger grandchild(number);
    {
      Process moved = std::move(process);
    }
    grandchild.AwaitEnd();
  }
  EXPECT_EQ(-1, ::waitpid(-1, nullptr, WNOHANG));
  EXPECT_EQ(ECHILD, errno);
}

// kill -9 of the parent: its child goes too, although it is in another session.
TEST(DeathSignalTest, ChildDiesWithItsParent) {
  Process parent = Spawn({kProbe, "parent"});
  const Fd output = parent.TakeStdout();
  const Stranger grandchild(ReadLine(output.get()));
  EXPECT_TRUE(grandchild.IsAlive());
  ASSERT_EQ(0, ::kill(parent.pid(), SIGKILL));
  grandchild.AwaitEnd();
}

// The kernel watches the thread that spawned. This test is the warning in the header, as a fact.
TEST(DeathSignalTest, TheThreadThatSpawnedCounts) {
  std::optional<Process> process;
  std::thread([&] { process.emplace(Spawn({"sleep", "infinity"})); }).join();
  EXPECT_EQ(SIGKILL, process->WaitFor(kTestWaitMax)->signal);
}

TEST(DeathSignalTest, IsOptional) {
  std::optional<Process> process;
  std::thread([&] { process.emplace(Spawn({"cat"}, false)); }).join();
  process->TakeStdin().reset();
  EXPECT_EQ(0, process->WaitFor(kTestWaitMax)->code);
}

}  // namespace
}  // namespace shunt
