// Holds our JSON Schema validator against Ajv: random schemas and instances, the same verdict on each.
//
//   node schema_pairs.js VERDICTS [PAIRS] [SEED]
//
// VERDICTS is //tests/protocol_cold:spec_verdicts. Called by tests/interop/run, which puts this file beside the
// packages. Prints counts; ends with 1 when a difference has no name.
//
// Not generated, because the two mean to differ: keywords beside a $ref (draft-07 ignores them, Ajv 8 does
// not), formats, patterns that RE2 has not (skipped and noted by us), refs that lead back without going down
// (Ajv overflows its stack), and `__proto__`.

const { spawnSync } = require("child_process");
const Ajv = require("ajv");

const [verdicts, pairsText = "10000", seedText = "1"] = process.argv.slice(2);
const PAIRS = Number(pairsText);
const INSTANCES_PER_SCHEMA = 4;

// mulberry32
let state = Number(seedText) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const chance = (p) => random() < p;
const some = (min, max, make) => Array.from({ length: min + below(max - min + 1) }, make);
const distinct = (list) => list.filter((x, i) => list.findIndex((y) => JSON.stringify(y) === JSON.stringify(x)) === i);

// Little to choose from, so that schemas and instances meet.
const KEYS = ["a", "b", "ab", "é", "constructor", "x/y~z"];
const STRINGS = ["", "a", "ab", "abc", "b1", "é", "😀😀", "a\nb", "2024-01-01"];
const NUMBERS = [0, 1, 2, 3, -1, 1.5, 0.5, 10, 0.3, 9007199254740993, 1e300];
const PATTERNS = ["^a", "b$", "^[a-z]*$", "\\d", "^.{2}$", "a|é", "^(?:ab?)+$", "\\u00e9", "^\\S+$", "^$"];
const TYPES = ["null", "boolean", "number", "integer", "string", "array", "object"];

function value(depth) {
  const kind = below(depth > 0 ? 8 : 5);
  if (kind === 0) return null;
  if (kind === 1) return chance(0.5);
  if (kind <= 3) return kind === 2 ? pick(NUMBERS) : below(5);
  if (kind === 4) return pick(STRINGS);
  if (kind === 5) return some(0, 4, () => value(depth - 1));
  return Object.fromEntries(some(0, 4, () => [pick(KEYS), value(depth - 1)]));
}

const typed = {
  null: () => null,
  boolean: () => chance(0.5),
  number: () => pick(NUMBERS),
  integer: () => below(6),
  string: () => pick(STRINGS),
  array: () => some(0, 4, () => value(1)),
  object: () => Object.fromEntries(some(0, 4, () => [pick(KEYS), value(1)])),
};

// Definitions that a schema may lead to: those behind its own, so that nothing leads back.
const DEFINITIONS = 4;

const keywords = {
  type: () => (chance(0.7) ? pick(TYPES) : distinct(some(1, 3, () => pick(TYPES)))),
  enum: () => distinct(some(1, 4, () => value(1))),
  const: () => value(1),
  minimum: () => below(4) - 1,
  maximum: () => below(4),
  exclusiveMinimum: () => below(3),
  exclusiveMaximum: () => below(4) + 0.5,
  multipleOf: () => pick([1, 2, 3, 0.5, 0.25, 0.1]),
  minLength: () => below(3),
  maxLength: () => below(4),
  pattern: () => pick(PATTERNS),
  items: (d, from) => (chance(0.6) ? schema(d, from) : some(1, 3, () => schema(d, from))),
  additionalItems: (d, from) => schema(d, from),
  minItems: () => below(3),
  maxItems: () => below(4),
  uniqueItems: () => chance(0.8),
  contains: (d, from) => schema(d, from),
  required: () => distinct(some(0, 2, () => pick(KEYS))),
  properties: (d, from) => map(d, from, KEYS),
  patternProperties: (d, from) => map(d, from, PATTERNS),
  additionalProperties: (d, from) => schema(d, from),
  minProperties: () => below(3),
  maxProperties: () => below(4),
  propertyNames: (d, from) => schema(d, from),
  dependencies: (d, from) =>
    Object.fromEntries(some(1, 2, () => [pick(KEYS), chance(0.5) ? distinct(some(0, 2, () => pick(KEYS))) : schema(d, from)])),
  allOf: (d, from) => some(1, 3, () => schema(d, from)),
  anyOf: (d, from) => some(1, 3, () => schema(d, from)),
  oneOf: (d, from) => some(1, 3, () => schema(d, from)),
  not: (d, from) => schema(d, from),
  if: (d, from) => schema(d, from),
  then: (d, from) => schema(d, from),
  else: (d, from) => schema(d, from),
};
const LEAVES = Object.keys(keywords).filter((name) => keywords[name].length === 0);

function map(depth, from, names) {
  return Object.fromEntries(some(1, 3, () => [pick(names), schema(depth, from)]));
}

function schema(depth, from) {
  if (chance(0.06)) return chance(0.7);
  if (from < DEFINITIONS && chance(0.1)) return { $ref: `#/definitions/${from + below(DEFINITIONS - from)}` };
  // A $ref to the root from below an object or array goes down with every round.
  const names = distinct(some(1, 3, () => pick(depth > 0 ? Object.keys(keywords) : LEAVES)));
  const made = {};
  for (const name of names) made[name] = keywords[name](depth - 1, from);
  if (made.if !== undefined && chance(0.7)) made.then = schema(depth - 1, from);
  return made;
}

function document() {
  const root = schema(3, 0);
  if (typeof root === "boolean" || root.$ref) return { allOf: [root], definitions: definitions() };
  if (chance(0.1)) root.properties = { ...root.properties, ab: { $ref: "#" } };
  return { ...root, definitions: definitions() };
}
function definitions() {
  return Object.fromEntries(Array.from({ length: DEFINITIONS }, (_, i) => [String(i), schema(1, i + 1)]));
}

function instance(root) {
  const type = Array.isArray(root.type) ? pick(root.type) : root.type;
  if (type && chance(0.7)) return typed[type]();
  if (root.enum && chance(0.3)) return pick(root.enum);
  if ((root.properties || root.required || root.dependencies) && chance(0.7)) return typed.object();
  if ((root.items || root.contains) && chance(0.7)) return typed.array();
  return value(3);
}

// JSON has many spellings of one value.
function spell(x) {
  if (typeof x === "number") {
    if (!Number.isInteger(x) || Math.abs(x) > 1e6 || chance(0.7)) return JSON.stringify(x);
    return pick([`${x}.0`, `${x}e0`, `${x === 0 ? "" : x}0e-1`, `${x}.00E+0`]);
  }
  if (typeof x === "string") {
    if (chance(0.8)) return JSON.stringify(x);
    return `"${[...Array(x.length).keys()].map((i) => "\\u" + x.charCodeAt(i).toString(16).padStart(4, "0")).join("")}"`;
  }
  if (Array.isArray(x)) return `[${x.map(spell).join(chance(0.5) ? "," : " , ")}]`;
  if (x !== null && typeof x === "object") {
    return `{${Object.entries(x).map(([k, v]) => `${spell(k)}:${spell(v)}`).join(",")}}`;
  }
  return JSON.stringify(x);
}

// Why the two may differ; null when they may not.
function explain(schemaText, instanceText) {
  // Ajv divides doubles: 0.3 / 0.1 is not 3. We divide decimals.
  if (/"multipleOf":0\.1\b/.test(schemaText)) return "multipleOf of a decimal fraction";
  // Ajv asks parseInt, for which 1e+300 is 1.
  if (/"multipleOf"/.test(schemaText) && /1e\+?300/.test(instanceText)) return "multipleOf of numbers that JavaScript writes with an exponent";
  // [] has no item that matches; Ajv reads a flag that the tuple left behind.
  if (/"items":\[/.test(schemaText) && /"contains"/.test(schemaText) && /\[\]/.test(instanceText)) return "contains of an empty array beside a tuple";
  // Ajv's numbers are doubles; ours are exact.
  if (/9007199254740993/.test(schemaText + instanceText)) return "integers beyond 2^53";
  return null;
}

const pairs = [];
while (pairs.length < PAIRS) {
  const root = document();
  const schemaText = JSON.stringify(root);
  const ajv = new Ajv({ strict: false, validateFormats: false, ownProperties: true, validateSchema: false, logger: false });
  const validate = ajv.compile(JSON.parse(schemaText));
  for (let i = 0; i < INSTANCES_PER_SCHEMA && pairs.length < PAIRS; ++i) {
    const instanceText = spell(instance(root));
    pairs.push({ schemaText, instanceText, ajv: validate(JSON.parse(instanceText)) ? "valid" : "invalid" });
  }
}

const input = pairs.map((pair) => `{"schema":${pair.schemaText},"instance":${pair.instanceText}}\n`).join("");
const run = spawnSync(verdicts, { input, encoding: "utf8", maxBuffer: 1 << 28 });
if (run.status !== 0) {
  console.error(`${verdicts}: ${run.error || run.stderr}`);
  process.exit(1);
}
const ours = run.stdout.trimEnd().split("\n");
const named = {};
let same = 0, valid = 0, unnamed = 0;
pairs.forEach((pair, i) => {
  if (pair.ajv === "valid") ++valid;
  if (ours[i] === pair.ajv) return void ++same;
  const why = explain(pair.schemaText, pair.instanceText);
  if (why) return void (named[why] = (named[why] || 0) + 1);
  if (++unnamed <= 10) console.error(`ajv: ${pair.ajv}, ours: ${ours[i]}\n  ${pair.schemaText}\n  ${pair.instanceText}`);
});
console.log(`${pairs.length} pairs from seed ${seedText} (${valid} valid): ${same} the same verdict as Ajv ${require("ajv/package.json").version}`);
for (const [why, count] of Object.entries(named)) console.log(`  ${count} differ: ${why}`);
console.log(`  ${unnamed} differ without a reason`);
process.exit(unnamed === 0 && ours.length === pairs.length ? 0 : 1);
