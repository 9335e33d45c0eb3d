#include "transforms/md2.h"

#include <cstddef>

namespace shunt {
namespace {

constexpr std::size_t kBlock = 16;

// RFC 1319, 3.2: a permutation of the bytes, made from the digits of pi.
constexpr uint8_t kPi[256] = {
    41,  46,  67,  201, 162, 216, 124, 1,   61,  54,  84,  161, 236, 240, 6,   19,  98,  167, 5,
    243, 192, 199, 115, 140, 152, 147, 43,  217, 188, 76,  130, 202, 30,  155, 87,  60,  253, 212,
    224, 22,  103, 66,  111, 24,  138, 23,  229, 18,  190, 78,  196, 214, 218, 158, 222, 73,  160,
    251, 245, 142, 187, 47,  238, 122, 169, 104, 121, 145, 21,  178, 7,   63,  148, 194, 16,  137,
    11,  34,  95,  33,  128, 127, 93,  154, 90,  144, 50,  39,  53,  62,  204, 231, 191, 247, 151,
    3,   255, 25,  48,  179, 72,  165, 181, 209, 215, 94,  146, 42,  172, 86,  170, 198, 79,  184,
    56,  210, 150, 164, 125, 182, 118, 252, 107, 226, 156, 116, 4,   241, 69,  157, 112, 89,  100,
    113, 135, 32,  134, 91,  207, 101, 230, 45,  168, 2,   27,  96,  37,  173, 174, 176, 185, 246,
    28,  70,  97,  105, 52,  64,  126, 15,  85,  71,  163, 35,  221, 81,  175, 58,  195, 92,  249,
    206, 186, 197, 234, 38,  44,  83,  13,  110, 133, 40,  132, 9,   211, 223, 205, 244, 65,  129,
    77,  82,  106, 220, 55,  200, 108, 193, 171, 250, 36,  225, 123, 8,   12,  189, 177, 74,  120,
    136, 149, 139, 227, 99,  232, 109, 233, 203, 213, 254, 59,  0,   29,  57,  242, 239, 183, 14,
    102, 88,  208, 228, 166, 119, 114, 248, 235, 117, 75,  10,  49,  68,  80,  180, 143, 237, 31,
    26,  219, 153, 141, 51,  159, 17,  131, 20};

struct State {
  std::array<uint8_t, kBlock> digest{};
  std::array<uint8_t, kBlock> checksum{};
};

// RFC 1319, 3.4: mixes a block into the digest.
void Mix(const uint8_t* block, std::array<uint8_t, kBlock>* digest) {
  uint8_t x[3 * kBlock];
  for (std::size_t i = 0; i < kBlock; ++i) {
    x[i] = (*digest)[i];
    x[kBlock + i] = block[i];
    x[2 * kBlock + i] = static_cast<uint8_t>(block[i] ^ (*digest)[i]);
  }
  uint32_t t = 0;
  for (uint32_t round = 0; round < 18; ++round) {
    for (uint8_t& byte : x) {
      byte = static_cast<uint8_t>(byte ^ kPi[t]);
      t = byte;
    }
    t = (t + round) & 0xFF;
  }
  for (std::size_t i = 0; i < kBlock; ++i) (*digest)[i] = x[i];
}

void Add(const uint8_t* block, State* state) {
  uint8_t last = state->checksum[kBlock - 1];
  for (std::size_t i = 0; i < kBlock; ++i) {
    last = static_cast<uint8_t>(state->checksum[i] ^ kPi[block[i] ^ last]);
    state->checksum[i] = last;
  }
  Mix(block, &state->digest);
}

}  // namespace

std::array<uint8_t, 16> Md2(std::string_view text) {
  State state;
  uint8_t block[kBlock];
  std::size_t filled = 0;
  for (const char c : text) {
    block[filled++] = static_cast<uint8_t>(c);
    if (filled < kBlock) continue;
    Add(block, &state);
    filled = 0;
  }
  const std::size_t padding = kBlock - filled;
  while (filled < kBlock) block[filled++] = static_cast<uint8_t>(padding);
  Add(block, &state);
  const std::array<uint8_t, kBlock> checksum = state.checksum;
  Mix(checksum.data(), &state.digest);
  return state.digest;
}

}  // namespace shunt
