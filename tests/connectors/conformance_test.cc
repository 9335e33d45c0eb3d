// What every connector promises, proved on all of them, with real processes behind the real ones: a
// child of ours, FIFOs opened before and after us, a pipe, a socket pair, a unix socket, memory.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <random>
#include <string>
#include <thread>
#include <utility>

#include "connectors/memory_connector.h"
#include "connectors/process_connector.h"
#include "connectors/stream_connector.h"
#include "platform/process.h"
#include "tests/connectors/echo_rig.h"
#include "tests/platform/read_to_end.h"
#include "tests/platform/temp_dir.h"

namespace shunt {
namespace {

// --- The rigs ---

class ProcessRig final : public EchoRig {
 public:
  Connector& connector() override { return *connector_; }
  void KillPeer() override { connector_->Kill(); }

 private:
  std::unique_ptr<ProcessConnector> connector_ =
      ProcessConnector::Start({.argv = {"/bin/cat"}, .has_input = true}).value();
};

class MemoryRig final : public EchoRig {
 public:
  Connector& connector() override { return connector_; }

 private:
  MemoryDestination connector_{
      {.ack = [](std::string_view line) { return std::string(line) + "\n"; }, .piece_bytes = 1000}};
};

// A program that somebody else started.
Process Peer(const std::string& script, ChildStream input, ChildStream output) {
  absl::StatusOr<Process> peer = SpawnProcess(
      {.argv = {"/bin/sh", "-c", script}, .standard_input = input, .standard_output = output});
  SHUNT_CHECK(peer.ok());
  return *std::move(peer);
}

std::unique_ptr<StreamConnector> OpenStreams(const StreamEndpoints& endpoints) {
  absl::StatusOr<std::unique_ptr<StreamConnector>> connector = StreamConnector::Open(endpoints);
  SHUNT_CHECK(connector.ok());
  return *std::move(connector);
}

StreamEndpoint At(const std::string& text) { return StreamEndpoint::Parse(text).value(); }

class StreamRig : public EchoRig {
 public:
  Connector& connector() override { return *connector_; }
  void KillPeer() override { peer_->Kill(); }

 protected:
  TempDir directory_{"/tmp"};
  std::unique_ptr<StreamConnector> connector_;
  std::optional<Process> peer_;
};

enum class First { kWe, kThey };

template <First first>
class FifoRig final : public StreamRig {
 public:
  FifoRig() {
    const std::string in = directory_ / "in";
    const std::string out = directory_ / "out";
    SHUNT_CHECK(::mkfifo(in.c_str(), 0600) == 0 && ::mkfifo(out.c_str(), 0600) == 0);
    const auto start = [&] {
      // Opens the output first, as the platform's wrapper does, and then waits for its input.
      peer_ = Peer("exec cat > " + out + " < " + in, ChildStream::Null(), ChildStream::Null());
    };
    if (first == First::kThey) start();
    connector_ = OpenStreams({.output = At(out), .input = At(in)});
    if (first == First::kWe) start();
  }
};

// A source: bytes come in behind the connector's back.
class FifoSourceRig final : public StreamRig {
 public:
  FifoSourceRig() {
    const std::string out = directory_ / "out";
    SHUNT_CHECK(::mkfifo(out.c_str(), 0600) == 0);
    connector_ = OpenStreams({.output = At(out)});
    peer_ = Peer("exec cat > " + out, ChildStream::Pipe(), ChildStream::Null());
    feed_ = peer_->TakeStdin();
  }
  IoResult Feed(std::string_view bytes) override { return WriteSome(feed_.get(), bytes); }
  int feed_fd() override { return feed_.get(); }
  void EndFeed() override { feed_.reset(); }

 private:
  Fd feed_;
};

std::string Number(Fd& fd) { return "fd:" + std::to_string(fd.release()); }

class PipeRig final : public StreamRig {
 public:
  PipeRig() {
    Pipe in = MakePipe().value();
    Pipe out = MakePipe().value();
    peer_ = Peer("exec cat", ChildStream::Descriptor(in.read_end.get()),
                 ChildStream::Descriptor(out.write_end.get()));
    connector_ =
        OpenStreams({.output = At(Number(out.read_end)), .input = At(Number(in.write_end))});
  }
};

class SocketPairRig final : public StreamRig {
 public:
  SocketPairRig() {
    int pair[2];
    SHUNT_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    Fd ours(pair[0]);
    const Fd theirs(pair[1]);
    peer_ = Peer("exec cat", ChildStream::Descriptor(theirs.get()),
                 ChildStream::Descriptor(theirs.get()));
    const StreamEndpoint both = At(Number(ours));
    connector_ = OpenStreams({.output = both, .input = both});
  }
};

class UnixSocketRig final : public StreamRig {
 public:
  UnixSocketRig() {
    const std::string path = directory_ / "socket";
    const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    SHUNT_CHECK(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) ==
                0);
    SHUNT_CHECK(::listen(listener.get(), 1) == 0);
    connector_ = OpenStreams({.output = At("unix:" + path), .input = At("unix:" + path)});
    const Fd theirs(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    peer_ = Peer("exec cat", ChildStream::Descriptor(theirs.get()),
                 ChildStream::Descriptor(theirs.get()));
  }
};

// --- The suite ---

// Waits as an agent does: for the descriptors it is told, or for the time when there is none.
void Await(EchoRig& rig, bool want_feed, bool want_output) {
  PollRequest requests[] = {
      {.fd = want_feed ? rig.feed_fd() : -1, .want_write = true},
      {.fd = want_output ? rig.connector().output_fd() : -1, .want_read = true}};
  const bool can_poll = requests[0].fd >= 0 || !want_feed;
  Poll(requests, can_poll ? kTestWaitMax : rig.connector().retry_after());
}

// Moves all of `bytes` through the connector in pieces of at most these sizes and returns what came
// out.
std::string PassThrough(EchoRig& rig, std::string_view bytes, std::size_t feed_max,
                        std::size_t read_max) {
  std::string out;
  std::string buffer(read_max, '\0');
  bool fed = false;
  for (;;) {
    bool moved = false;
    if (bytes.empty() && !std::exchange(fed, true)) rig.EndFeed();
    if (!bytes.empty()) {
      const IoResult result = rig.Feed(bytes.substr(0, feed_max));
      SHUNT_CHECK(result.state == IoState::kBytes || result.state == IoState::kBlocked);
      bytes.remove_prefix(result.bytes);
      moved = result.state == IoState::kBytes;
    }
    const IoResult result = rig.connector().ReadOutput(buffer);
    SHUNT_CHECK(result.state != IoState::kError);
    if (result.state == IoState::kEnd) return out;
    out.append(buffer, 0, result.bytes);
    moved = moved || result.state == IoState::kBytes;
    if (!moved) Await(rig, !bytes.empty(), true);
  }
}

ExitStatus AwaitExit(Connector& connector) {
  for (;;) {
    if (const std::optional<ExitStatus> status = connector.Exit()) return *status;
    AwaitReadable(connector.exit_fd());
  }
}

std::string Lines(std::size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < bytes) {
    text += "{\"n\":" + std::to_string(random()) + "}" + std::string(random() % 200, ' ') + "\n";
  }
  return text;
}

class ConformanceTest : public ::testing::TestWithParam<std::pair<const char*, MakeEchoRig>> {
 protected:
  const std::unique_ptr<EchoRig> rig_ = GetParam().second();
  Connector& connector_ = rig_->connector();
};

// Ends that take input, and those of them behind which another process stands.
class InputConformanceTest : public ConformanceTest {};
class PeerConformanceTest : public ConformanceTest {};
class InputPeerConformanceTest : public ConformanceTest {};

TEST_P(ConformanceTest, EveryByteArrivesOnceAndInOrder) {
  const std::string sent = Lines(3 << 20, 1);
  EXPECT_TRUE(sent == PassThrough(*rig_, sent, 100000, 65536));
  EXPECT_TRUE(AwaitExit(connector_).clean());
}

TEST_P(ConformanceTest, OneByteAtATimeIsTheSame) {
  const std::string sent = Lines(500, 2);
  EXPECT_EQ(sent, PassThrough(*rig_, sent, 1, 1));
}

TEST_P(ConformanceTest, NothingIsAnEndToo) {
  EXPECT_EQ("", PassThrough(*rig_, "", 1, 1));
  EXPECT_TRUE(AwaitExit(connector_).clean());
}

TEST_P(ConformanceTest, TheEndStays) {
  EXPECT_EQ("x\n", PassThrough(*rig_, "x\n", 2, 2));
  char c;
  EXPECT_EQ(IoState::kEnd, connector_.ReadOutput(std::span(&c, 1)).state);
  AwaitExit(connector_);
  EXPECT_TRUE(connector_.Exit().has_value()) << "asked again";
  connector_.CloseInput();
  connector_.Terminate();
  connector_.Kill();
}

TEST_P(ConformanceTest, SilenceIsBlockedAndAlive) {
  char buffer[16];
  EXPECT_EQ(IoState::kBlocked, connector_.ReadOutput(buffer).state);
  EXPECT_FALSE(connector_.Exit().has_value());
  std::string_view left = "x\n";
  while (!left.empty()) {
    const IoResult result = rig_->Feed(left);
    left.remove_prefix(result.bytes);
    if (result.state == IoState::kBlocked) Await(*rig_, true, false);
  }
  std::string got;
  while (got.size() < 2) {
    const IoResult result = connector_.ReadOutput(buffer);
    got.append(buffer, result.bytes);
    if (result.state == IoState::kBlocked) Await(*rig_, false, true);
  }
  EXPECT_EQ("x\n", got);
  EXPECT_EQ(IoState::kBlocked, connector_.ReadOutput(buffer).state);
  EXPECT_FALSE(connector_.Exit().has_value());
}

TEST_P(InputConformanceTest, GathersPartsInOrder) {
  std::string text = "first\nsecond\n";
  std::size_t done = 0;
  while (done < text.size()) {
    const std::size_t middle = done + (text.size() - done) / 2;
    const iovec parts[] = {{text.data() + done, middle - done},
                           {text.data() + middle, text.size() - middle}};
    const IoResult result = connector_.WriteInput(parts);
    ASSERT_TRUE(result.state == IoState::kBytes || result.state == IoState::kBlocked);
    done += result.bytes;
    if (result.state == IoState::kBlocked) Await(*rig_, true, false);
  }
  EXPECT_EQ(text, PassThrough(*rig_, "", 1, 100));
}

TEST_P(ConformanceTest, AClosedInputTakesNothing) {
  connector_.CloseInput();
  connector_.CloseInput();
  char c = 'x';
  const iovec part{&c, 1};
  EXPECT_EQ(IoState::kEnd, connector_.WriteInput(std::span(&part, 1)).state);
}

TEST_P(ConformanceTest, TheLogEnds) {
  rig_->EndFeed();
  char buffer[16];
  while (connector_.ReadLog(buffer).state != IoState::kEnd) AwaitReadable(connector_.log_fd());
}

// Back-pressure: who is not read from stops reading, and then we are blocked, and nothing is lost.
TEST_P(PeerConformanceTest, APeerThatIsNotReadBlocksUsAndLosesNothing) {
  const std::string piece = Lines(1 << 16, 3);
  std::string sent;
  for (bool blocked = false; !blocked;) {
    ASSERT_LT(sent.size(), 64u << 20) << "it must block before";
    const IoResult result = rig_->Feed(piece);
    sent.append(piece, 0, result.bytes);
    blocked = result.state == IoState::kBlocked && rig_->feed_fd() >= 0;
    if (result.state == IoState::kBlocked && !blocked) Await(*rig_, true, false);
  }
  EXPECT_TRUE(sent == PassThrough(*rig_, "", 1, 65536));
}

// F81, F83: a destination that dies. No signal for us, and what it wrote before can still be read.
TEST_P(InputPeerConformanceTest, APeerThatDiesIsAnEndOnBothSides) {
  const std::string piece = Lines(1 << 16, 4);
  bool killed = false;
  for (;;) {
    const IoResult result = rig_->Feed(piece);
    if (result.state == IoState::kEnd) break;
    ASSERT_NE(IoState::kError, result.state) << result.error;
    // It has certainly started and opened its streams when it took something.
    if (result.state == IoState::kBytes && !std::exchange(killed, true)) rig_->KillPeer();
    if (result.state == IoState::kBlocked) Await(*rig_, true, false);
  }
  char buffer[65536];
  IoResult result;
  do {
    result = connector_.ReadOutput(buffer);
    if (result.state == IoState::kBlocked) Await(*rig_, false, true);
    // A socket whose peer left bytes unread says so.
  } while (result.state == IoState::kBytes || result.state == IoState::kBlocked);
}

// The parts are used by different threads. (ThreadSanitizer is the judge.)
TEST_P(ConformanceTest, PartsMayBeUsedByDifferentThreads) {
  const std::string sent = Lines(1 << 20, 5);
  std::thread input([&] {
    std::string_view left = sent;
    while (!left.empty()) {
      const IoResult result = rig_->Feed(left);
      left.remove_prefix(result.bytes);
      if (result.state == IoState::kBlocked) Await(*rig_, true, false);
    }
    rig_->EndFeed();
  });
  std::thread life([&] { EXPECT_TRUE(AwaitExit(connector_).clean()); });
  std::thread log([&] {
    char buffer[16];
    while (connector_.ReadLog(buffer).state != IoState::kEnd) AwaitReadable(connector_.log_fd());
  });
  std::string got;
  std::string buffer(65536, '\0');
  for (;;) {
    const IoResult result = connector_.ReadOutput(buffer);
    if (result.state == IoState::kEnd) break;
    got.append(buffer, 0, result.bytes);
    if (result.state == IoState::kBlocked) Await(*rig_, false, true);
  }
  input.join();
  life.join();
  log.join();
  EXPECT_TRUE(sent == got);
}

template <typename Rig>
std::unique_ptr<EchoRig> Make() {
  return std::make_unique<Rig>();
}

using Rig = std::pair<const char*, MakeEchoRig>;

std::string Name(const ::testing::TestParamInfo<Rig>& rig) { return rig.param.first; }

// All kinds of ends, without those that lack what a test is about.
std::vector<Rig> Rigs(bool with_input, bool with_peer) {
  std::vector<Rig> rigs = {{"Process", &Make<ProcessRig>},
                           {"FifoWeFirst", &Make<FifoRig<First::kWe>>},
                           {"FifoTheyFirst", &Make<FifoRig<First::kThey>>},
                           {"Pipe", &Make<PipeRig>},
                           {"SocketPair", &Make<SocketPairRig>},
                           {"UnixSocket", &Make<UnixSocketRig>}};
  if (!with_input) rigs.emplace_back("FifoSource", &Make<FifoSourceRig>);
  if (!with_peer) rigs.emplace_back("Memory", &Make<MemoryRig>);
  return rigs;
}

INSTANTIATE_TEST_SUITE_P(All, ConformanceTest, ::testing::ValuesIn(Rigs(false, false)), Name);
INSTANTIATE_TEST_SUITE_P(All, InputConformanceTest, ::testing::ValuesIn(Rigs(true, false)), Name);
INSTANTIATE_TEST_SUITE_P(All, PeerConformanceTest, ::testing::ValuesIn(Rigs(false, true)), Name);
INSTANTIATE_TEST_SUITE_P(All, InputPeerConformanceTest, ::testing::ValuesIn(Rigs(true, true)),
                         Name);

}  // namespace
}  // namespace shunt
