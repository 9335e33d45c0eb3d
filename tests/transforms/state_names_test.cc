// STATE lines with mapped names: STREAM and GLOBAL, everything else byte for byte.
#include "transforms/state_names.h"

#include "gtest/gtest.h"

namespace shunt {
namespace {

std::string Mapped(std::string_view line, const NameMapping& names) {
  std::string out;
  AppendWithMappedNames(line, names, &out);
  return out;
}

const NameMapping kPrefixed{.definition = NamespaceDefinition::kDestination, .prefix = "p_"};
const NameMapping kCustom{.definition = NamespaceDefinition::kCustom, .format = "raw"};

TEST(StateNames, AStreamState) {
  EXPECT_EQ(
      Mapped(
          R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":"public"},"stream_state":{"name":"users"}}}})"
          "\n",
          kPrefixed),
      R"({"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"p_users"},"stream_state":{"name":"users"}}}})"
      "\n");
}

TEST(StateNames, EveryStreamOfAGlobalState) {
  EXPECT_EQ(
      Mapped(
          R"({"state":{"type":"GLOBAL","global":{"shared_state":{"stream":{"stream_descriptor":{"name":"x"}}},"stream_states":[{"stream_descriptor":{"namespace":"a", "name":"u"},"stream_state":1.0},{"stream_state":null,"stream_descriptor":{"name":"v"}}]}},"type":"STATE"})",
          kPrefixed),
      R"({"state":{"type":"GLOBAL","global":{"shared_state":{"stream":{"stream_descriptor":{"name":"x"}}},"stream_states":[{"stream_descriptor":{"name":"p_u"},"stream_state":1.0},{"stream_state":null,"stream_descriptor":{"name":"p_v"}}]}},"type":"STATE"})");
}

TEST(StateNames, ANamespaceIsAddedReplacedOrLeft) {
  const auto descriptor = [](std::string_view text) {
    return std::string(R"({"type":"STATE","state":{"stream":{"stream_descriptor":)") +
           std::string(text) + R"(,"stream_state":{}}}})";
  };
  EXPECT_EQ(Mapped(descriptor(R"({"name":"u"})"), kCustom),
            descriptor(R"({"name":"u","namespace":"raw"})"));
  EXPECT_EQ(Mapped(descriptor(R"({ "namespace" : null, "name":"u"})"), kCustom),
            descriptor(R"({ "namespace" : "raw", "name":"u"})"));
  EXPECT_EQ(Mapped(descriptor(R"({"name":"u", "namespace":"n"})"), kCustom),
            descriptor(R"({"name":"u", "namespace":"raw"})"));
  // Null and absent both mean none, so there is nothing to take away.
  EXPECT_EQ(Mapped(descriptor(R"({"name":"u","namespace":null})"), kPrefixed),
            descriptor(R"({"name":"p_u","namespace":null})"));
  EXPECT_EQ(Mapped(descriptor(R"({"name":"u","namespace":""})"), kPrefixed),
            descriptor(R"({"name":"p_u"})"));
}

// What we do not read must not keep us from reading on.
TEST(StateNames, BesidePayloadsOfAnotherKind) {
  const auto line = [](std::string_view name) {
    return R"({"type":"STATE","state":{"type":"STREAM","global":[{"a":1}],"more":[[]],"stream":{"x":[1],"stream_descriptor":{"name":")" +
           std::string(name) + R"("},"stream_state":{}}}})";
  };
  EXPECT_EQ(Mapped(line("u"), kPrefixed), line("p_u"));
  const auto global = [](std::string_view name) {
    return R"({"state":{"stream":[],"global":{"stream_states":[{"stream_descriptor":{"name":")" +
           std::string(name) + R"("}}]}},"type":"STATE"})";
  };
  EXPECT_EQ(Mapped(global("u"), kPrefixed), global("p_u"));
}

TEST(StateNames, ALegacyStateHasNoNames) {
  const char* line =
      R"({"type":"STATE","state":{"data":{"stream":{"stream_descriptor":{"name":"u"}}}}})";
  EXPECT_EQ(Mapped(line, kPrefixed), line);
}

TEST(StateNames, AStoredGlobalState) {
  EXPECT_EQ(MapBlobNames(R"({"stream_states":[{"stream_descriptor":{"name":"u"}}]})", kPrefixed),
            R"({"stream_states":[{"stream_descriptor":{"name":"p_u"}}]})");
}

}  // namespace
}  // namespace shunt
