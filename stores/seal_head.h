// SealHead: what an encrypted store says of itself as a whole, kept as its seal (StoreIdentity). It
// holds a digest of every document as it stands there, so that one that was changed, removed, added
// or put back does not fit, whatever its parts are; and it is encrypted itself, so that nobody
// without the key can make or change one. Every write of a document writes a new head, in the same
// transaction.
//
// Plain values; pure functions; thread-safe. Bounds: about 80 bytes and the id for each config.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "secrets/sealing.h"
#include "stores/config_document.h"

namespace shunt {

struct SealHead {
  // While a store is being encrypted, what the head does not know yet may be
  enum class Progress : uint8_t {
    kDone,         // nothing: all is encrypted
    kFromPlain,    // in the clear
    kFromFormat1,  // encrypted value by value, as earlier versions did
  };
  Progress progress = Progress::kDone;
  // Grows with every head: of two, the greater one is the newer one.
  uint64_t revision = 0;
  // By config id, DigestOf its document.
  std::map<std::string, std::string, std::less<>> documents;

  std::string ToText() const;
  static std::optional<SealHead> Parse(std::string_view text);
};

// What a head is bound to.
SealContext HeadContext(std::string_view store_id);

// Of everything that a store keeps of a document, absences, order and encrypted values included.
std::string DigestOf(std::string_view config_id, const ConfigDocument& document);

// Exact: the same number has the same bytes, also the two zeros, which stores do not tell apart.
std::string ExactText(const OrderKey& order);

}  // namespace shunt
