// What of a command line is shown, and what of it is looked for elsewhere.
#include "secrets/command_secrets.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace shunt {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CommandSecrets, AreHiddenByPlaceHoweverShort) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"source --token ab12 read", "source --token ********** read"},
      {"source --token='a b' read", "source --token=********** read"},
      {"source --api-key=x1 -v", "source --api-key=********** -v"},
      {"source -p hunter2 -P 5432", "source -p ********** -P 5432"},
      {"java -password ab12 -jar x.jar", "java -password ********** -jar x.jar"},
      {"env API_TOKEN=ab12 LANG=C source", "env API_TOKEN=********** LANG=C source"},
      {"docker run -e API_KEY=ab12 --env=SECRET=cd34 image",
       "docker run -e API_KEY=********** --env=SECRET=********** image"},
      {"curl -u me:ab12 -H 'X-Api-Key: cd34' x",
       "curl -u me:********** -H 'X-Api-Key: **********' x"},
      {"tap --dsn postgres://me:ab12@host/db", "tap --dsn postgres://me:**********@host/db"},
      {"tap '{\"password\":\"ab12\",\"host\":\"h\"}'",
       "tap '{\"password\":\"**********\",\"host\":\"h\"}'"},
      {"sh -c 'tap --token ab12'", "sh -c 'tap --token **********'"},
      {"sh -c 'tap --token ab12 --url https://host/x'",
       "sh -c 'tap --token ********** --url https://host/x'"},
  };
  for (const auto& [command, shown] : cases) EXPECT_EQ(MaskCommand(command), shown);
}

TEST(CommandSecrets, AreLookedForElsewhere) {
  EXPECT_THAT(SecretsOfCommand("x --token 'a b1' API_KEY=cd34 -u me:pa:ss"),
              ElementsAre("a b1", "cd34", "pa:ss"));
}

TEST(CommandSecrets, AHarmlessCommandStaysAsItIs) {
  for (const std::string command :
       {"source  read --config x", "docker run -p 8080:80 image", "tap --port 5432 -p 5432",
        "tap --token-file /run/t --key-file k --password-env PW", "x --token --verbose",
        "tap --url https://host/path?x=y", "python -m tap -p ./dir", "unbalanced 'quote"}) {
    EXPECT_EQ(MaskCommand(command), command);
    EXPECT_THAT(SecretsOfCommand(command), IsEmpty()) << command;
  }
}

}  // namespace
}  // namespace shunt
