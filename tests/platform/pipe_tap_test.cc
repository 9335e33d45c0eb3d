#include "platform/pipe_tap.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "platform/check.h"
#include "platform/io.h"

namespace shunt {
namespace {

Pipe NonBlockingPipe(int bytes = kPipeBytesHint) {
  absl::StatusOr<Pipe> pipe = MakePipe(bytes);
  SHUNT_CHECK(pipe.ok());
  SHUNT_CHECK(SetNonBlocking(pipe->read_end.get()).ok());
  SHUNT_CHECK(SetNonBlocking(pipe->write_end.get()).ok());
  return *std::move(pipe);
}

std::string ReadAll(const Pipe& pipe, std::size_t bytes_max = 1 << 22) {
  std::string bytes(bytes_max, '\0');
  std::size_t size = 0;
  while (size < bytes_max) {
    const IoResult result = ReadSome(pipe.read_end.get(), {bytes.data() + size, bytes_max - size});
    if (result.state != IoState::kBytes) break;
    size += result.bytes;
  }
  bytes.resize(size);
  return bytes;
}

void Write(const Pipe& pipe, std::string_view bytes) {
  ASSERT_EQ(WriteSome(pipe.write_end.get(), bytes).bytes, bytes.size());
}

TEST(PipeTap, HandsOnWhatWasReadWithoutTakingItFromTheReader) {
  const auto tap = PipeTap::Create();
  ASSERT_NE(tap, nullptr);
  const Pipe from = NonBlockingPipe(), to = NonBlockingPipe();
  Write(from, "one two three");
  EXPECT_EQ(tap->Duplicate(from.read_end.get(), 7), 7u);
  EXPECT_EQ(ReadAll(from), "one two three");
  tap->Drop(4);
  EXPECT_EQ(tap->MoveTo(to.write_end.get(), 3).bytes, 3u);
  EXPECT_EQ(ReadAll(to), "two");
}

TEST(PipeTap, HasNothingOfAnEmptyPipeAndOfWhatIsNoPipe) {
  const auto tap = PipeTap::Create();
  const Pipe from = NonBlockingPipe();
  EXPECT_EQ(tap->Duplicate(from.read_end.get(), 10), 0u);
  const Fd file(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(tap->Duplicate(file.get(), 10), 0u);
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  const Fd one(sockets[0]), two(sockets[1]);
  EXPECT_TRUE(PipeTap::IsPipe(from.write_end.get()));
  EXPECT_FALSE(PipeTap::IsPipe(one.get()));
  EXPECT_FALSE(PipeTap::IsPipe(file.get()));
  EXPECT_FALSE(PipeTap::IsPipe(-1));
}

TEST(PipeTap, TakesNoMoreThanItHolds) {
  const auto tap = PipeTap::Create();
  const Pipe from = NonBlockingPipe(), to = NonBlockingPipe();
  const std::string page(4096, 'x');
  std::size_t taken = 0;
  for (int i = 0; i < 300; ++i) {
    Write(from, page);
    taken += tap->Duplicate(from.read_end.get(), page.size());
    EXPECT_EQ(ReadAll(from).size(), page.size());
  }
  EXPECT_EQ(taken, PipeTap::kBytes);
  tap->Drop(page.size());
  Write(from, page);
  EXPECT_EQ(tap->Duplicate(from.read_end.get(), page.size()), page.size());
}

TEST(PipeTap, SaysWhenThePipeIsFullAndWhenItIsClosed) {
  const auto tap = PipeTap::Create();
  const Pipe from = NonBlockingPipe();
  Pipe to = NonBlockingPipe(4096);
  const std::string bytes(512 * 1024, 'x');
  Write(from, bytes);
  ASSERT_EQ(tap->Duplicate(from.read_end.get(), bytes.size()), bytes.size());
  std::size_t moved = 0;
  IoResult result;
  while ((result = tap->MoveTo(to.write_end.get(), bytes.size())).state == IoState::kBytes) {
    moved += result.bytes;
  }
  EXPECT_EQ(result.state, IoState::kBlocked);
  EXPECT_GT(moved, 0u);
  EXPECT_LT(moved, bytes.size());
  const SigpipeGuard guard;
  to.read_end.reset();
  EXPECT_EQ(tap->MoveTo(to.write_end.get(), 4096).state, IoState::kEnd);
}

// Pages are shared between three pipes here. Writes of every size go into the source's pipe, behind
// bytes that were duplicated, and into the destination's, behind bytes that were moved: none of
// them may show in what was handed on.
TEST(PipeTap, IsNotTouchedByWhatIsWrittenLater) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto below = [&](std::size_t limit) {
      return static_cast<std::size_t>(random() % limit);
    };
    const auto text = [&](std::size_t size) {
      std::string bytes(size, '\0');
      std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
      return bytes;
    };
    const auto tap = PipeTap::Create();
    const Pipe from = NonBlockingPipe(), to = NonBlockingPipe();
    std::string waiting, tapped, expected, got;  // in the source's pipe, in the tap; out of the end
    for (int step = 0; step < 60; ++step) {
      const std::string fresh = text(1 + below(below(2) == 0 ? 100 : 9000));
      Write(from, fresh);
      waiting += fresh;
      const std::size_t taken = tap->Duplicate(from.read_end.get(), 1 + below(waiting.size()));
      ASSERT_EQ(ReadAll(from, taken), waiting.substr(0, taken));
      tapped += waiting.substr(0, taken);
      waiting.erase(0, taken);
      if (below(3) == 0 && !tapped.empty()) {
        const std::size_t dropped = below(tapped.size());
        tap->Drop(dropped);
        tapped.erase(0, dropped);
      }
      if (below(2) == 0 && !tapped.empty()) {
        const std::size_t moved = tap->MoveTo(to.write_end.get(), 1 + below(tapped.size())).bytes;
        expected += tapped.substr(0, moved);
        tapped.erase(0, moved);
      }
      if (below(2) == 0) {
        const std::string ours = text(1 + below(300));
        Write(to, ours);
        expected += ours;
      }
      if (below(4) == 0) got += ReadAll(to);
    }
    got += ReadAll(to);
    ASSERT_TRUE(got == expected);
  }
}

}  // namespace
}  // namespace shunt
