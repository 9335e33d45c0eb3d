#include "platform/entropy.h"

#include <sys/random.h>

#include <array>
#include <cerrno>

#include "platform/check.h"

namespace shunt {
namespace {

class KernelEntropy final : public Entropy {
 public:
  void Fill(std::span<uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      SHUNT_CHECK(got > 0);  // without flags it only fails on bad arguments
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
  }
};

}  // namespace

std::string Entropy::HexId() {
  std::array<uint8_t, 16> bytes;
  Fill(bytes);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  id.reserve(2 * bytes.size());
  for (const uint8_t byte : bytes) {
    id += kDigits[byte >> 4];
    id += kDigits[byte & 15];
  }
  return id;
}

Entropy& SystemEntropy() {
  static KernelEntropy entropy;
  return entropy;
}

}  // namespace shunt
