// Copies stdin to stdout through two StreamConnectors, as `shunt sidecar` has them.
#include <stdio.h>

#include <string>
#include <string_view>

#include "connectors/stream_connector.h"
#include "platform/check.h"

namespace shunt {
namespace {

void Wait(int read_fd, int write_fd) {
  PollRequest requests[] = {{.fd = read_fd, .want_read = true},
                            {.fd = write_fd, .want_write = true}};
  Poll(requests, absl::InfiniteDuration());
}

// 0: everything arrived. 1: the other side of stdout went away. 2: could not start.
int Relay() {
  const auto standard = StreamEndpoint::Parse("-");
  const auto source = StreamConnector::Open({.output = *standard});
  const auto destination = StreamConnector::Open({.input = *standard});
  if (!source.ok() || !destination.ok()) return 2;
  std::string buffer(65536, '\0');
  for (;;) {
    const IoResult got = (*source)->ReadOutput(buffer);
    SHUNT_CHECK(got.state != IoState::kError);
    if (got.state == IoState::kEnd) break;
    if (got.state == IoState::kBlocked) Wait((*source)->output_fd(), -1);
    for (std::size_t done = 0; done < got.bytes;) {
      const iovec part{buffer.data() + done, got.bytes - done};
      const IoResult put = (*destination)->WriteInput(std::span(&part, 1));
      SHUNT_CHECK(put.state != IoState::kError);
      if (put.state == IoState::kEnd) return 1;
      if (put.state == IoState::kBlocked) Wait(-1, (*destination)->input_fd());
      done += put.bytes;
    }
  }
  (*destination)->CloseInput();
  SHUNT_CHECK((*source)->Exit().has_value() && (*destination)->Exit().has_value());
  // Into /dev/null by now: the neighbours have seen their end, and nothing slips in behind the
  // data.
  puts("noise");
  return 0;
}

}  // namespace
}  // namespace shunt

int main() { return shunt::Relay(); }
