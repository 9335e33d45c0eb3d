#include "stores/sealed_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/strings.h"
#include "secrets/sealing.h"
#include "stores/store_rules.h"
#include "stores/time_text.h"

namespace shunt {
namespace {

// In front of a text that is not sealed but begins like one that is, or with this.
constexpr std::string_view kPlainMark = "plain:";
// What a person can do about it.
constexpr std::string_view kLookAtIt =
    "; restore the database, or look at what was changed and then take it for the truth: `shunt"
    " config rekey --accept-changes`";

// What the seal of a store said that an earlier version had sealed.
constexpr std::string_view kFormat1Text = "shunt";
SealContext Format1Context(std::string_view store_id) { return {"check", store_id}; }

bool IsLook(Sealing sealing) {
  return sealing == Sealing::kLook || sealing == Sealing::kLookExisting;
}

absl::Status At(std::string_view url, const absl::Status& why) {
  return absl::Status(why.code(), absl::StrCat(A(url), ": ", why.message()));
}

absl::Status Foreign(std::string_view what) {
  return absl::DataLossError(absl::StrCat(A(what), A(kLookAtIt)));
}

bool HasSealedText(const ConfigDocument& document) {
  return IsSealed(document.file_salt) ||
         std::any_of(document.keys.begin(), document.keys.end(),
                     [](const ConfigKey& key) { return key.value && IsSealed(*key.value); });
}

}  // namespace

// Seals and opens the texts of one config. The first error stays.
struct SealedStore::Texts {
  const SealedStore& store;
  std::string_view config_id;
  bool believe_plain = false;
  bool believe_format_1 = false;
  absl::Status status = absl::OkStatus();

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
      if (store.keys_ != nullptr && SealFormat(*text) == 1 && !believe_format_1) {
        return Fail(Foreign("a value is encrypted as earlier versions of shunt did"));
      }
      absl::StatusOr<std::string> opened = Unseal(store.keys_.get(), context, *text);
      if (absl::IsDataLoss(opened.status())) return Fail(Foreign(S(opened.status().message())));
      if (!opened.ok()) return Fail(opened.status());
      *text = *std::move(opened);
      return;
    }
    if (!believe_plain) {
      return Fail(Foreign(
          "a value is not encrypted, although the store is: it was put there by another program"));
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
      work({"value", store.store_id_, config_id, generation, key.key, ExactText(key.order)},
           &*key.value);
    }
  }

  // Everything that stands in a row.
  SealContext ContextOf(const JournalRow& row) const {
    std::string keys;
    for (const std::string& key : row.keys) absl::StrAppend(&keys, key.size(), ":", key);
    return {"row",
            store.store_id_,
            config_id,
            row.run_id,
            row.writer,
            ExactText(row.order),
            row.emitted_at_text,
            row.time_source,
            TimeText(row.received_at),
            VerdictName(row.verdict),
            row.reason,
            keys,
            absl::StrCat(row.generation),
            row.unvalidated ? "unvalidated" : "",
            row.alert ? "alert" : ""};
  }
  SealContext Format1ContextOf(const JournalRow& row) const {
    return {"payload", store.store_id_, config_id, row.run_id, row.writer, ExactText(row.order)};
  }

  ConfigDocument Opened(ConfigDocument document) {
    document.store_seal.clear();
    ForEachText(&document,
                [&](const SealContext& context, std::string* text) { Get(context, text); });
    return document;
  }
  std::vector<JournalRow> Opened(std::vector<JournalRow> rows) {
    for (JournalRow& row : rows) {
      const bool format_1 = SealFormat(row.payload) == 1;
      Get(format_1 ? Format1ContextOf(row) : ContextOf(row), &row.payload);
    }
    return rows;
  }

  void SealTexts(ConfigChange* change) {
    if (change->document) {
      ForEachText(&*change->document,
                  [&](const SealContext& context, std::string* text) { Put(context, text); });
    }
    for (JournalRow& row : change->rows) Put(ContextOf(row), &row.payload);
  }
};

// --- opening -----------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<SealedStore>> SealedStore::Open(std::unique_ptr<Store> inner,
                                                               std::shared_ptr<const Keyring> keys,
                                                               Sealing sealing,
                                                               std::string anchor) {
  std::unique_ptr<SealedStore> store(new SealedStore(
      std::move(inner), std::move(keys), sealing == Sealing::kTrust, std::move(anchor)));
  if (absl::Status status = store->Prepare(sealing); !status.ok()) return status;
  return store;
}

absl::Status SealedStore::Prepare(Sealing sealing) {
  // The anchor first: another process may store, and anchor, between the two. What the store says
  // later is as new as the anchor or newer.
  std::optional<SealSeen> seen;
  if (anchor_) {
    absl::StatusOr<std::optional<SealSeen>> read = anchor_->Read();
    if (!read.ok()) return read.status();
    seen = *std::move(read);
  }
  const absl::StatusOr<StoreIdentity> identity = inner_.ReadIdentity();
  if (!identity.ok()) return identity.status();
  store_id_ = identity->store_id;
  if (absl::Status status = HoldAgainstAnchor(seen, *identity); !status.ok()) return status;
  if (keys_ == nullptr) {
    if (identity->seal.empty()) return absl::OkStatus();
    locked_ =
        At(url(),
           absl::PermissionDeniedError("it is encrypted, and there is no key at hand: --key-file"));
    return absl::OkStatus();
  }
  absl::Status status =
      identity->seal.empty() ? PrepareUnsealed(sealing) : PrepareSealed(identity->seal, sealing);
  if (!status.ok() || IsLook(sealing)) return status;
  return KeepAnchor();
}

absl::Status SealedStore::HoldAgainstAnchor(const std::optional<SealSeen>& seen,
                                            const StoreIdentity& identity) {
  if (!seen || trust_) {
    // What is taken for the truth is newer than what was seen before.
    if (seen) Know(seen->revision);
    return absl::OkStatus();
  }
  if (seen->store_id != identity.store_id) {
    return At(url(), Foreign(absl::StrCat("it is not the store that ", anchor_->path(),
                                          " was made for: somebody put another one in its place")));
  }
  if (identity.seal.empty()) {
    return At(url(), Foreign("it was encrypted, and no longer says so"));
  }
  Know(seen->revision);
  return absl::OkStatus();
}

absl::Status SealedStore::KeepAnchor() {
  if (!anchor_) return absl::OkStatus();
  const std::lock_guard<std::mutex> lock(anchor_mutex_);
  const uint64_t revision = Known();
  if (revision <= anchored_) return absl::OkStatus();
  if (absl::Status status = anchor_->Keep({store_id_, revision}, trust_); !status.ok()) {
    return absl::UnavailableError(absl::StrCat(
        "what was stored cannot be noted beside the key: ", status.message(), " (--seal-anchor)"));
  }
  anchored_ = revision;
  return absl::OkStatus();
}

absl::Status SealedStore::PrepareSealed(std::string_view seal, Sealing sealing) {
  sealed_ = true;
  const bool rekey = sealing == Sealing::kRekey || trust_;
  const absl::StatusOr<SealHead> head = OpenHead(seal, Known());
  if (absl::IsPermissionDenied(head.status())) return head.status();
  if (!head.ok() && !trust_ && !IsFormat1(seal)) return head.status();
  if (!head.ok() && !rekey) {
    return absl::InvalidArgumentError(absl::StrCat(
        url(),
        ": an earlier version of shunt encrypted it, value by value: end all runs of that"
        " version, then `shunt config rekey` with this key"));
  }
  if (head.ok()) {
    Know(head->revision);
    const bool done = head->progress == SealHead::Progress::kDone;
    if (done && !trust_) return absl::OkStatus();
    const bool plain = head->progress == SealHead::Progress::kFromPlain;
    if (!rekey && !(plain && sealing == Sealing::kExisting)) {
      return absl::InvalidArgumentError(absl::StrCat(
          url(), ": its encryption was begun and not finished: `shunt config rekey` goes on"));
    }
  }
  return SealEverything();
}

absl::Status SealedStore::PrepareUnsealed(Sealing sealing) {
  const absl::StatusOr<bool> empty = IsEmpty();
  if (!empty.ok()) return empty.status();
  if (!*empty && !trust_) {
    const absl::StatusOr<bool> sealed = HoldsSealedTexts();
    if (!sealed.ok()) return sealed.status();
    if (*sealed) return At(url(), Foreign("it was encrypted, and no longer says so"));
  }
  if (!*empty && (sealing == Sealing::kNew || sealing == Sealing::kLook)) {
    return absl::InvalidArgumentError(absl::StrCat(
        url(),
        ": it is in use and not encrypted, and a key alone does not change that: `shunt"
        " config rekey` with this key, or --seal-store, encrypts the configs of all its"
        " connections; runs without the key end with 5 from then on"));
  }
  if (IsLook(sealing)) return absl::OkStatus();
  sealed_ = true;
  return SealEverything();
}

absl::StatusOr<bool> SealedStore::IsEmpty() {
  const absl::StatusOr<std::vector<std::string>> configs = ListConfigs();
  if (!configs.ok()) return configs.status();
  const absl::StatusOr<std::vector<std::string>> connections = ListConnections();
  if (!connections.ok()) return connections.status();
  return configs->empty() && connections->empty();
}

absl::StatusOr<bool> SealedStore::HoldsSealedTexts() {
  const absl::StatusOr<std::vector<std::string>> ids = ListConfigs();
  if (!ids.ok()) return ids.status();
  for (const std::string& id : *ids) {
    const absl::StatusOr<ConfigDocument> document = inner_.ReadConfig(id);
    if (!document.ok()) return document.status();
    if (HasSealedText(*document)) return true;
    const absl::StatusOr<std::vector<JournalRow>> journal = inner_.ReadJournal(id);
    if (!journal.ok()) return journal.status();
    for (const JournalRow& row : *journal) {
      if (IsSealed(row.payload)) return true;
    }
  }
  return false;
}

// --- the head ----------------------------------------------------------------------------------

absl::StatusOr<SealHead> SealedStore::OpenHead(std::string_view seal, uint64_t revision_min) const {
  if (seal.empty()) return At(url(), Foreign("it was encrypted, and no longer says so"));
  const bool current = SealFormat(seal) == 2;
  const absl::StatusOr<std::string> text =
      Unseal(keys_.get(), current ? HeadContext(store_id_) : Format1Context(store_id_), seal);
  if (absl::IsPermissionDenied(text.status())) return At(url(), text.status());
  const std::optional<SealHead> head = current && text.ok() ? SealHead::Parse(*text) : std::nullopt;
  if (!head) return At(url(), Foreign("what says how it is encrypted was changed"));
  if (head->revision < revision_min && !trust_) {
    return At(url(), Foreign("it is older than it was before: somebody put a copy in its place"));
  }
  return *head;
}

bool SealedStore::IsFormat1(std::string_view seal) const {
  const absl::StatusOr<std::string> text = Unseal(keys_.get(), Format1Context(store_id_), seal);
  return SealFormat(seal) == 1 && text.ok() && *text == kFormat1Text;
}

absl::StatusOr<SealHead> SealedStore::HeadToGoOnFrom(std::string_view seal) const {
  SealHead begun;
  begun.progress = SealHead::Progress::kFromPlain;
  if (seal.empty()) return begun;
  absl::StatusOr<SealHead> head = OpenHead(seal, Known());
  if (head.ok() || absl::IsPermissionDenied(head.status())) return head;
  if (IsFormat1(seal)) {
    begun.progress = SealHead::Progress::kFromFormat1;
  } else if (!trust_) {
    return head.status();
  }
  return begun;
}

std::string SealedStore::Sealed(SealHead* head) const {
  head->revision = std::max(head->revision, Known()) + 1;
  return Seal(*keys_, HeadContext(store_id_), head->ToText());
}

void SealedStore::Know(uint64_t revision) {
  const std::lock_guard<std::mutex> lock(mutex_);
  revision_ = std::max(revision_, revision);
}

uint64_t SealedStore::Known() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return revision_;
}

absl::Status SealedStore::CheckDocument(const SealHead& head, std::string_view config_id,
                                        const ConfigDocument& document) const {
  const auto known = head.documents.find(config_id);
  const char* what = nullptr;
  if (!document.exists()) {
    if (known != head.documents.end()) what = "it was removed";
  } else if (known == head.documents.end()) {
    what = "it was put there by another program";
  } else if (known->second != DigestOf(config_id, document)) {
    what = "it was changed, or an older one was put in its place";
  }
  if (what == nullptr) return absl::OkStatus();
  return At(absl::StrCat(url(), ": config ", A(config_id)), Foreign(what));
}

// --- calls -------------------------------------------------------------------------------------

template <typename Decision>
absl::StatusOr<ConfigChange> SealedStore::Change(std::string_view config_id,
                                                 const ConfigDocument& stored,
                                                 uint64_t revision_min, uint64_t* revision,
                                                 const Decision& decide) const {
  *revision = 0;
  Texts texts{.store = *this, .config_id = config_id, .believe_plain = !sealed_};
  absl::StatusOr<SealHead> head = SealHead();
  if (sealed_) head = OpenHead(stored.store_seal, revision_min);
  if (!head.ok()) return head.status();
  const ConfigDocument opened = texts.Opened(stored);
  if (!texts.status.ok()) return texts.status;
  if (sealed_) {
    if (absl::Status status = CheckDocument(*head, config_id, stored); !status.ok()) return status;
  }
  absl::StatusOr<ConfigChange> change = decide(opened, &texts);
  if (!texts.status.ok()) return texts.status;
  if (!change.ok()) return change;
  texts.SealTexts(&*change);
  if (!sealed_) {
    // Another run may have sealed the store meanwhile.
    change->only_unsealed = true;
  } else if (change->document) {
    head->documents[std::string(config_id)] = DigestOf(config_id, *change->document);
    change->seal = Sealed(&*head);
    *revision = head->revision;
  }
  return change;
}

absl::Status SealedStore::UpdateConfig(std::string_view config_id, const Decide& decide) {
  if (!locked_.ok()) return locked_;
  const uint64_t revision_min = Known();
  uint64_t revision = 0;
  absl::Status status = inner_.UpdateConfig(config_id, [&](const ConfigDocument& stored) {
    return Change(config_id, stored, revision_min, &revision,
                  [&](const ConfigDocument& opened, Texts*) { return decide(opened); });
  });
  if (!status.ok()) return status;
  Know(revision);
  return KeepAnchor();
}

absl::Status SealedStore::RewriteConfig(std::string_view config_id, const Rewrite& rewrite) {
  if (!locked_.ok()) return locked_;
  const uint64_t revision_min = Known();
  uint64_t revision = 0;
  absl::Status status = inner_.RewriteConfig(
      config_id, [&](const ConfigDocument& stored, const std::vector<JournalRow>& journal) {
        return Change(
            config_id, stored, revision_min, &revision,
            [&](const ConfigDocument& opened, Texts* texts) -> absl::StatusOr<ConfigChange> {
              const std::vector<JournalRow> rows = texts->Opened(journal);
              if (!texts->status.ok()) return texts->status;
              return rewrite(opened, rows);
            });
      });
  if (!status.ok()) return status;
  Know(revision);
  return KeepAnchor();
}

absl::StatusOr<ConfigDocument> SealedStore::ReadConfig(std::string_view config_id) {
  if (!locked_.ok()) return locked_;
  const uint64_t revision_min = Known();
  absl::StatusOr<ConfigDocument> stored = inner_.ReadConfig(config_id);
  if (!stored.ok()) return stored;
  Texts texts{.store = *this, .config_id = config_id, .believe_plain = !sealed_};
  absl::StatusOr<SealHead> head = SealHead();
  if (sealed_) head = OpenHead(stored->store_seal, revision_min);
  if (keys_ == nullptr && !stored->store_seal.empty()) head = SealedMeanwhile();
  if (!head.ok()) return head.status();
  ConfigDocument opened = texts.Opened(*stored);
  if (!texts.status.ok()) return texts.status;
  if (!sealed_) return opened;
  if (absl::Status status = CheckDocument(*head, config_id, *stored); !status.ok()) return status;
  Know(head->revision);
  return opened;
}

absl::StatusOr<std::vector<JournalRow>> SealedStore::ReadJournal(std::string_view config_id) {
  if (!locked_.ok()) return locked_;
  absl::StatusOr<std::vector<JournalRow>> stored = inner_.ReadJournal(config_id);
  if (!stored.ok()) return stored;
  Texts texts{.store = *this, .config_id = config_id, .believe_plain = !sealed_};
  std::vector<JournalRow> opened = texts.Opened(*std::move(stored));
  if (!texts.status.ok()) return texts.status;
  return opened;
}

// --- sealing what is there ---------------------------------------------------------------------

absl::Status SealedStore::EditHead(const std::function<void(SealHead*)>& edit) {
  uint64_t revision = 0;
  absl::Status status =
      inner_.UpdateSeal([&](std::string_view seal) -> absl::StatusOr<std::string> {
        absl::StatusOr<SealHead> head = HeadToGoOnFrom(seal);
        if (!head.ok()) return head.status();
        edit(&*head);
        std::string edited = Sealed(&*head);
        revision = head->revision;
        return edited;
      });
  if (status.ok()) Know(revision);
  return status;
}

absl::StatusOr<int> SealedStore::SealAll() {
  if (keys_ == nullptr) return absl::InvalidArgumentError("there is no key to encrypt with");
  if (absl::Status status = SealEverything(); !status.ok()) return status;
  return std::exchange(changed_, 0);
}

absl::Status SealedStore::SealEverything() {
  // First: from now on, no run without a key writes anything.
  if (absl::Status status = EditHead([](SealHead*) {}); !status.ok()) return status;
  const absl::StatusOr<StoreIdentity> identity = inner_.ReadIdentity();
  if (!identity.ok()) return identity.status();
  const absl::StatusOr<SealHead> head = OpenHead(identity->seal, Known());
  if (!head.ok()) return head.status();
  const absl::StatusOr<std::vector<std::string>> listed = ListConfigs();
  if (!listed.ok()) return listed.status();
  std::set<std::string> ids(listed->begin(), listed->end());
  for (const auto& [id, digest] : head->documents) ids.insert(id);
  for (const std::string& id : ids) {
    absl::StatusOr<std::size_t> sealed = SealSome(id);
    if (sealed.ok() && *sealed > 0) ++changed_;
    while (sealed.ok() && *sealed == kSealedAtOnce) sealed = SealSome(id);
    if (!sealed.ok()) return sealed.status();
  }
  absl::Status done =
      EditHead([](SealHead* sealed) { sealed->progress = SealHead::Progress::kDone; });
  return done.ok() ? KeepAnchor() : done;
}

absl::StatusOr<std::size_t> SealedStore::SealSome(const std::string& config_id) {
  std::size_t sealed = 0;
  absl::Status status = inner_.RewriteConfig(
      config_id, [&](const ConfigDocument& stored, const std::vector<JournalRow>& journal) {
        absl::StatusOr<ConfigChange> change = SealingChange(config_id, stored, journal);
        sealed = change.ok() ? change->rows.size() + (change->document ? 1 : 0) : 0;
        return change;
      });
  if (!status.ok()) return status;
  return sealed;
}

absl::StatusOr<ConfigChange> SealedStore::SealingChange(
    const std::string& config_id, const ConfigDocument& stored,
    const std::vector<JournalRow>& journal) const {
  using Progress = SealHead::Progress;
  absl::StatusOr<SealHead> head = OpenHead(stored.store_seal, Known());
  if (!head.ok()) return head.status();
  const auto is_ours = [&](std::string_view text) {
    return SealFormat(text) == 2 && SealKeyId(text) == keys_->first_id();
  };
  // The head does not know it yet, and is not meant to.
  const bool fresh = head->progress != Progress::kDone && !head->documents.contains(config_id);
  const absl::Status fits = fresh ? absl::OkStatus() : CheckDocument(*head, config_id, stored);
  if (!fits.ok() && !trust_) return fits;
  if (fresh && head->progress == Progress::kFromPlain && HasSealedText(stored) && !trust_) {
    return At(url(), Foreign("it was encrypted, and no longer says so"));
  }
  Texts texts{.store = *this,
              .config_id = config_id,
              .believe_plain = trust_ || (fresh && head->progress == Progress::kFromPlain),
              .believe_format_1 = trust_ || (fresh && head->progress == Progress::kFromFormat1)};
  ConfigChange change;
  bool stale = stored.exists() && (fresh || !fits.ok());
  if (!stored.file_salt.empty()) stale |= !is_ours(stored.file_salt);
  for (const ConfigKey& key : stored.keys) stale |= key.value && !is_ours(*key.value);
  if (stale && stored.exists()) change.document = texts.Opened(stored);
  // Rows are in no head; while the store is being encrypted, some come later than their document.
  texts.believe_plain = trust_ || head->progress == Progress::kFromPlain;
  texts.believe_format_1 = trust_ || head->progress == Progress::kFromFormat1;
  const std::size_t rows_max = kSealedAtOnce - (change.document ? 1 : 0);
  for (const JournalRow& row : journal) {
    if (change.rows.size() == rows_max) break;
    if (!is_ours(row.payload)) change.rows.push_back(row);
  }
  change.rows = texts.Opened(std::move(change.rows));
  if (!texts.status.ok()) return texts.status;
  texts.SealTexts(&change);
  if (change.document) {
    head->documents[config_id] = DigestOf(config_id, *change.document);
    change.seal = Sealed(&*head);
  } else if (!fits.ok()) {
    head->documents.erase(config_id);
    change.seal = Sealed(&*head);
  }
  return change;
}

}  // namespace shunt
