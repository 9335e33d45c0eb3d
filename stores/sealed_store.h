// SealedStore: a store whose configs are encrypted at rest. It stands in front of any other store:
// values of configs, the salt of their file's fingerprints and the payloads of their journal are
// sealed on the way in and opened on the way out; ids, names of keys, order keys, times and
// verdicts are in the clear.
//
// A document is believed as a whole or not at all: the store's seal (stores/seal_head.h) knows how
// each one has to look, and no part of it, absent ones included, can be changed, moved or put back
// without the key. A row of the journal is bound to everything that stands in it; that a row is
// missing is not noticed. What does not fit is DataLoss, and is never overwritten. A store that was
// put back as a whole is told from the truth only by somebody who knows better: this object, for
// what it has seen itself, and an anchor (stores/seal_anchor.h), for what this machine has.
//
// Encrypting what is in the clear is asked for (Sealing), never a side effect of a key. Without a
// key texts pass as they are; in a store that is sealed, configs are out of reach then, and only
// they.
//
// Threads, bounds: those of the store inside; writes of the configs of one store wait for each
// other. Ownership: owns it, shares the keys.
// Errors: as in store.h; PermissionDenied and DataLoss name the config, never content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/keyring.h"
#include "stores/forwarding_store.h"
#include "stores/seal_anchor.h"
#include "stores/seal_head.h"

namespace shunt {

class SealedStore final : public ForwardingStore {
 public:
  // PermissionDenied: the store is sealed with another key than any of `keys`. InvalidArgument:
  // `sealing` does not allow what it needs. DataLoss: it was sealed, and no longer says so.
  static absl::StatusOr<std::unique_ptr<SealedStore>> Open(std::unique_ptr<Store> inner,
                                                           std::shared_ptr<const Keyring> keys,
                                                           Sealing sealing = Sealing::kNew,
                                                           std::string anchor = "");

  absl::Status UpdateConfig(std::string_view config_id, const Decide& decide) override;
  absl::Status RewriteConfig(std::string_view config_id, const Rewrite& rewrite) override;
  absl::StatusOr<ConfigDocument> ReadConfig(std::string_view config_id) override;
  absl::StatusOr<std::vector<JournalRow>> ReadJournal(std::string_view config_id) override;

  // Bounds what a transaction writes and copies; a payload has up to 16 MiB.
  static constexpr std::size_t kSealedAtOnce = 64;
  // Seals everything with the first key, whatever key sealed it before. Returns how many configs
  // were changed since it was last called, by Open included. Safe to repeat after a crash, and
  // while runs go on.
  absl::StatusOr<int> SealAll();

 private:
  SealedStore(std::unique_ptr<Store> inner, std::shared_ptr<const Keyring> keys, bool trust,
              std::string anchor)
      : ForwardingStore(*inner), owned_(std::move(inner)), keys_(std::move(keys)), trust_(trust) {
    if (!anchor.empty()) anchor_.emplace(std::move(anchor));
  }

  struct Texts;  // seals and opens the texts of one config

  absl::Status Prepare(Sealing sealing);
  absl::Status PrepareSealed(std::string_view seal, Sealing sealing);
  absl::Status PrepareUnsealed(Sealing sealing);
  // What the anchor knows of the store.
  absl::Status HoldAgainstAnchor(const std::optional<SealSeen>& seen,
                                 const StoreIdentity& identity);
  // Nothing was ever stored in it.
  absl::StatusOr<bool> IsEmpty();
  // Some text is sealed, although the store has no seal.
  absl::StatusOr<bool> HoldsSealedTexts();

  absl::StatusOr<SealHead> OpenHead(std::string_view seal, uint64_t revision_min) const;
  // The seal of a store that an earlier version sealed, value by value.
  bool IsFormat1(std::string_view seal) const;
  absl::StatusOr<SealHead> HeadToGoOnFrom(std::string_view seal) const;
  std::string Sealed(SealHead* head) const;
  // `document` is as the head says it has to be.
  absl::Status CheckDocument(const SealHead& head, std::string_view config_id,
                             const ConfigDocument& document) const;
  // With keys: opens what is stored, and seals what `decide` makes of it.
  template <typename Decision>
  absl::StatusOr<ConfigChange> Change(std::string_view config_id, const ConfigDocument& stored,
                                      uint64_t revision_min, uint64_t* revision,
                                      const Decision& decide) const;
  // That a head of this revision is, or was, the store's.
  void Know(uint64_t revision);
  uint64_t Known() const;
  // Tells the anchor what is known. An error of it is one of the write that went before: repeating
  // that is safe.
  absl::Status KeepAnchor();

  absl::Status SealEverything();
  absl::Status EditHead(const std::function<void(SealHead*)>& edit);
  // In one transaction the document and rows of the journal, kSealedAtOnce at most. How many.
  absl::StatusOr<std::size_t> SealSome(const std::string& config_id);
  absl::StatusOr<ConfigChange> SealingChange(const std::string& config_id,
                                             const ConfigDocument& stored,
                                             const std::vector<JournalRow>& journal) const;

  const std::unique_ptr<Store> owned_;
  const std::shared_ptr<const Keyring> keys_;  // may be null
  const bool trust_;                           // what does not fit is taken for the truth
  std::optional<SealAnchor> anchor_;
  // Constant once it is open.
  std::string store_id_;
  bool sealed_ = false;  // nothing that is not sealed is believed
  absl::Status locked_;  // not ok: sealed, and there is no key

  int changed_ = 0;  // configs, by SealEverything
  mutable std::mutex mutex_;
  uint64_t revision_ = 0;  // of the newest head that was seen; guarded by mutex_
  std::mutex anchor_mutex_;
  uint64_t anchored_ = 0;  // what the anchor was told; guarded by anchor_mutex_
};

}  // namespace shunt
