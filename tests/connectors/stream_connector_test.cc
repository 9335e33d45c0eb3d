// Ends that somebody else opened: how they are named, and stdin and stdout, which we share with a
// shell. What all connectors promise is in conformance_test.cc.
#include "connectors/stream_connector.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "platform/files.h"
#include "platform/process.h"
#include "tests/platform/read_to_end.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;

StreamEndpoint At(const std::string& text) { return StreamEndpoint::Parse(text).value(); }

TEST(StreamEndpointTest, IsParsedAndPrinted) {
  using Kind = StreamEndpoint::Kind;
  EXPECT_EQ(Kind::kStandard, At("-").kind);
  EXPECT_EQ((StreamEndpoint{.kind = Kind::kDescriptor, .fd = 17}), At("fd:17"));
  EXPECT_EQ((StreamEndpoint{.kind = Kind::kUnixSocket, .path = "/run/s"}), At("unix:/run/s"));
  EXPECT_EQ((StreamEndpoint{.kind = Kind::kFifo, .path = "out"}), At("out"));
  EXPECT_EQ((StreamEndpoint{.kind = Kind::kFifo, .path = "./fd:3"}), At("./fd:3"));
  for (const char* text : {"-", "fd:17", "unix:/run/s", "dir/out"}) {
    EXPECT_EQ(text, At(text).ToString());
  }
  for (const char* text : {"", "fd:", "fd:x", "fd:-1", "fd:1x", "unix:"}) {
    EXPECT_EQ(absl::StatusCode::kInvalidArgument, StreamEndpoint::Parse(text).status().code())
        << text;
  }
}

TEST(StreamConnectorTest, ErrorsNameTheEndpoint) {
  const TempDir directory;
  for (const std::string& text :
       {directory / "missing", directory.path(), std::string("fd:999"),
        "unix:" + (directory / "missing/socket"), "unix:" + directory.path()}) {
    for (const StreamEndpoints& endpoints :
         {StreamEndpoints{.output = At(text)}, StreamEndpoints{.input = At(text)},
          StreamEndpoints{.output = At("fd:0"), .log = At(text)}}) {
      const absl::Status status = StreamConnector::Open(endpoints).status();
      EXPECT_FALSE(status.ok());
      EXPECT_THAT(status.ToString(), HasSubstr(text));
    }
  }
}

TEST(StreamConnectorTest, ImpossibleCombinationsAreRefused) {
  const TempDir directory;
  ASSERT_EQ(0, ::mkfifo((directory / "fifo").c_str(), 0600));
  const StreamEndpoint fifo = At(directory / "fifo");
  for (const StreamEndpoints& endpoints : {StreamEndpoints{}, StreamEndpoints{.log = fifo},
                                           StreamEndpoints{.output = fifo, .input = fifo},
                                           StreamEndpoints{.output = fifo, .log = fifo}}) {
    EXPECT_EQ(absl::StatusCode::kInvalidArgument, StreamConnector::Open(endpoints).status().code());
  }
}

TEST(StreamConnectorTest, DestinationWithoutOutputEndsWithItsInput) {
  Pipe pipe = MakePipe().value();
  const Fd reader = std::move(pipe.read_end);
  const auto connector =
      StreamConnector::Open({.input = At("fd:" + std::to_string(pipe.write_end.release()))});
  ASSERT_TRUE(connector.ok()) << connector.status();
  EXPECT_FALSE((*connector)->has_output());
  EXPECT_FALSE((*connector)->Exit().has_value());
  (*connector)->CloseInput();
  EXPECT_TRUE((*connector)->Exit()->clean());
  EXPECT_EQ("", ReadToEnd(reader.get()));
}

TEST(StreamConnectorTest, DestinationWithOutputEndsWithBoth) {
  Pipe in = MakePipe().value();
  Pipe out = MakePipe().value();
  const auto connector =
      StreamConnector::Open({.output = At("fd:" + std::to_string(out.read_end.release())),
                             .input = At("fd:" + std::to_string(in.write_end.release()))});
  ASSERT_TRUE(connector.ok()) << connector.status();
  (*connector)->CloseInput();
  EXPECT_FALSE((*connector)->Exit().has_value());
  out.write_end.reset();
  char c;
  EXPECT_EQ(IoState::kEnd, (*connector)->ReadOutput(std::span(&c, 1)).state);
  EXPECT_TRUE((*connector)->Exit()->clean());
}

TEST(StreamConnectorTest, LogOfAPodIsRead) {
  const TempDir directory;
  for (const char* name : {"stdout", "stderr"}) {
    ASSERT_EQ(0, ::mkfifo((directory / name).c_str(), 0600));
  }
  const auto connector =
      StreamConnector::Open({.output = At(directory / "stdout"), .log = At(directory / "stderr")});
  ASSERT_TRUE(connector.ok()) << connector.status();
  char buffer[16];
  EXPECT_EQ(IoState::kBlocked, (*connector)->ReadLog(buffer).state);
  Fd writer(::open((directory / "stderr").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(WriteAll(writer.get(), "words").ok());
  writer.reset();
  EXPECT_EQ(5u, (*connector)->ReadLog(buffer).bytes);
  EXPECT_EQ(IoState::kEnd, (*connector)->ReadLog(buffer).state);
}

// --- stdin and stdout, between the programs of a real shell pipeline ---

struct ShellResult {
  std::string output;
  int code = -1;
};

ShellResult Shell(const std::string& script) {
  absl::StatusOr<Process> shell =
      SpawnProcess({.argv = {"/bin/bash", "-c", "r=tests/connectors/stdio_relay; " + script},
                    .env = {{"PATH", "/usr/bin:/bin"}},
                    .standard_output = ChildStream::Pipe()});
  SHUNT_CHECK(shell.ok());
  ShellResult result;
  result.output = ReadToEnd(shell->TakeStdout().get());
  result.code = shell->WaitFor(kTestWaitMax)->code.value_or(-1);
  return result;
}

TEST(StandardStreamsTest, PassThroughAPipeline) {
  const ShellResult result = Shell("seq 100000 | $r | cksum; echo ${PIPESTATUS[1]}");
  EXPECT_EQ(Shell("seq 100000 | cksum; echo 0").output, result.output);
}

TEST(StandardStreamsTest, UpstreamSeesThatDownstreamIsGone) {
  // `yes` ends by SIGPIPE (141) only when nobody, the relay's own descriptor 0 included, holds the
  // pipe.
  EXPECT_EQ("y\n141 1\n",
            Shell("yes | $r | head -n 1; echo ${PIPESTATUS[0]} ${PIPESTATUS[1]}").output);
}

TEST(StandardStreamsTest, FilesWorkAndKeepTheirPlace) {
  const TempDir directory;
  const ShellResult result =
      Shell("cd " + directory.path() +
            "; r=$OLDPWD/$r; seq 10 > in; echo first > out; "
            "{ read line; read line; $r; } < in >> out; echo last >> out; cat out; exit $?");
  EXPECT_EQ("first\n3\n4\n5\n6\n7\n8\n9\n10\nlast\n", result.output);
}

// F105: O_NONBLOCK is seen by everybody who shares the description.
TEST(StandardStreamsTest, ShellsOwnStreamsStayBlocking) {
  const ShellResult result = Shell(
      "exec 3< <(echo data); $r <&3 > >(cat >/dev/null); "
      "grep flags: /proc/self/fdinfo/1 /proc/self/fdinfo/3 | awk '{print $2}'");
  // Octal open flags; 04000 is O_NONBLOCK.
  std::size_t at = 0;
  int lines = 0;
  while (at < result.output.size()) {
    const std::size_t end = result.output.find('\n', at);
    EXPECT_EQ(0, std::stoi(result.output.substr(at, end - at), nullptr, 8) & O_NONBLOCK);
    at = end + 1;
    ++lines;
  }
  EXPECT_EQ(2, lines) << result.output;
}

TEST(StandardStreamsTest, ClosedOnesAreErrors) {
  EXPECT_EQ(2, Shell("$r <&-").code);
  EXPECT_EQ(2, Shell("echo x | { $r >&-; }").code);
}

}  // namespace
}  // namespace shunt
