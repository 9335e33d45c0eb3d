// What a postgresql:// URL may say, what is shown of it, and what the codes of the server mean.
#include "stores/postgres_target.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <optional>
#include <string>

#include "stores/postgres_errors.h"
#include "stores/store.h"
#include "stores/url_password.h"

namespace shunt {
namespace {

using ::absl::StatusCode;

absl::StatusOr<PostgresTarget> Parse(const std::string& url) {
  return ParsePostgresUrl(**LoadLibpq(), url);
}

std::string Shown(const std::string& url) { return Parse(url).value().url; }

std::optional<std::string> OptionOf(const std::string& url, const std::string& name) {
  const PostgresTarget target = Parse(url).value();
  for (const auto& [keyword, value] : target.options) {
    if (keyword == name) return value;
  }
  return std::nullopt;
}

TEST(PostgresUrl, IsKnownByItsScheme) {
  EXPECT_TRUE(IsPostgresUrl("postgresql://host/db"));
  EXPECT_TRUE(IsPostgresUrl("postgres://host/db"));
  EXPECT_FALSE(IsPostgresUrl("postgresql:db"));
  EXPECT_FALSE(IsPostgresUrl("sqlite:postgresql://"));
}

TEST(PostgresUrl, ShowsWhereTheStoreIsAndNothingElse) {
  EXPECT_EQ(Shown("postgresql://me@db.example:5433/shop?application_name=x&sslkey=/k"),
            "postgresql://me@db.example:5433/shop");
  EXPECT_EQ(Shown("postgres://one,two:6/shop?target_session_attrs=read-write"),
            "postgresql://one,two:,6/shop");
  EXPECT_EQ(Shown("postgresql:///shop?host=/run/postgresql&passfile=/secret"),
            "postgresql:///shop?host=/run/postgresql");
  EXPECT_EQ(Shown("postgresql://m%40e@h/a%2Fb"), "postgresql://m%40e@h/a%2fb");
}

TEST(PostgresUrl, WithAPasswordIsRefusedWhereverItStands) {
  for (const char* url :
       {"postgresql://me:hunter2@host/db", "postgresql://host/db?password=hunter2",
        "postgresql://host/db?user=me&password=hunter2", "postgresql://host/db?%70assword=hunter2",
        "postgresql:///db?host=/tmp&sslpassword=hunter2", "postgres://:hunter2@host/db",
        "postgresql://me%3Ahunter2@host/db", "postgresql://me:%68unter2@host/db",
        "postgresql://host/db?%50ASSWORD=hunter2",
        "postgresql://host/db?oauth_client_secret=hunter2",
        "postgresql://host/db?scram_client_key=hunter2", "host=db user=me password=hunter2",
        "user=me password = 'hunter2' host=db", "postgresql:host=db password=hunter2",
        "mysql://me:hunter2@host/db"}) {
    const absl::Status status = OpenStore(url).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << url;
    EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << status;
    EXPECT_NE(status.message().find("password"), std::string::npos) << status;
    for (const char* instead : {"~/.pgpass", "PGPASSWORD", "PGSERVICE"}) {
      EXPECT_NE(status.message().find(instead), std::string::npos) << status;
    }
  }
}

TEST(PostgresUrl, WithTheNameOfAPasswordFileIsNone) {
  for (const char* url :
       {"postgresql://me@host/db?passfile=/password", "postgresql://host/password",
        "sqlite:/tmp/password=x/store.db", "postgresql://me@host/db%40x:y"}) {
    EXPECT_FALSE(HasPassword(url)) << url;
  }
}

TEST(PostgresUrl, ThatIsNotUnderstoodIsNotRepeated) {
  for (const char* url : {"postgresql://host/db?hunter2=1", "postgresql://host:port:hunter2/",
                          "postgresql://host/db?password", "postgresql://[hunter2"}) {
    const absl::Status status = OpenStore(url).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << url;
    EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << status;
  }
}

TEST(PostgresUrl, OfAnotherMachineAsksForVerifiedTls) {
  ::unsetenv("PGSSLMODE");
  ::unsetenv("PGHOST");
  for (const char* url :
       {"postgresql://db.example/x", "postgresql://10.0.0.1/x",
        "postgresql://localhost,db.example/x", "postgresql:///x?hostaddr=10.0.0.1",
        "postgresql://localhost.evil/x", "postgresql://127.evil.example/x",
        "postgresql://127.0.0.1.evil/x", "postgresql://127.0.0.256/x", "postgresql://127.0.0.+1/x",
        "postgresql://127.0.0/x", "postgresql://127.0.0.1.1/x", "postgresql://128.0.0.1/x",
        "postgresql:///x?hostaddr=127.evil"}) {
    EXPECT_EQ(OptionOf(url, "sslmode"), "verify-full") << url;
  }
  for (const char* url : {"postgresql:///x", "postgresql://localhost/x", "postgresql://127.0.0.1/x",
                          "postgresql://127.9.0.255/x", "postgresql://[::1]/x",
                          "postgresql:///x?host=/run/postgresql"}) {
    EXPECT_EQ(OptionOf(url, "sslmode"), std::nullopt) << url;
  }
}

TEST(PostgresUrl, MayChooseItsTls) {
  EXPECT_EQ(OptionOf("postgresql://db.example/x?sslmode=require", "sslmode"), "require");
  EXPECT_EQ(OptionOf("postgresql:///x?service=shop", "sslmode"), std::nullopt);
  ::setenv("PGSSLMODE", "verify-ca", 1);
  EXPECT_EQ(OptionOf("postgresql://db.example/x", "sslmode"), std::nullopt);
  ::unsetenv("PGSSLMODE");
  ::setenv("PGHOST", "db.example", 1);
  EXPECT_EQ(OptionOf("postgresql:///x", "sslmode"), "verify-full");
  ::unsetenv("PGHOST");
}

TEST(PostgresErrors, AreTransientWhenTheyMayPass) {
  for (const char* code :
       {"", "08006", "40001", "40P01", "53300", "57P01", "57P03", "25P03", "55P03"}) {
    EXPECT_TRUE(ExplainPostgres("url", code).transient) << code;
  }
  for (const char* code : {"28P01", "3D000", "42501", "25006", "53100", "XX001"}) {
    EXPECT_FALSE(ExplainPostgres("url", code).transient) << code;
  }
}

TEST(PostgresErrors, SayWhereAndWhich) {
  const absl::Status status = ExplainPostgres("postgresql:///shop", "53100").status;
  EXPECT_EQ(status.message(), "postgresql:///shop: the server's disk is full (SQLSTATE 53100)");
  EXPECT_EQ(ExplainPostgres("url", "42P01").status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(ExplainPostgres("url", "54000").status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ExplainPostgres("url", "99999").status.code(), StatusCode::kUnavailable);
}

TEST(PostgresErrors, AreFoundInWhatLibpqSaysOfAConnection) {
  EXPECT_EQ(SqlstateOfConnectError("connection to server on socket \"/x\" failed: FATAL:  3D000\n"),
            "3D000");
  EXPECT_EQ(SqlstateOfConnectError("one failed\ntwo failed: FATAL:  57P03\n"), "57P03");
  for (const char* text : {"", "57P03", "failed: No such file or directory\n\tIs it running?\n",
                           "FATAL:  57p03\n", ": 57P03"}) {
    EXPECT_EQ(SqlstateOfConnectError(text), "") << text;
  }
}

}  // namespace
}  // namespace shunt
