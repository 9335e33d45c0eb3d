// Descriptors: every outcome of a read and a write, and what must not leak to others who share
// them.
#include "platform/io.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "platform/files.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
bool IsNonBlocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }
bool IsCloseOnExec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

// A pipe with both ends non-blocking.
Pipe NonBlockingPipe(int bytes = 4096) {
  absl::StatusOr<Pipe> pipe = MakePipe(bytes);
  EXPECT_TRUE(pipe.ok()) << pipe.status();
  EXPECT_TRUE(SetNonBlocking(pipe->read_end.get()).ok());
  EXPECT_TRUE(SetNonBlocking(pipe->write_end.get()).ok());
  return *std::move(pipe);
}

std::string ReadString(int fd) {
  char buffer[64];
  const IoResult result = ReadSome(fd, buffer);
  EXPECT_EQ(IoState::kBytes, result.state);
  return std::string(buffer, result.bytes);
}

TEST(FdTest, ClosesOnceAndMoves) {
  int number = -1;
  {
    Fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    number = first.get();
    Fd second = std::move(first);
    EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_EQ(number, second.get());
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(IoTest, ReadTellsBytesFromBlockedFromEnd) {
  Pipe pipe = NonBlockingPipe();
  char buffer[16];
  EXPECT_EQ(IoState::kBlocked, ReadSome(pipe.read_end.get(), buffer).state);
  EXPECT_EQ(3u, WriteSome(pipe.write_end.get(), "abc").bytes);
  EXPECT_EQ("abc", ReadString(pipe.read_end.get()));
  pipe.write_end.reset();
  EXPECT_EQ(IoState::kEnd, ReadSome(pipe.read_end.get(), buffer).state);
}

TEST(IoTest, FailedDescriptorIsAnErrorWithItsErrno) {
  char buffer[16];
  const IoResult read = ReadSome(-1, buffer);
  EXPECT_EQ(IoState::kError, read.state);
  EXPECT_EQ(EBADF, read.error);
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const IoResult write = WriteSome(full.get(), "x");
  EXPECT_EQ(IoState::kError, write.state);
  EXPECT_EQ(ENOSPC, write.error);
}

TEST(IoTest, WriteIsShortAndThenBlocked) {
  Pipe pipe = NonBlockingPipe();
  const int capacity = ::fcntl(pipe.read_end.get(), F_GETPIPE_SZ);
  const std::string big(static_cast<std::size_t>(capacity) + 1, 'x');
  EXPECT_EQ(static_cast<std::size_t>(capacity), WriteSome(pipe.write_end.get(), big).bytes);
  EXPECT_EQ(IoState::kBlocked, WriteSome(pipe.write_end.get(), big).state);
}

TEST(IoTest, WriteGathersPartsInOrderAndTakesOnlySoMany) {
  Pipe pipe = NonBlockingPipe(65536);
  std::string text = "abc";
  const std::vector<iovec> parts = {{text.data(), 1}, {text.data() + 1, 0}, {text.data() + 1, 2}};
  EXPECT_EQ(3u, WriteSome(pipe.write_end.get(), std::span(parts)).bytes);
  EXPECT_EQ("abc", ReadString(pipe.read_end.get()));
  const std::vector<iovec> many(IOV_MAX + 7, iovec{text.data(), 1});
  EXPECT_EQ(static_cast<std::size_t>(IOV_MAX), WriteSome(pipe.write_end.get(), many).bytes);
}

// SIGPIPE has its default here, which is death: a library must not need its embedder to ignore it.
TEST(IoTest, WritingToAClosedPipeIsAnEndAndNoSignal) {
  ASSERT_NE(SIG_ERR, ::signal(SIGPIPE, SIG_DFL));
  Pipe pipe = NonBlockingPipe();
  pipe.read_end.reset();
  const IoResult result = WriteSome(pipe.write_end.get(), "x");
  EXPECT_EQ(IoState::kEnd, result.state);
  EXPECT_EQ(EPIPE, result.error);
  {
    const SigpipeGuard outer;
    const SigpipeGuard inner;
    EXPECT_EQ(IoState::kEnd, WriteSome(pipe.write_end.get(), "x").state);
  }
  sigset_t blocked;
  ASSERT_EQ(0, ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked));
  EXPECT_EQ(0, ::sigismember(&blocked, SIGPIPE)) << "the thread's mask is as before";
}

TEST(IoTest, GuardKeepsASignalThatWasPendingBefore) {
  sigset_t sigpipe;
  ::sigemptyset(&sigpipe);
  ::sigaddset(&sigpipe, SIGPIPE);
  ASSERT_EQ(0, ::pthread_sigmask(SIG_BLOCK, &sigpipe, nullptr));
  ASSERT_EQ(0, ::raise(SIGPIPE));
  Pipe pipe = NonBlockingPipe();
  pipe.read_end.reset();
  EXPECT_EQ(IoState::kEnd, WriteSome(pipe.write_end.get(), "x").state);
  const timespec at_once{};
  EXPECT_EQ(SIGPIPE, ::sigtimedwait(&sigpipe, nullptr, &at_once));
  ASSERT_EQ(0, ::pthread_sigmask(SIG_UNBLOCK, &sigpipe, nullptr));
}

TEST(IoTest, WriteAllWaitsForASlowReader) {
  absl::StatusOr<Pipe> pipe = MakePipe(4096);
  ASSERT_TRUE(pipe.ok());
  ASSERT_TRUE(SetNonBlocking(pipe->write_end.get()).ok());
  const std::string sent(1 << 20, 'x');
  std::string got;
  std::thread reader([&] {
    char buffer[1000];
    for (;;) {
      const IoResult result = ReadSome(pipe->read_end.get(), buffer);
      if (result.state != IoState::kBytes) break;
      got.append(buffer, result.bytes);
    }
  });
  EXPECT_TRUE(WriteAll(pipe->write_end.get(), sent).ok());
  pipe->write_end.reset();
  reader.join();
  EXPECT_EQ(sent, got);
}

TEST(PipeTest, SizeIsAHintAndBothEndsAreCloseOnExec) {
  const absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_TRUE(pipe.ok());
  EXPECT_GE(::fcntl(pipe->read_end.get(), F_GETPIPE_SZ), 4096);
  EXPECT_TRUE(IsCloseOnExec(pipe->read_end.get()));
  EXPECT_TRUE(IsCloseOnExec(pipe->write_end.get()));
  EXPECT_TRUE(MakePipe(INT_MAX).ok()) << "more than the kernel gives is no error";
}

TEST(PipeTest, EndsHaveFlagsOfTheirOwn) {
  const absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_TRUE(SetNonBlocking(pipe->read_end.get()).ok());
  EXPECT_FALSE(IsNonBlocking(pipe->write_end.get()));
}

TEST(SharedEndTest, ReopenedPipeLeavesTheOthersBlocking) {
  const absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_TRUE(pipe.ok());
  for (const bool read : {true, false}) {
    const int theirs = read ? pipe->read_end.get() : pipe->write_end.get();
    const absl::StatusOr<SharedEnd> end =
        SharedEnd::Open(theirs, read ? SharedEnd::Direction::kRead : SharedEnd::Direction::kWrite);
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_TRUE(IsNonBlocking(end->get()));
    EXPECT_TRUE(IsCloseOnExec(end->get()));
    EXPECT_FALSE(IsNonBlocking(theirs));
  }
}

// A socket cannot be opened anew: the flag of the shared description is changed, and put back.
TEST(SharedEndTest, SocketIsSharedAndItsFlagIsPutBack) {
  int pair[2];
  ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  const Fd ours(pair[0]);
  const Fd peer(pair[1]);
  {
    absl::StatusOr<SharedEnd> end = SharedEnd::Open(ours.get(), SharedEnd::Direction::kRead);
    ASSERT_TRUE(end.ok()) << end.status();
    const SharedEnd moved = *std::move(end);
    EXPECT_TRUE(IsNonBlocking(ours.get()));
    char buffer[16];
    EXPECT_EQ(IoState::kBlocked, ReadSome(moved.get(), buffer).state);
  }
  EXPECT_FALSE(IsNonBlocking(ours.get()));
}

// `{ head -n 1; shunt sidecar; } < file`: what was read is read, and what is appended stays
// appended.
TEST(SharedEndTest, RegularFileKeepsItsOffset) {
  const TempDir directory;
  ASSERT_TRUE(WriteNewFile(directory / "file", "0123456789", 0600).ok());
  const Fd file(::open((directory / "file").c_str(), O_RDWR | O_CLOEXEC));
  char head[4];
  ASSERT_EQ(4u, ReadSome(file.get(), head).bytes);
  const absl::StatusOr<SharedEnd> end = SharedEnd::Open(file.get(), SharedEnd::Direction::kRead);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ("456789", ReadString(end->get()));
}

TEST(SharedEndTest, WrongDirectionAndClosedDescriptorsAreErrors) {
  const absl::StatusOr<Pipe> pipe = MakePipe();
  const auto wrong = SharedEnd::Open(pipe->read_end.get(), SharedEnd::Direction::kWrite);
  EXPECT_EQ(absl::StatusCode::kInvalidArgument, wrong.status().code());
  EXPECT_FALSE(SharedEnd::Open(1000, SharedEnd::Direction::kRead).ok());
}

TEST(PollTest, TellsWhoIsReady) {
  Pipe empty = NonBlockingPipe();
  Pipe full = NonBlockingPipe();
  ASSERT_EQ(1u, WriteSome(full.write_end.get(), "x").bytes);
  PollRequest requests[] = {{.fd = empty.read_end.get(), .want_read = true},
                            {.fd = full.read_end.get(), .want_read = true},
                            {.fd = empty.write_end.get(), .want_write = true},
                            {.fd = -1, .want_read = true}};
  EXPECT_EQ(2, Poll(requests, absl::InfiniteDuration()));
  EXPECT_FALSE(requests[0].ready);
  EXPECT_TRUE(requests[1].ready);
  EXPECT_TRUE(requests[2].ready);
  EXPECT_FALSE(requests[3].ready);
}

TEST(PollTest, HangUpIsReady) {
  Pipe pipe = NonBlockingPipe();
  pipe.write_end.reset();
  PollRequest request{.fd = pipe.read_end.get(), .want_read = true};
  EXPECT_EQ(1, Poll(std::span(&request, 1), absl::InfiniteDuration()));
  EXPECT_TRUE(request.ready);
}

TEST(PollTest, EndsWhenTheTimeIsOver) {
  EXPECT_EQ(0, Poll({}, absl::Milliseconds(1)));
  EXPECT_EQ(0, Poll({}, absl::ZeroDuration()));
  EXPECT_EQ(0, Poll({}, -absl::InfiniteDuration()));
}

TEST(PollTest, EndsWhenASignalComes) {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  struct sigaction before{};
  ASSERT_EQ(0, ::sigaction(SIGALRM, &action, &before));
  const itimerval every_ms{{0, 1000}, {0, 1000}};  // again and again: one may come before the wait
  ASSERT_EQ(0, ::setitimer(ITIMER_REAL, &every_ms, nullptr));
  EXPECT_EQ(0, Poll({}, absl::InfiniteDuration()));
  const itimerval off{};
  ASSERT_EQ(0, ::setitimer(ITIMER_REAL, &off, nullptr));
  ASSERT_EQ(0, ::sigaction(SIGALRM, &before, nullptr));
}

TEST(EventFdTest, WakesAPollUntilDrained) {
  const absl::StatusOr<EventFd> event = EventFd::Create();
  ASSERT_TRUE(event.ok());
  PollRequest request{.fd = event->get(), .want_read = true};
  EXPECT_EQ(0, Poll(std::span(&request, 1), absl::ZeroDuration()));
  std::thread([&] { event->Signal(); }).join();
  event->Signal();
  EXPECT_EQ(1, Poll(std::span(&request, 1), absl::InfiniteDuration()));
  EXPECT_TRUE(event->Drain());
  EXPECT_FALSE(event->Drain());
  EXPECT_EQ(0, Poll(std::span(&request, 1), absl::ZeroDuration()));
}

}  // namespace
}  // namespace shunt
