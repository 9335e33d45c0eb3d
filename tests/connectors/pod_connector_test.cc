// A connector in a pod, on a clock of the test: what its exit code file says, and when it is given
// up. With real wrappers and shells: tests/e2e/pod_layout_test.py.
#include "connectors/pod_connector.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "platform/files.h"
#include "platform/private_path.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;

class PodConnectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {kPodStdin, kPodStdout, kPodStderr}) {
      ASSERT_EQ(0, ::mkfifo((dir_ / name).c_str(), 0600));
    }
  }

  std::unique_ptr<PodConnector> Open(bool has_input) {
    return PodConnector::Open(*shared_, has_input, clock_).value();
  }
  // The other side's end of a stream. Never waits: ours is open already.
  Fd Other(const char* name, int flags) {
    Fd fd(::open((dir_ / name).c_str(), flags | O_NONBLOCK | O_CLOEXEC));
    EXPECT_TRUE(fd.valid()) << name;
    return fd;
  }
  void Leave(std::string_view code) {
    ASSERT_TRUE(ReplaceOwnFile(dir_ / kPodExitCode, code, 0644).ok());
  }
  IoState Read(PodConnector& connector) {
    char buffer[64];
    return connector.ReadOutput(buffer).state;
  }
  // The source writes nothing and goes.
  std::unique_ptr<PodConnector> Ended() {
    auto connector = Open(false);
    Other(kPodStdout, O_WRONLY).reset();
    EXPECT_EQ(IoState::kEnd, Read(*connector));
    return connector;
  }
  std::optional<ExitStatus> After(PodConnector& connector, absl::Duration time) {
    clock_.Advance(time);
    return connector.Exit();
  }

  const TempDir dir_;
  const std::unique_ptr<SharedDirectory> shared_ = SharedDirectory::Take(dir_.path()).value();
  ManualClock clock_{absl::UnixEpoch()};
};

TEST_F(PodConnectorTest, EndsWithItsCode) {
  for (const auto& [text, code] : {std::pair("0\n", 0), std::pair("0", 0), std::pair("137\n", 137),
                                   std::pair(" 255 \n", 255)}) {
    auto connector = Ended();
    EXPECT_FALSE(connector->Exit());
    Leave(text);
    const std::optional<ExitStatus> exit = connector->Exit();
    ASSERT_TRUE(exit) << "the file is seen as soon as there is news of it";
    EXPECT_EQ(code, exit->code);
    EXPECT_EQ(code == 0, exit->clean());
    EXPECT_TRUE(shared_->Remove(kPodExitCode).ok());
  }
}

TEST_F(PodConnectorTest, WithoutAUsableCodeItIsLostAfterItsTime) {
  for (const char* text : {"", "\n", "soon", "256", "-1", "1 2", "0x0", "0.0"}) {
    auto connector = Ended();
    Leave(text);
    EXPECT_FALSE(connector->Exit()) << text;
    EXPECT_FALSE(After(*connector, kExitCodeWait - absl::Milliseconds(1))) << text;
    const std::optional<ExitStatus> exit = After(*connector, absl::Seconds(1));
    ASSERT_TRUE(exit) << text;
    EXPECT_TRUE(exit->lost);
    EXPECT_FALSE(exit->clean());
    EXPECT_FALSE(exit->code);
    EXPECT_THAT(exit->detail, HasSubstr("holds no exit code"));
    EXPECT_TRUE(shared_->Remove(kPodExitCode).ok());
  }
}

TEST_F(PodConnectorTest, NobodyIsGivenUpWhoseOutputIsOpen) {
  auto connector = Open(false);
  const Fd writer = Other(kPodStdout, O_WRONLY);
  EXPECT_EQ("", connector->Unopened());
  EXPECT_FALSE(After(*connector, absl::Hours(1)));
  EXPECT_EQ(IoState::kBlocked, Read(*connector));
}

TEST_F(PodConnectorTest, ADestinationIsGoneWhenNobodyReadsAnyMore) {
  auto connector = Open(true);
  Fd writer = Other(kPodStdout, O_WRONLY);
  EXPECT_FALSE(connector->OpenInput());
  Fd reader = Other(kPodStdin, O_RDONLY);
  EXPECT_TRUE(connector->OpenInput());
  writer.reset();
  EXPECT_EQ(IoState::kEnd, Read(*connector));
  EXPECT_FALSE(After(*connector, absl::Hours(1))) << "it may still read";
  reader.reset();
  EXPECT_FALSE(After(*connector, absl::Seconds(1)));
  const std::optional<ExitStatus> exit = After(*connector, kExitCodeWait);
  ASSERT_TRUE(exit);
  EXPECT_THAT(exit->detail, HasSubstr("left no " + (dir_ / kPodExitCode)));
}

TEST_F(PodConnectorTest, NamesTheStreamsThatNobodyOpened) {
  auto connector = Open(true);
  EXPECT_EQ((dir_ / kPodStdout) + ", " + (dir_ / kPodStdin), connector->Unopened());
  Other(kPodStdout, O_WRONLY).reset();
  EXPECT_EQ(dir_ / kPodStdin, connector->Unopened()) << "who came and went has come";
  const Fd reader = Other(kPodStdin, O_RDONLY);
  EXPECT_TRUE(connector->OpenInput());
  EXPECT_EQ("", connector->Unopened());
}

TEST_F(PodConnectorTest, ACodeWithoutStreamsIsNoSuccess) {
  auto connector = Open(false);
  Leave("0");
  const std::optional<ExitStatus> exit = connector->Exit();
  ASSERT_TRUE(exit);
  EXPECT_FALSE(exit->clean());
  EXPECT_THAT(exit->detail, HasSubstr("never opened"));
  EXPECT_EQ(IoState::kEnd, Read(*connector)) << "nothing will come";
}

TEST_F(PodConnectorTest, TerminatingLeavesTheMark) {
  auto connector = Open(false);
  const Fd writer = Other(kPodStdout, O_WRONLY);
  EXPECT_FALSE(shared_->Has(kPodTerminated));
  connector->Terminate();
  EXPECT_TRUE(shared_->Has(kPodTerminated));
  Leave("143");
  EXPECT_TRUE(After(*connector, absl::Seconds(1))->killed_by_us);
}

TEST_F(PodConnectorTest, WhoNeverCameIsNotWaitedFor) {
  auto connector = Open(false);
  connector->Terminate();
  const std::optional<ExitStatus> exit = connector->Exit();
  ASSERT_TRUE(exit);
  EXPECT_TRUE(exit->killed_by_us);
  EXPECT_EQ(IoState::kEnd, Read(*connector));
}

TEST_F(PodConnectorTest, ADirectoryThatWasUsedIsRefused) {
  Leave("0");
  EXPECT_FALSE(PodConnector::Open(*shared_, false, clock_).ok());
  ASSERT_TRUE(shared_->Remove(kPodExitCode).ok());
  ASSERT_TRUE(shared_->Touch(kPodTerminated).ok());
  EXPECT_FALSE(PodConnector::Check(*shared_, false).ok());
}

}  // namespace
}  // namespace shunt
