// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

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
};

using whole = number_setting<std::int64_t>;
using decimal = number_setting<double>;

const option_row option_rows[] = {
    {"--shares", "actors that share the training samples", whole{&options::shares, 1, 64}},
    {"--epochs", "how often each sample is used", whole{&options::epochs, 1, 100'000}},
    {"--batch", "samples of each share in one step", whole{&options::batch, 1, 10'000}},
    {"--hidden", "width of the hidden layer", whole{&options::hidden, 1, 4'096}},
    {"--seed", "of the split and the first weights", whole{&options::seed, 0, std::int64_t{1} << 53}},
    {"--rate", "learning rate", decimal{&options::rate, 1e-9, 10}},
    {"--momentum", "share of the last step in the next", decimal{&options::momentum, 0, 0.9999}},
    {"--data", "file of the digits", &options::data},
    {"--svg", "where the loss curve goes", &options::svg},
    {"--checksum", "print a checksum of the final weights' bits", &options::checksum},
    {"--quiet", "no progress on standard error", &options::quiet},
    {"--help", "print this and do nothing", &options::help},
};

tl::unexpected<glint::error> refuse(std::string reason) {
  return glint::fail(glint::errc::invalid_argument, std::move(reason));
}

template <class T>
std::string describe(T value) {
  std::ostringstream out;
  out << value;
  return out.str();
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
    if (code != std::errc{} || !(value >= to.low && value <= to.high)) {
      return refuse(std::string(name) + ": " + text + " is outside of " + describe(to.low) + " to " +
                    describe(to.high));
    }
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

/// The default and the range of an option, for the help.
struct describer {
  const options defaults;
  template <class T>
  std::string operator()(const number_setting<T>& of) const {
    return " (" + describe(defaults.*of.member) + "; " + describe(of.low) + " to " + describe(of.high) + ")";
  }
  std::string operator()(std::filesystem::path options::*of) const {
    const std::string path = (defaults.*of).string();
    return path.empty() ? " (the one of the example)" : " (" + path + ")";
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
    if (auto set = std::visit(setter{parsed, row->name, value}, row->target); !set) return glint::fail(set.error());
  }
  return parsed;
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
