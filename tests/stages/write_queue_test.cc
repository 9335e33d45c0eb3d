// The queue of pieces that are written next: where it stands after any split of the writes, what
// cutting to the line's end keeps, and the block of memory it lives in.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "stages/fifo.h"
#include "stages/write_queue.h"

namespace shunt {
namespace {

TEST(Fifo, KeepsOrderWhileItMovesAlong) {
  Fifo<int> fifo;
  int pushed = 0, popped = 0;
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    if (random() % 2 == 0) {
      fifo.push_back(pushed++);
    } else if (!fifo.empty()) {
      ASSERT_EQ(fifo.front(), popped++);
      fifo.pop_front();
    }
    ASSERT_EQ(fifo.size(), static_cast<std::size_t>(pushed - popped));
    if (fifo.empty()) continue;
    ASSERT_EQ(fifo[fifo.size() - 1], pushed - 1);
  }
}

TEST(Fifo, ShortensFromTheEnd) {
  Fifo<int> fifo;
  for (int i = 0; i < 5; ++i) fifo.push_back(i);
  fifo.pop_front();
  fifo.shorten(2);
  EXPECT_EQ(fifo.size(), 2u);
  EXPECT_EQ(fifo.front(), 1);
  EXPECT_EQ(fifo.back(), 2);
}

std::string Front(WriteQueue& queue) {
  std::string text;
  for (const iovec& part : queue.Gather()) {
    text.append(static_cast<const char*>(part.iov_base), part.iov_len);
  }
  return text;
}

TEST(WriteQueue, GivesOutWhatWasPutIn) {
  for (std::size_t step = 1; step < 12; ++step) {
    WriteQueue queue;
    const std::string lines = "one\ntwo\n";
    queue.Add(lines, true);
    queue.AddText("three\n", true);
    queue.Add("", true);  // an item of nothing
    queue.Add("four", false);
    queue.Add("\n", true);
    std::string out;
    std::size_t items = 0;
    while (!queue.empty()) {
      const std::string piece = Front(queue).substr(0, step);
      out += piece;
      items += queue.Advance(piece.size());
      EXPECT_EQ(queue.inside_line(), out.back() != '\n');
    }
    EXPECT_EQ(out, "one\ntwo\nthree\nfour\n");
    EXPECT_EQ(items, 4u);
    EXPECT_EQ(queue.item_written(), 0u);
  }
}

TEST(WriteQueue, CutsToTheEndOfTheLineBegun) {
  WriteQueue queue;
  queue.Add("one\ntwo", false);
  queue.AddText(" and more", false);
  queue.Add("\nthree\n", true);
  queue.AddText("four\n", true);
  queue.Advance(5);
  ASSERT_TRUE(queue.inside_line());
  queue.CutToLineEnd();
  EXPECT_EQ(Front(queue), "wo and more\n");
  EXPECT_EQ(queue.bytes(), 12u);
  EXPECT_EQ(queue.Advance(12), 0u) << "what was cut is no whole item";
  EXPECT_EQ(queue.item_written(), 17u);
  EXPECT_TRUE(queue.empty());
}

TEST(WriteQueue, KeepsManyTexts) {
  WriteQueue queue;
  std::string expected, out;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = std::to_string(i) + (i % 7 == 0 ? std::string(100, 'x') : "") + "\n";
    queue.AddText(text, true);
    expected += text;
    if (i % 3 != 0) continue;
    const std::string piece = Front(queue).substr(0, 3);
    queue.Advance(piece.size());
    out += piece;
  }
  while (!queue.empty()) {
    const std::string piece = Front(queue);
    queue.Advance(piece.size());
    out += piece;
  }
  EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace shunt
