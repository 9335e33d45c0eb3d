// Ends in memory: a source that plays back, a destination that answers.
#include "connectors/memory_connector.h"

#include <gtest/gtest.h>

#include <string>

namespace shunt {
namespace {

IoResult Write(Connector& connector, std::string text) {
  const iovec part{text.data(), text.size()};
  return connector.WriteInput(std::span(&part, 1));
}

std::string ReadOnce(Connector& connector) {
  char buffer[64];
  return std::string(buffer, connector.ReadOutput(buffer).bytes);
}

bool IsReadable(int fd) {
  PollRequest request{.fd = fd, .want_read = true};
  return Poll(std::span(&request, 1), absl::ZeroDuration()) > 0;
}

TEST(MemorySourceTest, PlaysItsBytesInPieces) {
  MemorySource source({.output = "one\ntwo\n", .log = "words", .piece_bytes = 5});
  EXPECT_EQ("one\nt", ReadOnce(source));
  EXPECT_EQ("wo\n", ReadOnce(source));
  EXPECT_FALSE(source.Exit().has_value());
  EXPECT_FALSE(IsReadable(source.exit_fd()));
  char buffer[64];
  EXPECT_EQ(IoState::kEnd, source.ReadOutput(buffer).state);
  EXPECT_TRUE(IsReadable(source.exit_fd()));
  EXPECT_TRUE(source.Exit()->clean());
  EXPECT_EQ(5u, source.ReadLog(buffer).bytes);
  EXPECT_EQ(IoState::kEnd, source.ReadLog(buffer).state);
  EXPECT_EQ(IoState::kEnd, Write(source, "x").state) << "a source has no input";
}

TEST(MemorySourceTest, EndsAsItIsTold) {
  MemorySource source({.exit = {.code = 7}});
  EXPECT_EQ("", ReadOnce(source));
  EXPECT_EQ(7, source.Exit()->code);
}

TEST(EchoStatesTest, AnswersStatesOnly) {
  const std::string state = R"({"state":{"data":{"type":"RECORD"}}, "type" : "STATE"})";
  EXPECT_EQ(state + "\n", EchoStates(state));
  EXPECT_EQ("", EchoStates(R"({"type":"RECORD","record":{"data":{"type":"STATE"}}})"));
  EXPECT_EQ("", EchoStates("\"type\":\"STATE\""));
  EXPECT_EQ("", EchoStates(""));
}

TEST(MemoryDestinationTest, KeepsEverythingAndAcknowledgesWholeLines) {
  MemoryDestination destination;
  EXPECT_EQ(14u, Write(destination, "{\"type\":\"RECOR").bytes);
  EXPECT_EQ(20u, Write(destination, "D\"}\n{\"type\":\"STATE\"}").bytes);
  EXPECT_EQ("", ReadOnce(destination)) << "the line is not complete";
  EXPECT_FALSE(IsReadable(destination.output_fd()));
  Write(destination, "\n");
  EXPECT_TRUE(IsReadable(destination.output_fd()));
  EXPECT_EQ("{\"type\":\"STATE\"}\n", ReadOnce(destination));
  EXPECT_EQ("{\"type\":\"RECORD\"}\n{\"type\":\"STATE\"}\n", destination.received());
}

TEST(MemoryDestinationTest, LivesUntilItsOutputWasRead) {
  MemoryDestination destination({.ack = [](std::string_view) { return "ack\n"; }});
  Write(destination, "x\n");
  destination.CloseInput();
  EXPECT_FALSE(destination.Exit().has_value());
  EXPECT_EQ("ack\n", ReadOnce(destination));
  EXPECT_EQ("", ReadOnce(destination));
  EXPECT_TRUE(destination.Exit()->clean());
  EXPECT_TRUE(IsReadable(destination.exit_fd()));
}

TEST(MemoryDestinationTest, CanBeSlow) {
  MemoryDestination destination({.ack = nullptr, .piece_bytes = 3});
  EXPECT_EQ(3u, Write(destination, "12345\n").bytes);
  EXPECT_EQ("123", destination.received());
}

}  // namespace
}  // namespace shunt
