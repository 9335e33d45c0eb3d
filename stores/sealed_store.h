// SealedStore: a store whose configs are encrypted at rest (contract decision 12; G53, G57). It
// stands in front of any other store: values of configs, the salt of their file's fingerprints and
// the payloads of their journal are sealed on the way in and opened on the way out; ids, names of
// keys, order keys, times and verdicts are in the clear.
//
// A sealed text is bound to its store, config, generation, key and order key (secrets/sealing.h): a
// value that was copied to another row, or put back from an older generation, does not open
// (DataLoss). What is not sealed in a store that is counts as put there by somebody else, too.
// Without a key texts pass as they are; in a store that is sealed, configs are out of reach then,
// and only they.
//
// Threads, bounds: those of the store inside. Ownership: owns it, shares the keys.
// Errors: as in store.h; PermissionDenied and DataLoss name the config, never content.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/keyring.h"
#include "stores/forwarding_store.h"

namespace shunt {

class SealedStore final : public ForwardingStore {
 public:
  // With keys, seals what is not sealed yet. PermissionDenied: the store is sealed with another key
  // than any of `keys`.
  static absl::StatusOr<std::unique_ptr<SealedStore>> Open(std::unique_ptr<Store> inner,
                                                           std::shared_ptr<const Keyring> keys);

  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override;
  absl::Status RewriteConfig(std::string_view config_id, const Rewrite& rewrite) override;
  absl::StatusOr<ConfigDocument> ReadConfig(std::string_view config_id) override;
  absl::StatusOr<std::vector<JournalRow>> ReadJournal(std::string_view config_id) override;

  // Bounds what a transaction writes and copies; a payload has up to 16 MiB.
  static constexpr std::size_t kSealedAtOnce = 64;
  // Seals everything with the first key, whatever key sealed it before, or none. Returns how many
  // configs it changed. Safe to repeat after a crash, and while runs go on.
  absl::StatusOr<int> SealAll();

 private:
  SealedStore(std::unique_ptr<Store> inner, std::shared_ptr<const Keyring> keys,
              std::string store_id)
      : ForwardingStore(*inner),
        owned_(std::move(inner)),
        keys_(std::move(keys)),
        store_id_(std::move(store_id)) {}

  struct Texts;  // seals and opens the texts of one config
  // Of all configs; how many of them it changed.
  absl::StatusOr<int> SealConfigs();
  // In one transaction the document and rows of the journal, kSealedAtOnce at most. How many.
  absl::StatusOr<std::size_t> SealSome(const std::string& config_id);

  const std::unique_ptr<Store> owned_;
  const std::shared_ptr<const Keyring> keys_;  // may be null
  const std::string store_id_;
  bool all_sealed_ = false;  // nothing that is not sealed is believed
  absl::Status locked_;      // not ok: sealed, and there is no key
};

}  // namespace shunt
