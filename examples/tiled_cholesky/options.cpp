// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <charconv>
#include <string_view>
#include <utility>

namespace cholesky {
namespace {

constexpr std::int64_t size_max = 30'000;
constexpr std::int64_t seed_max = 1'000'000;
constexpr std::pair<std::string_view, processors> kinds[] = {
    {"cpu", processors::cpus}, {"gpu", processors::devices}, {"both", processors::both}};

tl::unexpected<glint::error> refuse(std::string reason) {
  return glint::fail(glint::errc::invalid_argument, std::move(reason));
}

glint::result<void> read_number(const std::string& name, const std::string& text, std::int64_t most,
                                std::int64_t& into) {
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, into);
  if (code == std::errc{} && stop == end && into >= 1 && into <= most) return {};
  return refuse(name + ": '" + text + "' is not a number from 1 to " + std::to_string(most));
}

glint::result<void> read_kind(const std::string& text, processors& into) {
  for (const auto& [name, kind] : kinds) {
    if (name != text) continue;
    into = kind;
    return {};
  }
  return refuse("--on: '" + text + "' is none of cpu, gpu, both");
}

glint::result<void> read_value(const std::string& name, const std::string& text, options& into) {
  if (name == "--size") return read_number(name, text, size_max, into.size);
  if (name == "--tile") return read_number(name, text, size_max, into.tile);
  if (name == "--seed") return read_number(name, text, seed_max, into.seed);
  if (name == "--spoilt-row") return read_number(name, text, size_max, into.spoilt_row);
  if (name == "--on") return read_kind(text, into.on);
  return refuse("unknown option " + name + "; --help lists all");
}

}  // namespace

glint::result<options> parse_options(const std::vector<std::string>& arguments) {
  options all;
  for (const std::string& word : arguments) {
    if (word == "--help") {
      all.help = true;
      continue;
    }
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return refuse("'" + word + "' is no --name=value; --help lists all");
    GLINT_TRY(read_value(word.substr(0, equals), word.substr(equals + 1), all));
  }
  if (all.spoilt_row > all.size) return refuse("--spoilt-row: the matrix has no such row");
  return all;
}

std::string help_text() {
  return R"(tiled_cholesky [options]
Factors a symmetric positive definite matrix in tiles by tasks, and compares with LAPACK.

  --on=KIND          where tasks run: cpu, gpu, or both, as the scheduler expects to be fastest (cpu)
  --size=N           rows and columns of the matrix (2000; 1 to 30000)
  --tile=N           rows and columns of a tile (200; 1 to 30000)
  --seed=N           of the matrix (1)
  --spoilt-row=N     makes the matrix not positive definite there
  --help             print this and do nothing

Of Glint's settings, which --glint-help lists, these matter here: --glint-device-memory-bytes=8MiB of each emulated device,
which the matrix may exceed many times; --glint-devices, --glint-backend, --glint-cpus.

Ends with 0 if the result is LAPACK's but for rounding, 1 if not or if there is none, 2 if the options are wrong.
)";
}

}  // namespace cholesky
