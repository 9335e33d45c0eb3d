#include "stores/postgres_session.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/clock.h"
#include "platform/io.h"

namespace shunt {
namespace {

// Fixed by PostgreSQL for ever (pg_type.dat).
constexpr unsigned kBool = 16, kBytes = 17, kInt8 = 20, kText = 25, kFloat8 = 701;
constexpr int kBinary = 1;
constexpr std::string_view kStoodStill = "25P03", kLocked = "55P03";
// Values of this many bytes wait in libpq's buffer for the statements behind them, and one more. A
// pipeline that goes out whole is not half there when this process is stopped.
constexpr std::size_t kSendTogetherMax = std::size_t{64} << 10;
// How often somebody who waits looks whether to hurry.
constexpr absl::Duration kLookAround = absl::Milliseconds(100);

uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t bits = 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<unsigned char>(byte);
  return bits;
}

// libpq would print notices to stderr, and they may quote values.
void IgnoreNotice(void*, const PGresult*) {}

}  // namespace

PostgresParameter::PostgresParameter(std::string_view bytes) : type_(kBytes), bytes_(bytes) {}
PostgresParameter::PostgresParameter(const char* bytes)
    : PostgresParameter(std::string_view(bytes)) {}
PostgresParameter::PostgresParameter(const std::string& bytes)
    : PostgresParameter(std::string_view(bytes)) {}
PostgresParameter::PostgresParameter(const std::optional<std::string>& bytes)
    : type_(kBytes), null_(!bytes) {
  if (bytes) bytes_ = *bytes;
}
PostgresParameter::PostgresParameter(Text text) : type_(kText), bytes_(text.text) {}
PostgresParameter::PostgresParameter(int64_t number) : type_(kInt8) {
  SetNumber(kInt8, static_cast<uint64_t>(number));
}
PostgresParameter::PostgresParameter(int number) : PostgresParameter(int64_t{number}) {}
PostgresParameter::PostgresParameter(double number) : type_(kFloat8) {
  SetNumber(kFloat8, std::bit_cast<uint64_t>(number));
}
PostgresParameter::PostgresParameter(bool value) : type_(kBool) {
  is_number_ = true;
  number_[0] = value ? 1 : 0;
  number_bytes_ = 1;
}

PostgresParameter PostgresParameter::Null() {
  PostgresParameter parameter(int64_t{0});
  parameter.null_ = true;
  return parameter;
}

void PostgresParameter::SetNumber(unsigned type, uint64_t bits) {
  type_ = type;
  is_number_ = true;
  number_bytes_ = sizeof(bits);
  for (std::size_t i = 0; i < sizeof(bits); ++i) {
    number_[i] = static_cast<char>(bits >> (8 * (sizeof(bits) - 1 - i)) & 0xff);
  }
}

const char* PostgresParameter::data() const {
  if (null_) return nullptr;
  if (is_number_) return number_.data();
  return bytes_.data() == nullptr ? "" : bytes_.data();  // an empty value is not NULL
}

int PostgresParameter::size() const {
  return is_number_ ? number_bytes_ : static_cast<int>(bytes_.size());
}

bool PostgresRow::IsNull(int column) const {
  return libpq_.PQgetisnull(result_, row_, column) != 0;
}

std::string_view PostgresRow::Bytes(int column) const {
  return {libpq_.PQgetvalue(result_, row_, column),
          static_cast<std::size_t>(libpq_.PQgetlength(result_, row_, column))};
}

uint64_t PostgresRow::Bits(int column, std::size_t bytes) const {
  if (IsNull(column)) return 0;
  const std::string_view value = Bytes(column);
  if (value.size() == bytes) return FromBigEndian(value);
  misread_ = true;
  return 0;
}

int64_t PostgresRow::Int(int column) const {
  return static_cast<int64_t>(Bits(column, sizeof(int64_t)));
}
double PostgresRow::Real(int column) const {
  return std::bit_cast<double>(Bits(column, sizeof(double)));
}
bool PostgresRow::Bool(int column) const { return Bits(column, 1) != 0; }
std::string PostgresRow::Text(int column) const { return std::string(Bytes(column)); }
std::optional<std::string> PostgresRow::OptionalText(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

void PostgresSession::Drop() {
  if (connection_ != nullptr) libpq_.PQfinish(connection_);
  connection_ = nullptr;
}

absl::Status PostgresSession::TooLate() const {
  return absl::UnavailableError(absl::StrCat(target_.url, ": the server does not answer"));
}

absl::Duration PostgresSession::Left(absl::Duration deadline) {
  const absl::Duration now = SystemClock().MonoNow();
  if (!hurried_since_ && hurry_ && hurry_()) hurried_since_ = now;
  if (hurried_since_) deadline = std::min(deadline, *hurried_since_ + kHurriedMax);
  return deadline - now;
}

PostgresSession::Waited PostgresSession::WaitFor(bool read, bool write, absl::Duration deadline) {
  while (true) {
    const absl::Duration left = Left(deadline);
    if (left <= absl::ZeroDuration()) return Waited::kTooLate;
    std::array<PollRequest, 2> requests = {
        PollRequest{libpq_.PQsocket(connection_), read, write, false},
        PollRequest{interrupt_fd_, true, false, false}};
    Poll(requests, hurry_ ? std::min(left, kLookAround) : left);
    if (requests[0].ready) return Waited::kReady;
    if (requests[1].ready) return Waited::kTooLate;
  }
}

PostgresAnswer PostgresSession::CannotConnect() {
  const std::string_view said = libpq_.PQerrorMessage(connection_);
  const std::string sqlstate(SqlstateOfConnectError(said));
  const bool needs_password = libpq_.PQconnectionNeedsPassword(connection_) != 0;
  Drop();
  if (!sqlstate.empty()) {
    PostgresFailure failure = ExplainPostgres(target_.url, sqlstate);
    return {std::move(failure.status), failure.transient, true};
  }
  if (needs_password) {
    return {absl::UnavailableError(absl::StrCat(
                target_.url,
                ": the server wants a password, and there is none: ~/.pgpass (0600), PGPASSWORD or"
                " a service file (PGSERVICE)")),
            false, true};
  }
  return {absl::UnavailableError(absl::StrCat(
              target_.url, ": the server cannot be reached",
              target_.verified_tls
                  ? ", or its TLS certificate does not prove its name (sslmode=verify-full is the"
                    " default for another machine: set sslrootcert, or another sslmode)"
                  : "")),
          true, true};
}

PostgresAnswer PostgresSession::Connect(absl::Duration deadline) {
  if (connection_ != nullptr && libpq_.PQstatus(connection_) == CONNECTION_OK) return {};
  Drop();
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : target_.options) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = libpq_.PQconnectStartParams(keywords.data(), values.data(), 0);
  if (connection_ == nullptr) return {absl::UnavailableError("no memory for libpq"), false, true};
  libpq_.PQsetErrorVerbosity(connection_, PQERRORS_SQLSTATE);
  libpq_.PQsetNoticeReceiver(connection_, IgnoreNotice, nullptr);
  if (libpq_.PQstatus(connection_) == CONNECTION_BAD) return CannotConnect();
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (WaitFor(state == PGRES_POLLING_READING, state == PGRES_POLLING_WRITING, deadline) !=
        Waited::kReady) {
      Drop();
      return {.status = TooLate(), .transient = true, .silent = true};
    }
    state = libpq_.PQconnectPoll(connection_);
    if (state == PGRES_POLLING_FAILED) return CannotConnect();
  }
  if (libpq_.PQsetnonblocking(connection_, 1) != 0 ||
      libpq_.PQenterPipelineMode(connection_) != 1) {
    return CannotConnect();
  }
  return {};
}

// Until the kernel has all of it. What the server answers meanwhile is read, so that the two never
// wait for each other.
PostgresSession::Waited PostgresSession::Flush(absl::Duration deadline) {
  while (true) {
    const int left = libpq_.PQflush(connection_);
    if (left < 0) return Waited::kLost;
    if (left == 0) return Waited::kReady;
    const Waited waited = WaitFor(true, true, deadline);
    if (waited != Waited::kReady) return waited;
    if (libpq_.PQconsumeInput(connection_) == 0) return Waited::kLost;
  }
}

PostgresSession::Waited PostgresSession::AwaitAnswer(absl::Duration deadline) {
  while (libpq_.PQisBusy(connection_) != 0) {
    const Waited waited = WaitFor(true, false, deadline);
    if (waited != Waited::kReady) return waited;
    if (libpq_.PQconsumeInput(connection_) == 0) return Waited::kLost;
  }
  return Waited::kReady;
}

PostgresSession::Waited PostgresSession::Send(std::span<const PostgresStatement> statements,
                                              absl::Duration deadline) {
  std::vector<unsigned> types;
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  std::size_t unsent_bytes = 0;
  for (const PostgresStatement& statement : statements) {
    types.clear(), values.clear(), lengths.clear();
    for (const PostgresParameter& parameter : statement.parameters) {
      types.push_back(parameter.type());
      values.push_back(parameter.data());
      lengths.push_back(parameter.size());
      unsent_bytes += static_cast<std::size_t>(parameter.size());
    }
    formats.assign(types.size(), kBinary);
    if (libpq_.PQsendQueryParams(connection_, statement.sql, static_cast<int>(types.size()),
                                 types.data(), values.data(), lengths.data(), formats.data(),
                                 kBinary) != 1) {
      return Waited::kLost;
    }
    if (unsent_bytes < kSendTogetherMax) continue;
    if (const Waited sent = Flush(deadline); sent != Waited::kReady) return sent;
    unsent_bytes = 0;
  }
  if (libpq_.PQpipelineSync(connection_) != 1) return Waited::kLost;
  return Flush(deadline);
}

void PostgresSession::NoteError(const PGresult* result, PostgresAnswer& answer) const {
  if (!answer.status.ok()) return;  // the first one counts
  const char* const sqlstate = libpq_.PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* const severity = libpq_.PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  PostgresFailure failure = ExplainPostgres(target_.url, sqlstate == nullptr ? "" : sqlstate);
  answer.status = std::move(failure.status);
  answer.transient = failure.transient;
  answer.locked = sqlstate != nullptr && std::string_view(sqlstate) == kLocked;
  // FATAL also ends a session that waits for a standby after it has committed; but a transaction
  // that the server ended because it stood still had not yet been told to commit.
  answer.certain = (severity != nullptr && std::string_view(severity) == "ERROR") ||
                   (sqlstate != nullptr && std::string_view(sqlstate) == kStoodStill);
}

void PostgresSession::Take(const PostgresStatement& statement, const PGresult* result,
                           PostgresAnswer& answer) const {
  if (!statement.on_row) return;
  const int rows = libpq_.PQntuples(result);
  for (int i = 0; i < rows; ++i) {
    const PostgresRow row(libpq_, result, i);
    absl::Status taken = statement.on_row(row);
    if (row.misread()) {
      taken = absl::DataLossError(
          absl::StrCat(target_.url, ": its tables are not those of a shunt store"));
    }
    if (!taken.ok() && answer.status.ok()) answer.status = taken;
  }
}

// All results of one statement, which is followed by a nullptr.
PostgresSession::Waited PostgresSession::Receive(const PostgresStatement& statement,
                                                 absl::Duration deadline, PostgresAnswer& answer) {
  bool first = true;
  while (true) {
    if (first && statement.on_row) libpq_.PQsetSingleRowMode(connection_);
    first = false;
    if (const Waited waited = AwaitAnswer(deadline); waited != Waited::kReady) return waited;
    const std::unique_ptr<PGresult, decltype(libpq_.PQclear)> result(
        libpq_.PQgetResult(connection_), libpq_.PQclear);
    if (result == nullptr) return Waited::kReady;
    switch (libpq_.PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:  // without rows after single ones; with all of them if none were
                             // granted
        Take(statement, result.get(), answer);
        break;
      case PGRES_COMMAND_OK:
        if (statement.affected != nullptr) {
          const std::string_view text = libpq_.PQcmdTuples(result.get());
          std::from_chars(text.data(), text.data() + text.size(), *statement.affected);
        }
        break;
      case PGRES_PIPELINE_ABORTED:
        break;
      default:
        NoteError(result.get(), answer);
        if (libpq_.PQstatus(connection_) != CONNECTION_OK) return Waited::kLost;
    }
  }
}

PostgresSession::Waited PostgresSession::ReceiveSync(absl::Duration deadline) {
  if (const Waited waited = AwaitAnswer(deadline); waited != Waited::kReady) return waited;
  const std::unique_ptr<PGresult, decltype(libpq_.PQclear)> result(libpq_.PQgetResult(connection_),
                                                                   libpq_.PQclear);
  const bool in_step = libpq_.PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC;
  return in_step ? Waited::kReady : Waited::kLost;
}

PostgresAnswer PostgresSession::Broken(Waited how, PostgresAnswer so_far) {
  // An error that the server gave before the connection broke says more than the break.
  if (so_far.status.ok()) {
    so_far = how == Waited::kTooLate
                 ? PostgresAnswer{.status = TooLate(),
                                  .transient = true,
                                  .certain = false,
                                  .silent = true}
                 : PostgresAnswer{ExplainPostgres(target_.url, "").status, true, false};
  }
  Drop();
  return so_far;
}

PostgresAnswer PostgresSession::SendAndReceive(std::span<const PostgresStatement> statements,
                                               absl::Duration deadline) {
  PostgresAnswer answer;
  Waited waited = Send(statements, deadline);
  // Also when sending failed: the server may have said why before it closed.
  if (waited == Waited::kTooLate) return Broken(waited, answer);
  for (const PostgresStatement& statement : statements) {
    const Waited received = Receive(statement, deadline, answer);
    if (received != Waited::kReady) return Broken(received, std::move(answer));
  }
  if (waited == Waited::kReady) waited = ReceiveSync(deadline);
  if (waited != Waited::kReady) return Broken(waited, std::move(answer));
  return answer;
}

PostgresAnswer PostgresSession::Run(std::span<const PostgresStatement> statements,
                                    absl::Duration deadline) {
  if (connection_ == nullptr) return {ExplainPostgres(target_.url, "").status, true, true};
  PostgresAnswer answer = SendAndReceive(statements, deadline);
  if (!answer.status.ok()) Rollback(deadline);
  return answer;
}

void PostgresSession::Rollback(absl::Duration deadline) {
  if (connection_ == nullptr || libpq_.PQtransactionStatus(connection_) == PQTRANS_IDLE) return;
  const PostgresStatement rollback{"ROLLBACK"};
  if (!SendAndReceive({&rollback, 1}, deadline).status.ok()) Drop();
}

}  // namespace shunt
