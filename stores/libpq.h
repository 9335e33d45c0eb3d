// PostgreSQL's client library, loaded when the first store on PostgreSQL is opened. Linked in, it
// would bring twenty libraries (TLS, Kerberos, LDAP) and 6 MB of memory into every run of the
// program, of which few need it (ADR 9).
//
// Threads: thread-safe. Errors: Unavailable when the library is missing or too old.
#pragma once

#include <postgresql/libpq-fe.h>

#include "absl/status/statusor.h"

namespace shunt {

#define SHUNT_LIBPQ_FUNCTIONS(F) \
  F(PQclear)                     \
  F(PQcmdTuples)                 \
  F(PQconnectPoll)               \
  F(PQconnectStartParams)        \
  F(PQconndefaults)              \
  F(PQconnectionNeedsPassword)   \
  F(PQconninfoFree)              \
  F(PQconninfoParse)             \
  F(PQconsumeInput)              \
  F(PQenterPipelineMode)         \
  F(PQerrorMessage)              \
  F(PQfinish)                    \
  F(PQflush)                     \
  F(PQfreemem)                   \
  F(PQgetisnull)                 \
  F(PQgetlength)                 \
  F(PQgetResult)                 \
  F(PQgetvalue)                  \
  F(PQisBusy)                    \
  F(PQntuples)                   \
  F(PQpipelineSync)              \
  F(PQresultErrorField)          \
  F(PQresultStatus)              \
  F(PQsendQueryParams)           \
  F(PQsetErrorVerbosity)         \
  F(PQsetNoticeReceiver)         \
  F(PQsetnonblocking)            \
  F(PQsetSingleRowMode)          \
  F(PQsocket)                    \
  F(PQstatus)                    \
  F(PQtransactionStatus)

struct Libpq {
#define SHUNT_LIBPQ_MEMBER(name) decltype(::name)* name = nullptr;
  SHUNT_LIBPQ_FUNCTIONS(SHUNT_LIBPQ_MEMBER)
#undef SHUNT_LIBPQ_MEMBER
};

// The one and only; lives for ever.
absl::StatusOr<const Libpq*> LoadLibpq();

}  // namespace shunt
