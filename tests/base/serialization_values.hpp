// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/base/serialization.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

/// A type with everything inside that can be serialized, and random values of it.
namespace glint::testing_values {

enum class color : std::uint8_t { red, green, blue };

struct point {
  double x = 0;
  double y = 0;
  bool operator==(const point&) const = default;
};

struct padded {
  std::int8_t small = 0;
  std::int64_t large = 0;
  bool flag = false;
  bool operator==(const padded&) const = default;
};

struct empty {
  bool operator==(const empty&) const = default;
};

/// A class with private state and cereal's member.
class account {
 public:
  account() = default;
  account(std::string owner, std::vector<point> places) : owner_(std::move(owner)), places_(std::move(places)) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(owner_, places_);
  }
  bool operator==(const account&) const = default;

 private:
  std::string owner_;
  std::vector<point> places_;
};

struct tree {
  int value = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};

struct everything {
  bool flag = false;
  std::int16_t number = 0;
  float real = 0;
  color hue = color::red;
  std::string text;
  std::u16string wide;
  std::vector<std::uint32_t> numbers;
  std::vector<bool> flags;
  std::vector<point> points;
  std::vector<padded> paddeds;
  std::vector<empty> empties;
  std::vector<std::string> texts;
  std::array<int, 3> three{};
  std::array<std::string, 2> two;
  std::pair<int, std::string> couple;
  std::tuple<int, point, std::string> triple;
  std::optional<std::string> maybe;
  std::variant<std::monostate, int, std::string, point> choice;
  std::map<std::string, std::vector<int>> by_name;
  std::multimap<int, std::string> by_number;
  std::set<int> sorted;
  std::unordered_map<int, point> hashed;
  std::unordered_set<std::string> words;
  std::deque<padded> queue;
  std::list<std::optional<int>> chain;
  std::complex<double> complex_number;
  std::chrono::nanoseconds span{};
  account owner;
  tree root;
  bool operator==(const everything&) const = default;
};

/// Random values that compare equal to themselves.
class value_source {
 public:
  explicit value_source(std::uint64_t seed) : random_(seed) {}

  template <class T>
  T number() {
    return static_cast<T>(random_());
  }
  std::size_t count() { return random_() % 5; }
  double real() { return std::ldexp(static_cast<double>(static_cast<std::int64_t>(random_())), -20); }
  bool flip() { return random_() % 2 == 0; }

  std::string text() {
    std::string made;
    for (std::size_t i = 0, n = random_() % 20; i < n; ++i) made += number<char>();
    return made;
  }
  point place() { return {real(), real()}; }
  padded block() { return {number<std::int8_t>(), number<std::int64_t>(), flip()}; }

  template <class Container, class Make>
  Container many(Make make) {
    Container made;
    for (std::size_t i = 0, n = count(); i < n; ++i) made.insert(made.end(), make());
    return made;
  }
  std::vector<point> places() {
    return many<std::vector<point>>([this] { return place(); });
  }
  std::vector<int> ints() {
    return many<std::vector<int>>([this] { return number<int>(); });
  }

  tree branch(int depth) {
    tree made{number<int>(), {}};
    for (std::size_t i = 0, n = depth == 0 ? 0 : count(); i < n; ++i) made.children.push_back(branch(depth - 1));
    return made;
  }

  std::variant<std::monostate, int, std::string, point> choice() {
    switch (random_() % 4) {
      case 0:
        return std::monostate{};
      case 1:
        return number<int>();
      case 2:
        return text();
      default:
        return place();
    }
  }

  everything all() {
    everything v;
    v.flag = flip();
    v.number = number<std::int16_t>();
    v.real = static_cast<float>(real());
    v.hue = static_cast<color>(random_() % 3);
    v.text = text();
    v.wide = many<std::u16string>([this] { return number<char16_t>(); });
    v.numbers = many<std::vector<std::uint32_t>>([this] { return number<std::uint32_t>(); });
    v.flags = many<std::vector<bool>>([this] { return flip(); });
    v.points = places();
    v.paddeds = many<std::vector<padded>>([this] { return block(); });
    v.empties.resize(count());
    v.texts = many<std::vector<std::string>>([this] { return text(); });
    for (int& n : v.three) n = number<int>();
    for (std::string& t : v.two) t = text();
    v.couple = {number<int>(), text()};
    v.triple = {number<int>(), place(), text()};
    if (flip()) v.maybe = text();
    v.choice = choice();
    fill_containers(v);
    v.complex_number = {real(), real()};
    v.span = std::chrono::nanoseconds(number<std::int64_t>());
    v.owner = account(text(), places());
    v.root = branch(3);
    return v;
  }

 private:
  void fill_containers(everything& v) {
    v.by_name = many<decltype(v.by_name)>([this] { return std::pair(text(), ints()); });
    v.by_number = many<decltype(v.by_number)>([this] { return std::pair(number<int>() % 2, text()); });
    v.sorted = many<std::set<int>>([this] { return number<int>(); });
    v.hashed = many<decltype(v.hashed)>([this] { return std::pair(number<int>(), place()); });
    v.words = many<decltype(v.words)>([this] { return text(); });
    v.queue = many<std::deque<padded>>([this] { return block(); });
    v.chain = many<decltype(v.chain)>([this] { return flip() ? std::optional(number<int>()) : std::nullopt; });
  }

  std::mt19937_64 random_;
};

}  // namespace glint::testing_values
