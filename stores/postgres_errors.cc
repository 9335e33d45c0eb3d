#include "stores/postgres_errors.h"

#include "absl/strings/str_cat.h"
#include "platform/strings.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

struct Meaning {
  std::string_view prefix;  // of the SQLSTATE
  StatusCode code;
  bool transient;
  std::string_view text;
};

// The first prefix that fits decides; "" fits everything.
constexpr Meaning kMeanings[] = {
    {"08", StatusCode::kUnavailable, true, "the connection was lost or refused"},
    {"0A", StatusCode::kUnavailable, false, "the server is too old, or is no PostgreSQL"},
    {"22", StatusCode::kInternal, false, "the server refused a value"},
    {"23505", StatusCode::kInternal, true, "somebody else wrote the same row"},
    {"23", StatusCode::kInternal, false, "a value breaks a rule of the tables"},
    {"25006", StatusCode::kUnavailable, false,
     "the server is read-only (a standby?): name the primary, or add"
     " target_session_attrs=read-write to the URL"},
    {"25P03", StatusCode::kUnavailable, true, "the server ended a transaction that stood still"},
    {"28", StatusCode::kUnavailable, false,
     "the server refused the login: look at the user, its password (~/.pgpass, PGPASSWORD,"
     " PGSERVICE) and pg_hba.conf"},
    {"3D000", StatusCode::kUnavailable, false, "there is no such database: create it first"},
    {"3F", StatusCode::kDataLoss, false, "its tables are not those of a shunt store"},
    {"40", StatusCode::kUnavailable, true, "it lost against another transaction too often"},
    {"42501", StatusCode::kUnavailable, false,
     "the user may not: it needs CREATE on the database for the first start, and owns the schema"
     " shunt, or has all rights on it and its tables"},
    {"42", StatusCode::kDataLoss, false, "its tables are not those of a shunt store"},
    {"53100", StatusCode::kUnavailable, false, "the server's disk is full"},
    {"53300", StatusCode::kUnavailable, true, "the server has too many connections"},
    {"53", StatusCode::kUnavailable, true, "the server is out of resources"},
    {"54", StatusCode::kInvalidArgument, false, "a value is too big"},
    {"55P03", StatusCode::kUnavailable, true, "locked by another worker for too long"},
    {"57014", StatusCode::kUnavailable, true, "the server cancelled a statement"},
    {"57P", StatusCode::kUnavailable, true, "the server is starting or shutting down"},
    {"58", StatusCode::kUnavailable, false, "the server's storage failed"},
    {"XX001", StatusCode::kDataLoss, false, "the server says that its data are damaged"},
    {"XX002", StatusCode::kDataLoss, false, "the server says that an index is damaged"},
    {"", StatusCode::kUnavailable, false, "the server answered with an error"},
};

bool IsCodeCharacter(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

}  // namespace

PostgresFailure ExplainPostgres(std::string_view url, std::string_view sqlstate) {
  if (sqlstate.empty()) {
    return {absl::UnavailableError(absl::StrCat(A(url), ": the connection was lost")), true};
  }
  for (const Meaning& meaning : kMeanings) {
    if (!sqlstate.starts_with(meaning.prefix)) continue;
    return {absl::Status(meaning.code, absl::StrCat(A(url), ": ", A(meaning.text), " (SQLSTATE ",
                                                    A(sqlstate), ")")),
            meaning.transient};
  }
  return {absl::InternalError(A(url)), false};  // not reached: the last row fits everything
}

std::string_view SqlstateOfConnectError(std::string_view message) {
  while (message.ends_with('\n')) message.remove_suffix(1);
  constexpr std::size_t kCodeBytes = 5;
  if (message.size() < kCodeBytes + 3) return "";
  const std::string_view code = message.substr(message.size() - kCodeBytes);
  const std::string_view before = message.substr(0, message.size() - kCodeBytes);
  if (!before.ends_with(":  ")) return "";
  for (const char c : code) {
    if (!IsCodeCharacter(c)) return "";
  }
  return code;
}

}  // namespace shunt
