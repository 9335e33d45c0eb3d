#include "scratch/lib.h"
#include <concurrentqueue/concurrentqueue.h>
#include <re2/re2.h>
#include <simdjson.h>
#include <sqlite3.h>
#include <xxhash.h>
#include <yaml-cpp/yaml.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <mutex>
#include <thread>
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
absl::StatusOr<std::string> Hello(int n) {
  if (n < 0) return absl::InvalidArgumentError(absl::StrCat("n=", n));
  absl::flat_hash_map<std::string, int> m; m["a"] = n;
  sqlite3* db; sqlite3_open(":memory:", &db); sqlite3_close(db);
  simdjson::dom::parser p; auto d = p.parse(std::string_view("{\"a\":1}")); int64_t v = 0; if (d["a"].get(v)) return absl::InternalError("x");
  moodycamel::ConcurrentQueue<int> q; q.enqueue(1); int x = 0; q.try_dequeue(x);
  YAML::Node y = YAML::Load("a: 3");
  std::string s = "hello " + std::to_string(m["a"] + v + x + y["a"].as<int>()) + (RE2::FullMatch("abc", "a.c") ? "!" : "?");
  CLI::App app{"x"};
  nlohmann::json j = {{"k", s}};
  return absl::StrFormat("%s %d %s", s, XXH3_64bits("a", 1) % 10, j.dump());
}
int Race() { std::mutex mu; int n = 0; moodycamel::ConcurrentQueue<int> q;
  for (int k = 0; k < 50; k++) { absl::Status st = absl::InternalError("a message that is long enough");
  auto f = [&, st] { for (int i = 0; i < 20; i++) { std::lock_guard l(mu); n++; q.enqueue(n);} if (st.message().size() == 1) n = 0; };
  std::thread a(f), b(f); st = absl::OkStatus(); a.join(); b.join(); }
  int x; while (q.try_dequeue(x)) {} return n; }
