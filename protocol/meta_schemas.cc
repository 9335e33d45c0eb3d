#include "protocol/meta_schemas.h"

namespace shunt {
namespace {

// Published by the JSON Schema project under the BSD or the AFL licence, at the URIs below; only
// the blanks were changed.

constexpr std::string_view kDraft4 =
    R"({"id":"http://json-schema.org/draft-04/schema#",)"
    R"("$schema":"http://json-schema.org/draft-04/schema#","description":"Core schema meta-schema",)"
    R"("definitions":{"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},)"
    R"("positiveInteger":{"type":"integer","minimum":0},)"
    R"("positiveIntegerDefault0":{"allOf":[{"$ref":"#/definitions/positiveInteger"},)"
    R"({"default":0}]},"simpleTypes":{"enum":["array","boolean","integer","null","number","object",)"
    R"("string"]},"stringArray":{"type":"array","items":{"type":"string"},"minItems":1,)"
    R"("uniqueItems":true}},"type":"object","properties":{"id":{"format":"uri","type":"string"},)"
    R"("$schema":{"type":"string","format":"uri"},"title":{"type":"string"},)"
    R"("description":{"type":"string"},"default":{},"multipleOf":{"type":"number","minimum":0,)"
    R"("exclusiveMinimum":true},"maximum":{"type":"number"},"exclusiveMaximum":{"type":"boolean",)"
    R"("default":false},"minimum":{"type":"number"},"exclusiveMinimum":{"type":"boolean",)"
    R"("default":false},"maxLength":{"$ref":"#/definitions/positiveInteger"},)"
    R"("minLength":{"$ref":"#/definitions/positiveIntegerDefault0"},"pattern":{"type":"string",)"
    R"("format":"regex"},"additionalItems":{"anyOf":[{"type":"boolean"},{"$ref":"#"}],)"
    R"("default":{}},"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}],)"
    R"("default":{}},"maxItems":{"$ref":"#/definitions/positiveInteger"},)"
    R"("minItems":{"$ref":"#/definitions/positiveIntegerDefault0"},"uniqueItems":{"type":"boolean",)"
    R"("default":false},"maxProperties":{"$ref":"#/definitions/positiveInteger"},)"
    R"("minProperties":{"$ref":"#/definitions/positiveIntegerDefault0"},)"
    R"("required":{"$ref":"#/definitions/stringArray"},)"
    R"("additionalProperties":{"anyOf":[{"type":"boolean"},{"$ref":"#"}],"default":{}},)"
    R"("definitions":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},)"
    R"("properties":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},)"
    R"("patternProperties":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},)"
    R"("dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},)"
    R"({"$ref":"#/definitions/stringArray"}]}},"enum":{"type":"array"},)"
    R"("type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array",)"
    R"("items":{"$ref":"#/definitions/simpleTypes"},"minItems":1,"uniqueItems":true}]},)"
    R"("format":{"type":"string"},"allOf":{"$ref":"#/definitions/schemaArray"},)"
    R"("anyOf":{"$ref":"#/definitions/schemaArray"},"oneOf":{"$ref":"#/definitions/schemaArray"},)"
    R"("not":{"$ref":"#"}},"dependencies":{"exclusiveMaximum":["maximum"],)"
    R"("exclusiveMinimum":["minimum"]},"default":{}})";

constexpr std::string_view kDraft6 =
    R"({"$schema":"http://json-schema.org/draft-06/schema#",)"
    R"("$id":"http://json-schema.org/draft-06/schema#","title":"Core schema meta-schema",)"
    R"("definitions":{"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},)"
    R"("nonNegativeInteger":{"type":"integer","minimum":0},)"
    R"("nonNegativeIntegerDefault0":{"allOf":[{"$ref":"#/definitions/nonNegativeInteger"},)"
    R"({"default":0}]},"simpleTypes":{"enum":["array","boolean","integer","null","number","object",)"
    R"("string"]},"stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true,)"
    R"("default":[]}},"type":["object","boolean"],"properties":{"$id":{"type":"string",)"
    R"("format":"uri-reference"},"$schema":{"type":"string","format":"uri"},)"
    R"("$ref":{"type":"string","format":"uri-reference"},"title":{"type":"string"},)"
    R"("description":{"type":"string"},"default":{},"examples":{"type":"array","items":{}},)"
    R"("multipleOf":{"type":"number","exclusiveMinimum":0},"maximum":{"type":"number"},)"
    R"("exclusiveMaximum":{"type":"number"},"minimum":{"type":"number"},)"
    R"("exclusiveMinimum":{"type":"number"},)"
    R"("maxLength":{"$ref":"#/definitions/nonNegativeInteger"},)"
    R"("minLength":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},"pattern":{"type":"string",)"
    R"("format":"regex"},"additionalItems":{"$ref":"#"},"items":{"anyOf":[{"$ref":"#"},)"
    R"({"$ref":"#/definitions/schemaArray"}],"default":{}},)"
    R"("maxItems":{"$ref":"#/definitions/nonNegativeInteger"},)"
    R"("minItems":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},)"
    R"("uniqueItems":{"type":"boolean","default":false},"contains":{"$ref":"#"},)"
    R"("maxProperties":{"$ref":"#/definitions/nonNegativeInteger"},)"
    R"("minProperties":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},)"
    R"("required":{"$ref":"#/definitions/stringArray"},"additionalProperties":{"$ref":"#"},)"
    R"("definitions":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},)"
    R"("properties":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},)"
    R"("patternProperties":{"type":"object","additionalProperties":{"$ref":"#"},)"
    R"("propertyNames":{"format":"regex"},"default":{}},"dependencies":{"type":"object",)"
    R"("additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},)"
    R"("propertyNames":{"$ref":"#"},"const":{},"enum":{"type":"array"},)"
    R"("type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array",)"
    R"("items":{"$ref":"#/definitions/simpleTypes"},"minItems":1,"uniqueItems":true}]},)"
    R"("format":{"type":"string"},"allOf":{"$ref":"#/definitions/schemaArray"},)"
    R"("anyOf":{"$ref":"#/definitions/schemaArray"},"oneOf":{"$ref":"#/definitions/schemaArray"},)"
    R"("not":{"$ref":"#"}},"default":{}})";

constexpr std::string_view kDraft7 =
    R"({"$schema":"http://json-schema.org/draft-07/schema#",)"
    R"("$id":"http://json-schema.org/draft-07/schema#","title":"Core schema meta-schema",)"
    R"("definitions":{"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},)"
    R"("nonNegativeInteger":{"type":"integer","minimum":0},)"
    R"("nonNegativeIntegerDefault0":{"allOf":[{"$ref":"#/definitions/nonNegativeInteger"},)"
    R"({"default":0}]},"simpleTypes":{"enum":["array","boolean","integer","null","number","object",)"
    R"("string"]},"stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true,)"
    R"("default":[]}},"type":["object","boolean"],"properties":{"$id":{"type":"string",)"
    R"("format":"uri-reference"},"$schema":{"type":"string","format":"uri"},)"
    R"("$ref":{"type":"string","format":"uri-reference"},"$comment":{"type":"string"},)"
    R"("title":{"type":"string"},"description":{"type":"string"},"default":true,)"
    R"("readOnly":{"type":"boolean","default":false},"examples":{"type":"array","items":true},)"
    R"("multipleOf":{"type":"number","exclusiveMinimum":0},"maximum":{"type":"number"},)"
    R"("exclusiveMaximum":{"type":"number"},"minimum":{"type":"number"},)"
    R"("exclusiveMinimum":{"type":"number"},)"
    R"("maxLength":{"$ref":"#/definitions/nonNegativeInteger"},)"
    R"("minLength":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},"pattern":{"type":"string",)"
    R"("format":"regex"},"additionalItems":{"$ref":"#"},"items":{"anyOf":[{"$ref":"#"},)"
    R"({"$ref":"#/definitions/schemaArray"}],"default":true},)"
    R"("maxItems":{"$ref":"#/definitions/nonNegativeInteger"},)"
    R"("minItems":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},)"
    R"("uniqueItems":{"type":"boolean","default":false},"contains":{"$ref":"#"},)"
    R"("maxProperties":{"$ref":"#/definitions/nonNegativeInteger"},)"
    R"("minProperties":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},)"
    R"("required":{"$ref":"#/definitions/stringArray"},"additionalProperties":{"$ref":"#"},)"
    R"("definitions":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},)"
    R"("properties":{"type":"object","additionalProperties":{"$ref":"#"},"default":{}},)"
    R"("patternProperties":{"type":"object","additionalProperties":{"$ref":"#"},)"
    R"("propertyNames":{"format":"regex"},"default":{}},"dependencies":{"type":"object",)"
    R"("additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},)"
    R"("propertyNames":{"$ref":"#"},"const":true,"enum":{"type":"array","items":true},)"
    R"("type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array",)"
    R"("items":{"$ref":"#/definitions/simpleTypes"},"minItems":1,"uniqueItems":true}]},)"
    R"("format":{"type":"string"},"contentMediaType":{"type":"string"},)"
    R"("contentEncoding":{"type":"string"},"if":{"$ref":"#"},"then":{"$ref":"#"},)"
    R"("else":{"$ref":"#"},"allOf":{"$ref":"#/definitions/schemaArray"},)"
    R"("anyOf":{"$ref":"#/definitions/schemaArray"},"oneOf":{"$ref":"#/definitions/schemaArray"},)"
    R"("not":{"$ref":"#"}},"default":true})";

}  // namespace

std::string_view MetaSchema(std::string_view uri) {
  constexpr std::string_view kHttps = "https://";
  constexpr std::string_view kHttp = "http://";
  if (uri.ends_with('#')) uri.remove_suffix(1);
  if (uri.starts_with(kHttps)) {
    uri.remove_prefix(kHttps.size());
  } else if (uri.starts_with(kHttp)) {
    uri.remove_prefix(kHttp.size());
  } else {
    return {};
  }
  if (uri == "json-schema.org/draft-07/schema" || uri == "json-schema.org/schema") return kDraft7;
  if (uri == "json-schema.org/draft-06/schema") return kDraft6;
  if (uri == "json-schema.org/draft-04/schema") return kDraft4;
  return {};
}

}  // namespace shunt
