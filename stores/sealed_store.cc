#include "stores/sealed_store.h"

#include <bit>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "secrets/sealing.h"

namespace shunt {
namespace {

constexpr std::string_view kCheckText = "shunt";
// In front of a text that is not sealed but begins like one that is, or with this.
constexpr std::string_view kPlainMark = "plain:";

SealContext CheckContext(std::string_view store_id) { return {"check", store_id}; }

// Exact: the same number has the same bytes, also the two zeros, which stores do not tell apart.
std::string OrderText(const OrderKey& order) {
  const double at = order.effective_at_ms == 0 ? 0.0 : order.effective_at_ms;
  return absl::StrCat(absl::Hex(std::bit_cast<uint64_t>(at)), "/", order.epoch, "/", order.seq);
}

}  // namespace

// Seals and opens the texts of one config. The first error stays.
struct SealedStore::Texts {
  const SealedStore& store;
  std::string_view config_id;
  bool believe_plain = false;
  absl::Status status = absl::OkStatus();
  bool plain = false;  // some text was not sealed

  void Fail(const absl::Status& why) {
    if (!status.ok()) return;
    status = absl::Status(
        why.code(), absl::StrCat(store.url(), ": config ", A(config_id), ": ", why.message()));
  }

  void Put(const SealContext& context, std::string* text) const {
    if (store.keys_ != nullptr) {
      *text = Seal(*store.keys_, context, *text);
    } else if (IsSealed(*text) || text->starts_with(kPlainMark)) {
      text->insert(0, kPlainMark);
    }
  }

  void Get(const SealContext& context, std::string* text) {
    if (IsSealed(*text)) {
      absl::StatusOr<std::string> opened = Unseal(store.keys_.get(), context, *text);
      if (!opened.ok()) return Fail(opened.status());
      *text = *std::move(opened);
      return;
    }
    plain = true;
    if (store.all_sealed_ && !believe_plain) {
      return Fail(absl::DataLossError(
          "a value is not encrypted, although the store is: it was put there by another program, "
          "or by a run without the key; look at it, then `shunt config rekey`"));
    }
    if (text->starts_with(kPlainMark)) text->erase(0, kPlainMark.size());
  }

  template <typename Work>
  void ForEachText(ConfigDocument* document, const Work& work) {
    const std::string generation = absl::StrCat(document->generation);
    if (!document->file_salt.empty()) {
      work({"salt", store.store_id_, config_id, generation}, &document->file_salt);
    }
    for (ConfigKey& key : document->keys) {
      if (!key.value) continue;
      work({"value", store.store_id_, config_id, generation, key.key, OrderText(key.order)},
           &*key.value);
    }
  }
  SealContext ContextOf(const JournalRow& row) const {
    return {"payload", store.store_id_, config_id, row.run_id, row.writer, OrderText(row.order)};
  }

  ConfigDocument Opened(ConfigDocument document) {
    ForEachText(&document,
                [&](const SealContext& context, std::string* text) { Get(context, text); });
    return document;
  }
  std::vector<JournalRow> Opened(std::vector<JournalRow> rows) {
    for (JournalRow& row : rows) Get(ContextOf(row), &row.payload);
    return rows;
  }

  absl::StatusOr<ConfigChange> Sealed(absl::StatusOr<ConfigChange> change) {
    if (!status.ok()) return status;
    if (!change.ok()) return change;
    // Another run may have sealed the store meanwhile. Where a text stands in the clear, it has not
    // come here yet, and will seal what we write; where none stands, nothing else would tell.
    if (store.keys_ == nullptr && !plain) change->only_unsealed = true;
    if (change->document) {
      ForEachText(&*change->document,
                  [&](const SealContext& context, std::string* text) { Put(context, text); });
    }
    for (JournalRow& row : change->rows) Put(ContextOf(row), &row.payload);
    return change;
  }
};

absl::StatusOr<std::unique_ptr<SealedStore>> SealedStore::Open(
    std::unique_ptr<Store> inner, std::shared_ptr<const Keyring> keys) {
  const absl::StatusOr<StoreIdentity> identity = inner->ReadIdentity();
  if (!identity.ok()) return identity.status();
  std::unique_ptr<SealedStore> store(
      new SealedStore(std::move(inner), std::move(keys), identity->store_id));
  if (!identity->seal.empty()) {
    const absl::StatusOr<std::string> check =
        Unseal(store->keys_.get(), CheckContext(identity->store_id), identity->seal);
    store->all_sealed_ = true;
    if (!check.ok()) {
      store->locked_ = absl::Status(check.status().code(),
                                    absl::StrCat(store->url(), ": ", check.status().message()));
      if (store->keys_ != nullptr) return store->locked_;
    }
  } else if (store->keys_ != nullptr) {
    if (absl::Status status = store->SealAll().status(); !status.ok()) return status;
  }
  return store;
}

absl::StatusOr<int> SealedStore::SealAll() {
  if (keys_ == nullptr) return absl::InvalidArgumentError("there is no key to encrypt with");
  const bool first = !all_sealed_;
  absl::StatusOr<int> changed = SealConfigs();
  if (!changed.ok()) return changed;
  // After them: until then what is not sealed is believed.
  absl::Status status = SetSeal(Seal(*keys_, CheckContext(store_id_), kCheckText));
  if (!status.ok()) return status;
  all_sealed_ = true;
  if (!first) return changed;
  // A run without a key may have written between the two; from now on none does.
  const absl::StatusOr<int> more = SealConfigs();
  if (!more.ok()) return more;
  return *changed + *more;
}

absl::StatusOr<int> SealedStore::SealConfigs() {
  const absl::StatusOr<std::vector<std::string>> ids = ListConfigs();
  if (!ids.ok()) return ids.status();
  int changed = 0;
  for (const std::string& id : *ids) {
    absl::StatusOr<std::size_t> sealed = SealSome(id);
    if (sealed.ok() && *sealed > 0) ++changed;
    while (sealed.ok() && *sealed == kSealedAtOnce) sealed = SealSome(id);
    if (!sealed.ok()) return sealed.status();
  }
  return changed;
}

absl::StatusOr<std::size_t> SealedStore::SealSome(const std::string& config_id) {
  std::size_t sealed = 0;
  absl::Status status = inner_.RewriteConfig(
      config_id, [&](const ConfigDocument& stored, const std::vector<JournalRow>& journal) {
        const auto is_ours = [&](std::string_view text) {
          return SealKeyId(text) == keys_->first_id();
        };
        ConfigChange old;
        bool stale = stored.exists() && !stored.file_salt.empty() && !is_ours(stored.file_salt);
        for (const ConfigKey& key : stored.keys) stale |= key.value && !is_ours(*key.value);
        if (stale) old.document = stored;
        sealed = stale ? 1 : 0;
        for (const JournalRow& row : journal) {
          if (sealed == kSealedAtOnce) break;
          if (is_ours(row.payload)) continue;
          old.rows.push_back(row);
          ++sealed;
        }
        Texts texts{.store = *this, .config_id = config_id, .believe_plain = true};
        if (old.document) old.document = texts.Opened(*std::move(old.document));
        old.rows = texts.Opened(std::move(old.rows));
        return texts.Sealed(std::move(old));
      });
  if (!status.ok()) return status;
  return sealed;
}

absl::Status SealedStore::UpdateConfig(std::string_view config_id, const Decide& decide) {
  if (!locked_.ok()) return locked_;
  return inner_.UpdateConfig(config_id,
                             [&](const ConfigDocument& stored) -> absl::StatusOr<ConfigChange> {
                               Texts texts{.store = *this, .config_id = config_id};
                               const ConfigDocument opened = texts.Opened(stored);
                               if (!texts.status.ok()) return texts.status;
                               return texts.Sealed(decide(opened));
                             });
}

absl::Status SealedStore::RewriteConfig(std::string_view config_id, const Rewrite& rewrite) {
  if (!locked_.ok()) return locked_;
  return inner_.RewriteConfig(
      config_id,
      [&](const ConfigDocument& stored,
          const std::vector<JournalRow>& journal) -> absl::StatusOr<ConfigChange> {
        Texts texts{.store = *this, .config_id = config_id};
        const ConfigDocument opened = texts.Opened(stored);
        const std::vector<JournalRow> rows = texts.Opened(journal);
        if (!texts.status.ok()) return texts.status;
        return texts.Sealed(rewrite(opened, rows));
      });
}

absl::StatusOr<ConfigDocument> SealedStore::ReadConfig(std::string_view config_id) {
  if (!locked_.ok()) return locked_;
  absl::StatusOr<ConfigDocument> stored = inner_.ReadConfig(config_id);
  if (!stored.ok()) return stored;
  Texts texts{.store = *this, .config_id = config_id};
  ConfigDocument opened = texts.Opened(*std::move(stored));
  if (!texts.status.ok()) return texts.status;
  return opened;
}

absl::StatusOr<std::vector<JournalRow>> SealedStore::ReadJournal(std::string_view config_id) {
  if (!locked_.ok()) return locked_;
  absl::StatusOr<std::vector<JournalRow>> stored = inner_.ReadJournal(config_id);
  if (!stored.ok()) return stored;
  Texts texts{.store = *this, .config_id = config_id};
  std::vector<JournalRow> opened = texts.Opened(*std::move(stored));
  if (!texts.status.ok()) return texts.status;
  return opened;
}

}  // namespace shunt
