// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <array>
#include <charconv>
#include <sstream>
#include <string_view>
#include <variant>

namespace digits {
namespace {

/// A number's place in `options`, and its range.
template <class T>
struct number_setting {
  T options::*member;
  T low, high;
};
using setting = std::variant<number_setting<std::int64_t>, number_setting<double>, std::filesystem::path options::*,
                             bool options::*>;

struct option_row {
  std::string_view name;
  std::string_view meaning;
  setting target;
  bool is_kept = false;  ///< By a checkpoint: part of the recipe.
};
constexpr bool kept = true;

using whole = number_setting<std::int64_t>;
using decimal = number_setting<double>;

const option_row option_rows[] = {
    {"--shares", "actors that share the training samples", whole{&options::shares, 1, 64}, kept},
    {"--epochs", "how often each sample is used", whole{&options::epochs, 1, 100'000}},
    {"--steps", "stop after so many steps, counted from the first; 0: after the epochs",
     whole{&options::steps, 0, 1'000'000'000}},
    {"--batch", "samples of each share in one step", whole{&options::batch, 1, 10'000}, kept},
    {"--hidden", "width of the hidden layer", whole{&options::hidden, 1, 4'096}, kept},
    {"--seed", "of the split and the first weights", whole{&options::seed, 0, std::int64_t{1} << 53}, kept},
    {"--rate", "learning rate", decimal{&options::rate, 1e-9, 10}, kept},
    {"--momentum", "share of the last step in the next", decimal{&options::momentum, 0, 0.9999}, kept},
    {"--data", "file of the digits as lines of text (the one of the example)", &options::data},
    {"--images", "IDX file of the images, instead of --data", &options::images},
    {"--labels", "IDX file of their labels", &options::labels},
    {"--test-images", "IDX file of images for the test; else a fifth is put aside", &options::test_images},
    {"--test-labels", "IDX file of their labels", &options::test_labels},
    {"--pixel-max", "value of a full pixel; 0: 16 in lines of text, 255 in IDX files",
     whole{&options::pixel_max, 0, 255}},
    {"--save", "where a checkpoint goes, at the end", &options::save},
    {"--save-every", "steps between checkpoints before the end; 0: none",
     whole{&options::save_every, 0, 1'000'000'000}},
    {"--resume", "checkpoint to go on from", &options::resume},
    {"--svg", "where the loss curve goes", &options::svg},
    {"--checksum", "print a checksum of the final weights' bits", &options::checksum},
    {"--quiet", "no progress on standard error", &options::quiet},
    {"--help", "print this and do nothing", &options::help},
};

tl::unexpected<glint::error> refuse(std::string reason) {
  return glint::fail(glint::errc::invalid_argument, std::move(reason));
}

/// The shortest form that gives the same number again.
template <class T>
std::string describe(T value) {
  std::array<char, 64> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

template <class T>
tl::unexpected<glint::error> out_of_range(std::string_view name, const std::string& value,
                                          const number_setting<T>& of) {
  return refuse(std::string(name) + ": " + value + " is outside of " + describe(of.low) + " to " + describe(of.high));
}

template <class T>
bool is_within(const number_setting<T>& of, T value) {
  return value >= of.low && value <= of.high;  // false for what is not a number
}

/// Sets one option from its text; an overload for each kind.
struct setter {
  options& into;
  std::string_view name;
  const std::string& text;

  template <class T>
  glint::result<void> operator()(const number_setting<T>& to) const {
    T value{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code == std::errc::invalid_argument || end != text.data() + text.size()) {
      return refuse(std::string(name) + ": '" + text + "' is not a number");
    }
    if (code != std::errc{} || !is_within(to, value)) return out_of_range(name, text, to);
    into.*to.member = value;
    return {};
  }
  glint::result<void> operator()(std::filesystem::path options::*to) const {
    if (text.empty()) return refuse(std::string(name) + ": the path is empty");
    into.*to = text;
    return {};
  }
  glint::result<void> operator()(bool options::*to) const {
    into.*to = true;
    return {};
  }
};

const option_row* find(std::string_view name) {
  for (const option_row& row : option_rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

bool takes_value(const option_row& row) {
  return !std::holds_alternative<bool options::*>(row.target);
}

/// Which options need or exclude each other.
glint::result<void> check_together(const options& all) {
  const auto needs = [&](const char* name, const char* other) -> glint::result<void> {
    if (!all.given.contains(name) || all.given.contains(other)) return {};
    return refuse(std::string(name) + " needs " + other);
  };
  GLINT_TRY(needs("--images", "--labels"));
  GLINT_TRY(needs("--labels", "--images"));
  GLINT_TRY(needs("--test-images", "--test-labels"));
  GLINT_TRY(needs("--test-labels", "--test-images"));
  GLINT_TRY(needs("--test-images", "--images"));
  GLINT_TRY(needs("--save-every", "--save"));
  if (all.given.contains("--data") && all.given.contains("--images")) {
    return refuse("--data and --images exclude each other");
  }
  return {};
}

/// Takes one number over, unless another one was given.
struct adopter {
  options& into;
  const options& saved;
  std::string_view name;

  template <class T>
  glint::result<void> operator()(const number_setting<T>& of) const {
    const T value = saved.*of.member;
    if (into.given.contains(std::string(name)) && into.*of.member != value) {
      return refuse(std::string(name) + ": " + describe(into.*of.member) + " was given, but the checkpoint has " +
                    describe(value));
    }
    into.*of.member = value;
    return {};
  }
  template <class Other>
  glint::result<void> operator()(Other options::*) const {
    return {};
  }
};

struct range_checker {
  const options& all;
  std::string_view name;

  template <class T>
  glint::result<void> operator()(const number_setting<T>& of) const {
    const T value = all.*of.member;
    if (is_within(of, value)) return {};
    return out_of_range(name, describe(value), of);
  }
  template <class Other>
  glint::result<void> operator()(Other options::*) const {
    return {};
  }
};

/// The default and the range of an option, for the help.
struct describer {
  const options defaults;
  template <class T>
  std::string operator()(const number_setting<T>& of) const {
    return " (" + describe(defaults.*of.member) + "; " + describe(of.low) + " to " + describe(of.high) + ")";
  }
  std::string operator()(std::filesystem::path options::*of) const {
    const std::string path = (defaults.*of).string();
    return path.empty() ? "" : " (" + path + ")";
  }
  std::string operator()(bool options::*) const { return ""; }
};

}  // namespace

glint::result<options> parse_options(const std::vector<std::string>& arguments) {
  options parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const option_row* row = find(name);
    if (!row) return refuse("unknown option " + name + "; --help lists all");
    std::string value;
    if (equals != std::string::npos) {
      if (!takes_value(*row)) return refuse(name + " takes no value");
      value = arguments[i].substr(equals + 1);
    } else if (takes_value(*row)) {
      if (++i == arguments.size()) return refuse(name + " needs a value");
      value = arguments[i];
    }
    GLINT_TRY(std::visit(setter{parsed, row->name, value}, row->target));
    parsed.given.insert(name);
  }
  GLINT_TRY(check_together(parsed));
  return parsed;
}

glint::result<void> adopt(options& with, const options& saved) {
  for (const option_row& row : option_rows) {
    if (row.is_kept) GLINT_TRY(std::visit(adopter{with, saved, row.name}, row.target));
  }
  if (!with.given.contains("--epochs")) with.epochs = saved.epochs;
  return {};
}

glint::result<void> check_ranges(const options& all) {
  for (const option_row& row : option_rows) GLINT_TRY(std::visit(range_checker{all, row.name}, row.target));
  return {};
}

std::string help_text() {
  std::ostringstream out;
  out << "train_digits: trains a network to read handwritten digits, with tasks, actors and objects on "
         "devices.\n"
         "Glint's own settings: --glint-help.\n\n";
  for (const option_row& row : option_rows) {
    const std::string usage = std::string(row.name) + (takes_value(row) ? " VALUE" : "");
    out << "  " << usage << std::string(20 - usage.size(), ' ') << row.meaning << std::visit(describer{}, row.target)
        << '\n';
  }
  return out.str();
}

}  // namespace digits
