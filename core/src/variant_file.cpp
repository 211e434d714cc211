// SPDX-License-Identifier: Apache-2.0
#include "variant_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include <glint/base/log.hpp>
#include "crc64.hpp"

namespace glint::detail {
namespace {

constexpr std::string_view title = "glint-variant-model ";
constexpr std::string_view version = "1";
constexpr std::string_view last_line = "end ";
constexpr std::size_t file_bytes_max = std::size_t{64} << 20;
constexpr std::size_t variants_max = 1024;

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return std::string(digits.data(), end);
}

std::uint64_t check_of(std::string_view text) {
  return crc64(std::as_bytes(std::span(text.data(), text.size())));
}

/// Names are the rest of a line.
std::string one_line(std::string_view name) {
  std::string line(name);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

std::string size_line(int size_class, const measured_times& times) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), times.median()).ptr;
  return "size " + std::to_string(size_class) + " " + std::string(digits.data(), end) + " " +
         std::to_string(times.count()) + "\n";
}

std::string set_text(const variant_history& set) {
  std::vector<std::string> lines;
  for (const std::string& name : set.names()) lines.push_back("variant " + one_line(name) + "\n");
  set.for_each([&lines](std::size_t variant, int size_class, const measured_times& times) {
    lines[variant] += size_line(size_class, times);
  });
  std::string text = "set " + std::to_string(lines.size()) + " " + one_line(set.key()) + "\n";
  for (const std::string& line : lines) text += line;
  return text;
}

/// A line's first word, which is taken off.
std::string_view take_word(std::string_view& line) {
  const auto space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

template <class Number>
bool parse(std::string_view text, Number& out) {
  const char* const end = text.data() + text.size();
  const auto got = std::from_chars(text.data(), end, out);
  return got.ec == std::errc{} && got.ptr == end && !text.empty();
}

/// What the lines say, before any of it is believed.
struct read_time {
  int size_class = 0;
  double seconds = 0;
  std::uint64_t count = 0;
};
struct read_set {
  std::string key;
  std::size_t count = 0;
  std::vector<std::string> names = {};
  std::vector<std::vector<read_time>> times = {};
};
struct read_transfer {
  transfer_way way;
  std::vector<read_time> times = {};
};

class reader {
 public:
  /// Empty, or what is wrong.
  std::string line(std::string_view text) {
    const std::string_view word = take_word(text);
    if (word == "set") return begin_set(text);
    if (word == "variant") return begin_variant(text);
    if (word == "transfer") return begin_transfer(text);
    if (word == "size") return time(text);
    return "an unknown word";
  }
  [[nodiscard]] bool complete() const { return sets_.empty() || sets_.back().names.size() == sets_.back().count; }

  void give_to(variant_model& model) const {
    for (const read_set& set : sets_) {
      auto& history = model.history(set.key, set.count, [&set] { return set.names; });
      for (std::size_t i = 0; i < set.count; ++i) {
        for (const read_time& t : set.times[i]) history.assume(i, t.size_class, t.seconds, t.count);
      }
    }
    for (const read_transfer& transfer : transfers_) {
      for (const read_time& t : transfer.times) {
        model.assume_transfer(transfer.way, t.size_class, t.seconds, t.count);
      }
    }
  }

 private:
  std::string begin_set(std::string_view rest) {
    std::size_t count = 0;
    if (!complete() || !transfers_.empty()) return "a set out of place";
    if (!parse(take_word(rest), count) || count == 0 || count > variants_max) return "no number of variants";
    if (rest.empty()) return "a set without a name";
    sets_.push_back({.key = std::string(rest), .count = count});
    into_ = nullptr;
    return {};
  }
  std::string begin_variant(std::string_view rest) {
    if (sets_.empty() || complete() || rest.empty()) return "a variant out of place";
    sets_.back().names.emplace_back(rest);
    into_ = &sets_.back().times.emplace_back();
    return {};
  }
  std::string begin_transfer(std::string_view rest) {
    std::size_t way = 0;
    if (!complete() || !parse(rest, way) || way >= transfer_ways) return "an unknown transfer";
    into_ = &transfers_.emplace_back(read_transfer{.way = static_cast<transfer_way>(way)}).times;
    return {};
  }
  std::string time(std::string_view rest) {
    read_time t;
    if (!into_) return "a size out of place";
    if (!parse(take_word(rest), t.size_class) || t.size_class < 0 || t.size_class > size_class_max) return "no size";
    if (!parse(take_word(rest), t.seconds) || !(t.seconds >= 0 && t.seconds <= 1e9)) return "no time";
    if (!parse(rest, t.count) || t.count == 0) return "no count";
    into_->push_back(t);
    return {};
  }

  std::vector<read_set> sets_;
  std::vector<read_transfer> transfers_;
  std::vector<read_time>* into_ = nullptr;
};

auto malformed(std::size_t line, const std::string& why) {
  return fail(error(errc::malformed_data, "line " + std::to_string(line) + ": " + why));
}

std::string system_message(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

/// The file's text; none if there is no such file. Errors: io_error.
result<std::optional<std::string>> text_of_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // nobody waits for a pipe's writer
  if (file < 0 && errno == ENOENT) return std::optional<std::string>();
  if (file < 0) return fail(error(errc::io_error, system_message("open")));
  struct stat about {};
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    ::close(file);
    return fail(error(errc::io_error, "no regular file"));
  }
  std::string text;
  std::array<char, 65536> part{};
  ssize_t got = 0;
  do {
    got = ::read(file, part.data(), part.size());
    if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
  } while ((got > 0 && text.size() <= file_bytes_max) || (got < 0 && errno == EINTR));
  const std::string why = got < 0 ? system_message("read") : std::string();
  ::close(file);
  if (!why.empty()) return fail(error(errc::io_error, why));
  return std::optional(std::move(text));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0;
}

/// Errors: io_error.
result<void> replace_file(const std::string& path, std::string_view text) {
  static std::atomic<unsigned> next{0};
  constexpr int tries_max = 100;  // another process of this number may have been killed there, as 1 in a container is
  std::string beside;
  int file = -1;
  for (int i = 0; i < tries_max && file < 0 && (i == 0 || errno == EEXIST); ++i) {
    beside = path + "." + std::to_string(::getpid()) + "." + std::to_string(next.fetch_add(1)) + ".new";
    file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  if (file < 0) return fail(error(errc::io_error, system_message("open")));
  std::string why = write_all(file, text) ? std::string() : system_message("write");
  if (::close(file) != 0 && why.empty()) why = system_message("close");
  if (why.empty() && ::rename(beside.c_str(), path.c_str()) != 0) why = system_message("rename");
  if (why.empty()) return {};
  ::unlink(beside.c_str());
  return fail(error(errc::io_error, why));
}

}  // namespace

std::string model_text(const variant_model& model, std::string_view devices) {
  std::string text = std::string(title) + std::string(version) + "\ndevices " + one_line(devices) + "\n";
  std::vector<std::string> sets;
  model.for_each([&sets](const variant_history& set) { sets.push_back(set_text(set)); });
  for (auto set = sets.rbegin(); set != sets.rend(); ++set) text += *set;  // the oldest first, as it is read
  std::optional<transfer_way> last;
  model.for_each_transfer([&](transfer_way way, int size_class, const measured_times& times) {
    if (last != way) text += "transfer " + std::to_string(static_cast<int>(way)) + "\n";
    last = way;
    text += size_line(size_class, times);
  });
  return with_check(std::move(text));
}

std::string with_check(std::string text) {
  const std::string check = hex(check_of(text));
  return std::move(text) + std::string(last_line) + check + "\n";
}

result<void> read_model(std::string_view text, std::string_view devices, variant_model& model) {
  const auto end = text.rfind("\n" + std::string(last_line));
  if (!text.starts_with(title) || end == text.npos) return malformed(1, "no beginning or no end");
  std::string_view lines = text.substr(0, end + 1);
  std::string_view check = text.substr(end + 1 + last_line.size());
  if (!check.ends_with('\n')) return malformed(1, "the end is cut off");
  check.remove_suffix(1);
  if (check != hex(check_of(lines))) return malformed(1, "the check does not match");
  reader read;
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const auto stop = lines.find('\n');
    std::string_view line = lines.substr(0, stop);
    lines.remove_prefix(stop + 1);
    if (number == 1 && line.substr(title.size()) != version) return malformed(1, "of another version");
    if (number == 2 && line != "devices " + one_line(devices)) return malformed(2, "of other devices");
    if (number <= 2) continue;
    if (const std::string wrong = read.line(line); !wrong.empty()) return malformed(number, wrong);
  }
  if (!read.complete()) return malformed(1, "variants are missing");
  read.give_to(model);
  return {};
}

void variant_file::load(variant_model& model) {
  if (path_.empty()) return;
  const auto text = text_of_file(path_);
  if (!text) {
    foreign_ = true;  // who knows what it is
    log(log_level::warning, "variant_model: ", path_, " cannot be read: ", text.error().message());
    return;
  }
  if (!*text || (*text)->empty()) return;
  foreign_ = !(*text)->starts_with(title.substr(0, std::min(title.size(), (*text)->size())));
  if (foreign_) {
    log(log_level::warning, "variant_model: ", path_, " is no model of variants: neither read nor written");
    return;
  }
  if (const auto read = read_model(**text, devices_, model); !read) {
    log(log_level::warning, "variant_model: ", path_, " is not used, and begun anew: ", read.error().message());
  }
}

void variant_file::save(const variant_model& model) const {
  if (path_.empty() || foreign_ || !model.changed()) return;
  if (const auto saved = replace_file(path_, model_text(model, devices_)); !saved) {
    log(log_level::warning, "variant_model: ", path_, " could not be written: ", saved.error().message());
  }
}

}  // namespace glint::detail
