// Streams that somebody else has the other end of. The hard part is the opening: nobody may wait
// for anybody, whoever comes first, and "not there yet" must not look like "gone".
#include "platform/byte_stream.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "platform/files.h"
#include "platform/process.h"
#include "tests/platform/read_to_end.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

using ::testing::HasSubstr;

class FifoTest : public ::testing::Test {
 protected:
  FifoTest() { SHUNT_CHECK(::mkfifo(path_.c_str(), 0600) == 0); }

  // The other side, without waiting for us.
  Fd OpenOther(int access) { return Fd(::open(path_.c_str(), access | O_NONBLOCK | O_CLOEXEC)); }

  TempDir directory_;
  const std::string path_ = directory_ / "fifo";
};

IoState StateOf(ByteReader& reader) {
  char c;
  return reader.Read(std::span(&c, 1)).state;
}

IoResult Write(ByteWriter& writer, std::string text) {
  const iovec part{text.data(), text.size()};
  return writer.Write(std::span(&part, 1));
}

std::string ReadAll(ByteReader& reader) {
  std::string all;
  char buffer[4096];
  for (;;) {
    const IoResult result = reader.Read(buffer);
    SHUNT_CHECK(result.state != IoState::kError);
    if (result.state == IoState::kEnd) return all;
    all.append(buffer, result.bytes);
    if (result.state == IoState::kBlocked) AwaitReadable(reader.fd());
  }
}

bool IsReadable(int fd) {
  PollRequest request{.fd = fd, .want_read = true};
  return Poll(std::span(&request, 1), absl::ZeroDuration()) > 0;
}

void CloseAtOnce(ByteWriter& writer) {
  int calls = 0;
  writer.Close([&calls] { ++calls; });
  EXPECT_EQ(1, calls);
  writer.Close([&calls] { ++calls; });
  EXPECT_EQ(1, calls) << "once more is nothing";
}

TEST_F(FifoTest, ReaderBeforeItsWriterIsBlockedAndNotAtTheEnd) {
  const std::unique_ptr<ByteReader> reader = *OpenFifoReader(path_);
  EXPECT_EQ(IoState::kBlocked, StateOf(*reader));
  EXPECT_FALSE(IsReadable(reader->fd())) << "polling it does not spin";
  Fd writer = OpenOther(O_WRONLY);
  ASSERT_TRUE(writer.valid());
  EXPECT_EQ(IoState::kBlocked, StateOf(*reader));
  ASSERT_TRUE(WriteAll(writer.get(), "hello").ok());
  writer.reset();
  EXPECT_EQ("hello", ReadAll(*reader));
}

TEST_F(FifoTest, WriterThatSaysNothingIsAnEnd) {
  const std::unique_ptr<ByteReader> reader = *OpenFifoReader(path_);
  OpenOther(O_WRONLY);  // comes and goes
  EXPECT_TRUE(IsReadable(reader->fd()));
  EXPECT_EQ(IoState::kEnd, StateOf(*reader));
}

// F99: a connector that restarts and opens its FIFO again.
TEST_F(FifoTest, AfterTheEndASecondWriterIsRefused) {
  const std::unique_ptr<ByteReader> reader = *OpenFifoReader(path_);
  OpenOther(O_WRONLY);
  EXPECT_EQ(IoState::kEnd, StateOf(*reader));
  EXPECT_EQ(-1, reader->fd());
  EXPECT_FALSE(OpenOther(O_WRONLY).valid());
  EXPECT_EQ(ENXIO, errno);
  EXPECT_EQ(IoState::kEnd, StateOf(*reader));
}

TEST_F(FifoTest, WriterBeforeItsReaderIsBlocked) {
  const std::unique_ptr<ByteWriter> writer = *OpenFifoWriter(path_);
  EXPECT_EQ(IoState::kBlocked, Write(*writer, "x").state);
  EXPECT_EQ(-1, writer->fd());
  Fd reader = OpenOther(O_RDONLY);
  EXPECT_EQ(5u, Write(*writer, "hello").bytes);
  EXPECT_GE(writer->fd(), 0);
  CloseAtOnce(*writer);
  EXPECT_EQ("hello", ReadToEnd(reader.get()));
  EXPECT_EQ(IoState::kEnd, Write(*writer, "x").state);
}

TEST_F(FifoTest, WriterSeesItsReaderGo) {
  const std::unique_ptr<ByteWriter> writer = *OpenFifoWriter(path_);
  Fd reader = OpenOther(O_RDONLY);
  EXPECT_EQ(1u, Write(*writer, "x").bytes);
  reader.reset();
  EXPECT_EQ(IoState::kEnd, Write(*writer, "x").state);
}

// A source without records: the destination, which starts slowly, must still see an end.
TEST_F(FifoTest, WriterThatClosedEarlyMeetsItsReader) {
  // Shared: the thread may still be inside Signal when we have seen it.
  const auto closed = std::make_shared<EventFd>(*EventFd::Create());
  const std::unique_ptr<ByteWriter> writer = *OpenFifoWriter(path_);
  writer->Close([closed] { closed->Signal(); });
  EXPECT_EQ(IoState::kEnd, Write(*writer, "x").state);
  EXPECT_FALSE(IsReadable(closed->get()));
  const Fd reader(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));  // blocks until a writer is there
  char c;
  EXPECT_EQ(IoState::kEnd, ReadSome(reader.get(), std::span(&c, 1)).state);
  AwaitReadable(closed->get());
}

TEST_F(FifoTest, WriterThatIsDestroyedFirstLetsGo) {
  // Shared: the thread may still be inside Signal when we have seen it.
  const auto closed = std::make_shared<EventFd>(*EventFd::Create());
  {
    const std::unique_ptr<ByteWriter> writer = *OpenFifoWriter(path_);
    writer->Close([closed] { closed->Signal(); });
  }
  AwaitReadable(closed->get());
}

TEST_F(FifoTest, WriterSaysWhenItsPathIsGone) {
  const std::unique_ptr<ByteWriter> writer = *OpenFifoWriter(path_);
  ASSERT_TRUE(std::filesystem::remove(path_));
  const IoResult result = Write(*writer, "x");
  EXPECT_EQ(IoState::kError, result.state);
  EXPECT_EQ(ENOENT, result.error);
}

// Two real programs that block in open until we come.
TEST_F(FifoTest, MeetsProgramsThatWaitInOpen) {
  absl::StatusOr<Process> talker =
      SpawnProcess({.argv = {"/bin/sh", "-c", "echo ready >&2; exec echo hello > " + path_},
                    .standard_error = ChildStream::Pipe()});
  ASSERT_TRUE(talker.ok());
  EXPECT_EQ("ready", ReadLine(talker->TakeStderr().get()));
  EXPECT_EQ("hello\n", ReadAll(**OpenFifoReader(path_)));
}

// F98: what is no FIFO is an error with the path, at once.
TEST_F(FifoTest, OnlyFifosAreOpened) {
  ASSERT_TRUE(WriteNewFile(directory_ / "regular", "precious", 0600).ok());
  std::filesystem::create_symlink(path_, directory_ / "link");
  struct Case {
    std::string path;
    absl::StatusCode code;
  };
  for (const Case& c : {Case{directory_ / "missing", absl::StatusCode::kNotFound},
                        Case{directory_ / "regular", absl::StatusCode::kFailedPrecondition},
                        Case{directory_ / "link", absl::StatusCode::kFailedPrecondition},
                        Case{directory_.path(), absl::StatusCode::kFailedPrecondition}}) {
    for (const absl::Status& status :
         {OpenFifoReader(c.path).status(), OpenFifoWriter(c.path).status()}) {
      EXPECT_EQ(c.code, status.code()) << status;
      EXPECT_THAT(status.ToString(), HasSubstr(c.path));
    }
  }
  EXPECT_EQ("precious", ReadFile(directory_ / "regular", 100).value());
}

TEST(ShareTest, PipeThatEndedBeforeWeCameIsReadToItsEnd) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_TRUE(WriteAll(pipe->write_end.get(), "left over").ok());
  pipe->write_end.reset();
  const std::unique_ptr<ByteReader> reader = *ShareReader(pipe->read_end.get());
  EXPECT_EQ("left over", ReadAll(*reader));
  EXPECT_EQ(-1, reader->fd());
  EXPECT_EQ(IoState::kEnd, StateOf(*reader));
}

TEST(ShareTest, PipeEndsOnceEveryDescriptorIsGivenUp) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_TRUE(SetNonBlocking(pipe->read_end.get()).ok());
  const std::unique_ptr<ByteWriter> writer = *ShareWriter(pipe->write_end.get());
  GiveUpDescriptor(pipe->write_end.release());
  EXPECT_EQ(1u, Write(*writer, "x").bytes);
  CloseAtOnce(*writer);
  EXPECT_EQ("x", ReadToEnd(pipe->read_end.get()));
}

TEST(ShareTest, RegularFileIsReadFromWhereItStands) {
  const TempDir directory;
  ASSERT_TRUE(WriteNewFile(directory / "file", "0123456789", 0600).ok());
  const Fd file(::open((directory / "file").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(4, ::lseek(file.get(), 4, SEEK_SET));
  EXPECT_EQ("456789", ReadAll(**ShareReader(file.get())));
}

TEST(ShareTest, SocketDirectionsEndOneByOneAndNoFlagChanges) {
  int pair[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  Fd ours(pair[0]);
  Fd peer(pair[1]);
  const std::unique_ptr<ByteReader> reader = *ShareReader(ours.get());
  const std::unique_ptr<ByteWriter> writer = *ShareWriter(ours.get());
  EXPECT_EQ(0, ::fcntl(ours.get(), F_GETFL) & O_NONBLOCK);
  ours.reset();
  EXPECT_EQ(IoState::kBlocked, StateOf(*reader));
  EXPECT_EQ(4u, Write(*writer, "ping").bytes);
  CloseAtOnce(*writer);
  ASSERT_TRUE(SetNonBlocking(peer.get()).ok());
  EXPECT_EQ("ping", ReadToEnd(peer.get()));
  ASSERT_TRUE(WriteAll(peer.get(), "pong").ok());
  peer.reset();
  EXPECT_EQ("pong", ReadAll(*reader));
}

TEST(ShareTest, SocketWithoutAPeerIsAnEndAndNoSignal) {
  ASSERT_NE(SIG_ERR, ::signal(SIGPIPE, SIG_DFL));
  int pair[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  const Fd ours(pair[0]);
  Fd(pair[1]).reset();
  EXPECT_EQ(IoState::kEnd, Write(**ShareWriter(ours.get()), "x").state);
  EXPECT_EQ(IoState::kEnd, StateOf(**ShareReader(ours.get())));
}

TEST(ShareTest, ClosedDescriptorsAreErrors) {
  EXPECT_FALSE(ShareReader(1000).ok());
  EXPECT_FALSE(ShareWriter(1000).ok());
}

TEST(GiveUpTest, StandardStreamsBecomeNothing) {
  const Fd saved(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  GiveUpDescriptor(STDIN_FILENO);
  EXPECT_EQ("/dev/null", std::filesystem::read_symlink("/proc/self/fd/0"));
  if (saved.valid()) ::dup2(saved.get(), STDIN_FILENO);
}

TEST(ConnectUnixTest, TalksBothWays) {
  const TempDir directory("/tmp");
  const std::string path = directory / "socket";
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(0, ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  const absl::StatusOr<ByteDuplex> duplex = ConnectUnix(path);
  ASSERT_TRUE(duplex.ok()) << duplex.status();
  EXPECT_EQ(IoState::kBlocked, StateOf(*duplex->reader)) << "nobody listens yet";
  EXPECT_FALSE(duplex->writer->TryOpen());
  EXPECT_FALSE(duplex->reader->Opened());
  ASSERT_EQ(0, ::listen(listener.get(), 1));

  EXPECT_TRUE(duplex->writer->TryOpen());
  EXPECT_TRUE(duplex->reader->Opened());
  Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_EQ(IoState::kBlocked, StateOf(*duplex->reader));
  EXPECT_EQ(4u, Write(*duplex->writer, "ping").bytes);
  CloseAtOnce(*duplex->writer);
  EXPECT_EQ("ping", ReadToEnd(peer.get()));
  ASSERT_TRUE(WriteAll(peer.get(), "pong").ok());
  peer.reset();
  EXPECT_EQ("pong", ReadAll(*duplex->reader));
}

TEST(ConnectUnixTest, ErrorsNameThePath) {
  const absl::Status missing = ConnectUnix("/no/such/socket").status();
  EXPECT_EQ(absl::StatusCode::kNotFound, missing.code());
  EXPECT_THAT(missing.ToString(), HasSubstr("/no/such/socket"));
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, ConnectUnix(std::string(200, 'x')).status().code());
  EXPECT_EQ(absl::StatusCode::kFailedPrecondition, ConnectUnix("/dev/null").status().code());
}

}  // namespace
}  // namespace shunt
