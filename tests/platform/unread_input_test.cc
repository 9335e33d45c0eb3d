// What a reader leaves behind in a pipe, a FIFO or a socket, and whether somebody else still has
// it.

#include "platform/unread_input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace shunt {
namespace {

struct Ends {
  Fd reader, writer;
};

Ends MakeEnds(bool sockets) {
  int fds[2];
  const int made = sockets ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : ::pipe(fds);
  EXPECT_EQ(made, 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

void Write(const Fd& fd, const std::string& text) {
  ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

std::string ReadOnce(const Fd& fd) {
  char buffer[64];
  const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
  return std::string(buffer, static_cast<std::size_t>(got < 0 ? 0 : got));
}

class UnreadInputTest : public testing::TestWithParam<bool> {
 protected:
  Ends ends_ = MakeEnds(GetParam());
  UnreadInput unread_;
  void Close() {
    unread_.Watch(ends_.writer.get());
    if (GetParam()) ::shutdown(ends_.writer.get(), SHUT_WR);
    ends_.writer.reset();
  }
};

TEST_P(UnreadInputTest, NothingIsUnreadWhenAllWasRead) {
  Write(ends_.writer, "abc");
  Close();
  EXPECT_EQ(ReadOnce(ends_.reader), "abc");
  EXPECT_FALSE(unread_.Look().any);
  EXPECT_EQ(ReadOnce(ends_.reader), "") << "watching hides the end from nobody";
  ends_.reader.reset();
  EXPECT_FALSE(unread_.Look().any);
}

TEST_P(UnreadInputTest, WhatAReaderLeftIsUnreadForGood) {
  Write(ends_.writer, "abc");
  Close();
  ends_.reader.reset();
  for (int i = 0; i < 2; ++i) {
    const UnreadInput::Found found = unread_.Look();
    EXPECT_TRUE(found.any);
    EXPECT_FALSE(found.may_be_read);
    if (!GetParam()) {
      EXPECT_EQ(found.bytes, 3u);
    }
  }
}

TEST_P(UnreadInputTest, SomebodyMayStillReadIt) {
  Write(ends_.writer, "abc");
  Close();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(unread_.Look().any);
    EXPECT_TRUE(unread_.Look().may_be_read);
  }
  EXPECT_EQ(ReadOnce(ends_.reader), "abc");
  EXPECT_EQ(ReadOnce(ends_.reader), "");
  EXPECT_FALSE(unread_.Look().any);
}

TEST_P(UnreadInputTest, AReaderThatWentBeforeTheEndWasInPlace) {
  Write(ends_.writer, "abc");
  ends_.reader.reset();
  Close();
  EXPECT_TRUE(unread_.Look().any);
  EXPECT_FALSE(unread_.Look().may_be_read);
}

INSTANTIATE_TEST_SUITE_P(PipeAndSocket, UnreadInputTest, testing::Bool());

TEST(UnreadInput, AFileIsNeverUnread) {
  UnreadInput unread;
  const Fd file(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  unread.Watch(file.get());
  unread.Watch(-1);
  EXPECT_FALSE(unread.Look().any);
}

}  // namespace
}  // namespace shunt
