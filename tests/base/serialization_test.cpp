// SPDX-License-Identifier: Apache-2.0
#include <glint/base/serialization.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cereal/types/base_class.hpp>
#include <cereal/types/memory.hpp>

#include <bitset>
#include <cstring>

#include "serialization_values.hpp"

namespace glint {
namespace {

using namespace testing_values;

template <class T>
T round_trip(const T& value) {
  auto back = decode<T>(encode(value));
  EXPECT_TRUE(back.has_value()) << back.error().describe();
  return std::move(back).value();
}

std::vector<int> bytes_of(const encoded& e) {
  std::vector<int> out;
  for (const std::byte b : e.bytes) out.push_back(std::to_integer<int>(b));
  return out;
}

TEST(Encode, TheFormatIsPinned) {
  using testing::ElementsAre;
  EXPECT_THAT(bytes_of(encode(std::int32_t{0x01020304})), ElementsAre(1, 4, 3, 2, 1));
  EXPECT_THAT(bytes_of(encode(std::string("ab"))), ElementsAre(1, 2, 'a', 'b'));
  EXPECT_THAT(bytes_of(encode(std::vector<std::int16_t>{1, -1})), ElementsAre(1, 2, 1, 0, 255, 255));
  EXPECT_THAT(bytes_of(encode(std::optional<char>('x'))), ElementsAre(1, 1, 'x'));
  EXPECT_THAT(bytes_of(encode(std::variant<int, char>('x'))), ElementsAre(1, 1, 'x'));
  EXPECT_THAT(bytes_of(encode(padded{1, 2, true})), ElementsAre(1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 1));
}

TEST(Encode, LengthsTakeAsFewBytesAsTheyNeed) {
  EXPECT_EQ(encode(std::string(127, 'x')).bytes.size(), 1u + 1 + 127);
  EXPECT_EQ(encode(std::string(128, 'x')).bytes.size(), 1u + 2 + 128);
}

TEST(Encode, ManyInOnePieceAreLikeOneAfterTheOther) {
  const point p{1, 2};
  const encoded piece = encode(std::vector<point>{p, p});
  const encoded apart = encode(std::list<point>{p, p});
  EXPECT_EQ(piece.bytes, apart.bytes);
}

struct bytes_with_gap {
  std::uint8_t small[1];
  std::uint32_t large;
};

TEST(Encode, PaddingDoesNotTravel) {
  bytes_with_gap first;
  bytes_with_gap second;
  std::memset(&first, 0x00, sizeof first);
  std::memset(&second, 0xff, sizeof second);
  first.small[0] = second.small[0] = 1;
  first.large = second.large = 2;
  EXPECT_EQ(encode(first).bytes, encode(second).bytes);
}

TEST(RoundTrip, NumbersOfEveryKind) {
  EXPECT_EQ(round_trip(true), true);
  EXPECT_EQ(round_trip(std::int8_t{-3}), -3);
  EXPECT_EQ(round_trip(std::numeric_limits<std::uint64_t>::max()), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(round_trip(-0.5f), -0.5f);
  EXPECT_TRUE(std::isnan(round_trip(std::nan(""))));
  EXPECT_EQ(round_trip(1.25L), 1.25L);
  EXPECT_EQ(round_trip(color::blue), color::blue);
}

TEST(RoundTrip, AggregatesInsideOfContainersNeedNothing) {
  const std::map<std::string, std::vector<padded>> value{{"a", {{1, 2, true}, {3, 4, false}}}, {"", {}}};
  EXPECT_EQ(round_trip(value), value);
}

TEST(RoundTrip, ElementsWithoutBytes) {
  EXPECT_EQ(round_trip(std::vector<empty>(1000)).size(), 1000u);
  EXPECT_EQ(round_trip(std::vector<std::monostate>(3)).size(), 3u);
  EXPECT_EQ(round_trip(empty{}), empty{});
}

TEST(RoundTrip, ClassesWithMembersOfCerealInsideOfAggregates) {
  const std::vector<std::pair<int, account>> value{{1, account("x", {{1, 2}})}, {2, account()}};
  EXPECT_EQ(round_trip(value), value);
}

class no_default {
 public:
  constexpr explicit no_default(int v) : value_(v) {}
  bool operator==(const no_default&) const = default;

 private:
  int value_;
};

TEST(RoundTrip, PlainBytesNeedNoDefaultConstructor) {
  EXPECT_EQ(round_trip(no_default(3)), no_default(3));
  const std::vector<no_default> several{no_default(1), no_default(2)};
  EXPECT_EQ(round_trip(several), several);
  const std::array<no_default, 2> two{no_default(1), no_default(2)};
  EXPECT_EQ(round_trip(two), two);
  const std::tuple<std::string, no_default> mixed{"a", no_default(2)};
  EXPECT_EQ(round_trip(mixed), mixed);
}

TEST(RoundTrip, UniquePtr) {
  struct list_node {
    int value = 0;
    std::unique_ptr<list_node> next;
  };
  list_node first{1, std::make_unique<list_node>()};
  first.next->value = 2;
  const list_node back = round_trip(first);
  ASSERT_NE(back.next, nullptr);
  EXPECT_EQ(back.next->value, 2);
  EXPECT_EQ(back.next->next, nullptr);
}

TEST(RoundTrip, BitsetAndTime) {
  const std::bitset<70> bits("1011");
  EXPECT_EQ(round_trip(bits), bits);
  const std::chrono::system_clock::time_point when{std::chrono::hours(5)};
  EXPECT_EQ(round_trip(when), when);
}

// What a class's functions may do with the archive, as with one of cereal's own.
struct named_base {
  std::string name;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name));
  }
};
class rich : public named_base {
 public:
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::base_class<named_base>(this), cereal::make_nvp("points", points));
    archive& numbers;
    archive(matrix, cereal::binary_data(raw, sizeof raw));
  }
  std::vector<point> points;  // an aggregate, without a word, inside of cereal's
  int numbers[2] = {0, 0};
  double matrix[2][2] = {{0, 0}, {0, 0}};
  char raw[3] = {0, 0, 0};
};

TEST(CerealClass, MayUseNamesBasesArraysAndBinaryData) {
  rich value;
  value.name = "n";
  value.points = {{1, 2}};
  value.numbers[1] = 7;
  value.matrix[1][0] = 2.5;
  value.raw[2] = 'c';
  const rich back = round_trip(value);
  EXPECT_EQ(back.name, "n");
  EXPECT_EQ(back.points, value.points);
  EXPECT_EQ(back.numbers[1], 7);
  EXPECT_EQ(back.matrix[1][0], 2.5);
  EXPECT_EQ(back.raw[2], 'c');
}

class split {
 public:
  split() = default;
  explicit split(int v) : value(v), doubled(2 * v) {}
  template <class Archive>
  void save(Archive& archive) const {
    archive(value);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(value);
    doubled = 2 * value;
  }
  int value = 0;
  int doubled = 0;
};

TEST(CerealClass, MaySaveAndLoadApart) {
  EXPECT_EQ(round_trip(split(4)).doubled, 8);
}

struct outside {
  int value = 0;
  int* cache = nullptr;
};
template <class Archive>
void serialize(Archive& archive, outside& o) {
  archive(o.value);
}

TEST(CerealClass, MayBeServedByAFunction) {
  EXPECT_EQ(round_trip(outside{5, nullptr}).value, 5);
}

struct versioned {
  int value = 0;
  template <class Archive>
  void serialize(Archive& archive, const std::uint32_t version) {
    archive(value);
    seen = version;
  }
  std::uint32_t seen = 0;
};

}  // namespace
}  // namespace glint

CEREAL_CLASS_VERSION(glint::versioned, 3)

namespace glint {
namespace {

TEST(CerealClass, MayHaveAVersion) {
  versioned v;
  v.value = 4;
  const versioned back = round_trip(v);
  EXPECT_EQ(back.value, 4);
  EXPECT_EQ(back.seen, 3u);
}

struct shares {
  std::shared_ptr<int> first;
  std::shared_ptr<int> second;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(first, second);
  }
};

TEST(CerealClass, MayAskCerealForWhatWeRefuse) {
  const auto one = std::make_shared<int>(3);
  const shares back = round_trip(shares{one, one});
  ASSERT_NE(back.first, nullptr);
  EXPECT_EQ(*back.first, 3);
  EXPECT_EQ(back.first, back.second);
}

}  // namespace
}  // namespace glint
