// The book-keeping of what is in the tap: which bytes of a chunk, at which offset, through every
// way a chunk is filled and cut; and a tap between real pipes that is moved from, skipped,
// forgotten and that fails.

#include "stages/source_tap.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "platform/io.h"

namespace shunt {
namespace {

constexpr std::size_t kMin = SourceTap::kMoveBytesMin;

TEST(TappedRange, GrowsWhileTheReadsFollowEachOther) {
  TappedRange range;
  EXPECT_TRUE(range.empty());
  range.Extend(10, 20, 100);
  range.Extend(30, 5, 120);
  EXPECT_TRUE(range.Holds(10, 35));
  EXPECT_FALSE(range.Holds(9, 12));
  EXPECT_FALSE(range.Holds(30, 36));
  EXPECT_EQ(range.OffsetOf(30), 120u);
  EXPECT_EQ(range.EndOffset(), 125u);
  range.Extend(40, 5, 125);  // a read that was not tapped came between
  EXPECT_EQ(range.EndOffset(), 125u);
  EXPECT_FALSE(range.Holds(40, 41));
  range.Extend(35, 5, 200);  // bytes that no chunk holds came between
  EXPECT_EQ(range.EndOffset(), 125u);
}

TEST(TappedRange, IsCutWithItsChunk) {
  const auto cut = [](uint32_t at) {
    TappedRange range;
    range.Extend(10, 20, 100);
    const TappedRange rest = range.Split(at);
    return std::pair(range, rest);
  };
  {
    const auto [kept, rest] = cut(5);  // in front of it
    EXPECT_TRUE(kept.empty());
    EXPECT_TRUE(rest.Holds(5, 25));
    EXPECT_EQ(rest.OffsetOf(5), 100u);
  }
  {
    const auto [kept, rest] = cut(17);  // inside
    EXPECT_TRUE(kept.Holds(10, 17));
    EXPECT_EQ(kept.EndOffset(), 107u);
    EXPECT_TRUE(rest.Holds(0, 13));
    EXPECT_EQ(rest.OffsetOf(0), 107u);
    EXPECT_EQ(rest.EndOffset(), 120u);
  }
  {
    const auto [kept, rest] = cut(30);  // at its end
    EXPECT_TRUE(kept.Holds(10, 30));
    EXPECT_TRUE(rest.empty());
  }
}

struct Pipes {
  Pipes() {
    for (const Pipe* pipe : {&from, &to}) {
      EXPECT_TRUE(SetNonBlocking(pipe->read_end.get()).ok());
      EXPECT_TRUE(SetNonBlocking(pipe->write_end.get()).ok());
    }
  }
  void Write(const std::string& bytes) {
    ASSERT_EQ(WriteSome(from.write_end.get(), bytes).bytes, bytes.size());
  }
  static std::string Read(const Pipe& pipe, std::size_t bytes) {
    std::string text(bytes, '\0');
    const IoResult result = ReadSome(pipe.read_end.get(), {text.data(), text.size()});
    text.resize(result.bytes);
    return text;
  }
  Pipe from = *MakePipe(), to = *MakePipe();
};

// As the reader and the outbox use it: a tap is made once a large write has been seen.
struct Tapped : Pipes {
  Tapped() {
    tap.NoteWrite(to.write_end.get(), kMin);
    tap.NoteRead(kMin);
  }
  // Reads up to `bytes` of what the tap has ahead; the offset of the first.
  uint64_t TakeIn(std::size_t bytes, std::string* text) {
    *text = Read(from, std::min(bytes, tap.Ahead(from.read_end.get())));
    return tap.Took(text->size());
  }
  SourceTap tap{true};
};

TEST(SourceTap, IsMadeOnlyWhereItPays) {
  Pipes pipes;
  pipes.Write("x");
  const int source = pipes.from.read_end.get(), destination = pipes.to.write_end.get();
  SourceTap never(false), small(true), file(true), quiet(true);
  never.NoteWrite(destination, kMin);
  small.NoteWrite(destination, kMin - 1);
  const Fd null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  file.NoteWrite(null.get(), kMin);
  for (SourceTap* tap : {&never, &small, &file}) {
    tap->NoteRead(kMin);
    EXPECT_FALSE(tap->usable());
    EXPECT_EQ(tap->Ahead(source), 0u);
  }
  quiet.NoteWrite(-1, kMin);  // a FIFO that was not open yet
  quiet.NoteWrite(destination, kMin);
  EXPECT_TRUE(quiet.usable());
  quiet.NoteRead(kMin - 1);
  EXPECT_EQ(quiet.Ahead(source), 0u) << "a source that brings little is not worth it";
  quiet.NoteRead(kMin);
  EXPECT_EQ(quiet.Ahead(-1), 0u);
  EXPECT_EQ(quiet.Ahead(source), 1u);
}

TEST(SourceTap, MovesWhatIsAskedForAndSkipsTheRest) {
  Tapped t;
  t.Write("one two three ");
  std::string text;
  EXPECT_EQ(t.TakeIn(8, &text), 0u);
  EXPECT_EQ(text, "one two ");
  t.Write("four");  // not ahead yet: it came after the duplication
  EXPECT_EQ(t.TakeIn(100, &text), 8u);
  EXPECT_EQ(text, "three ");
  EXPECT_EQ(t.tap.next_offset(), 14u);
  EXPECT_EQ(t.TakeIn(100, &text), 14u);
  EXPECT_EQ(text, "four");
  EXPECT_EQ(t.tap.Move(t.to.write_end.get(), 4, 3).bytes, 3u);
  EXPECT_EQ(t.tap.Move(t.to.write_end.get(), 14, 2).bytes, 2u);
  EXPECT_EQ(t.tap.Move(t.to.write_end.get(), 16, 2).bytes, 2u);
  EXPECT_EQ(Pipes::Read(t.to, 100), "twofour");
}

TEST(SourceTap, MakesRoomWhenItIsTold) {
  Tapped t;
  std::string text;
  std::size_t in_tap = 0;
  const std::string block(kMin, 'x');
  const auto fill = [&] {
    for (;;) {
      t.Write(block);
      // After a refusal it rests for some reads; they are made here without it.
      if (t.tap.Ahead(t.from.read_end.get()) == 0) break;
      t.TakeIn(block.size(), &text);
      in_tap += text.size();
    }
    Pipes::Read(t.from, block.size());
  };
  fill();
  EXPECT_EQ(in_tap, PipeTap::kBytes);
  t.tap.Forget(in_tap / 4);  // too little to be worth a call
  t.tap.Forget(in_tap);
  t.Write(block);
  std::size_t ahead = 0;
  for (int i = 0; i < 100 && ahead == 0; ++i) ahead = t.tap.Ahead(t.from.read_end.get());
  EXPECT_EQ(ahead, block.size());
}

TEST(SourceTap, GivesUpWhenMovingFails) {
  Tapped t;
  t.Write("abc");
  std::string text;
  t.TakeIn(3, &text);
  const Fd not_writable(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(t.tap.Move(not_writable.get(), 0, 3).state, IoState::kError);
  EXPECT_FALSE(t.tap.usable());
  t.Write("def");
  EXPECT_EQ(t.tap.Ahead(t.from.read_end.get()), 0u);
  t.tap.Forget(3);
}

TEST(SourceTap, SaysThatTheDestinationIsGone) {
  Tapped t;
  t.Write("abc");
  std::string text;
  t.TakeIn(3, &text);
  const SigpipeGuard guard;
  t.to.read_end.reset();
  EXPECT_EQ(t.tap.Move(t.to.write_end.get(), 0, 3).state, IoState::kEnd);
  EXPECT_TRUE(t.tap.usable());
}

}  // namespace
}  // namespace shunt
