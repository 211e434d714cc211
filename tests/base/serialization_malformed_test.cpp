// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <stdexcept>

#include <glint/base/exception.hpp>

#include "serialization_values.hpp"

namespace glint {
namespace {

using namespace testing_values;
using testing::AllOf;
using testing::HasSubstr;

encoded raw(std::initializer_list<int> bytes) {
  encoded e;
  for (const int b : bytes) e.bytes.push_back(static_cast<std::byte>(b));
  return e;
}

template <class T>
std::string refusal(const encoded& from) {
  const auto back = decode<T>(from);
  EXPECT_FALSE(back.has_value());
  if (back) return {};
  EXPECT_EQ(back.error().code(), errc::malformed_data);
  return back.error().describe();
}

TEST(Malformed, NamesTypePlaceAndReason) {
  EXPECT_THAT(refusal<int>(raw({1, 0, 0})),
              AllOf(HasSubstr("value of type int"), HasSubstr("4 more bytes"), HasSubstr("at byte 1 of 3")));
}

TEST(Malformed, NoBytes) {
  EXPECT_THAT(refusal<int>({}), HasSubstr("1 more bytes are needed"));
}

TEST(Malformed, AnotherVersion) {
  EXPECT_THAT(refusal<char>(raw({2, 0})), HasSubstr("version is 2, known is 1"));
}

TEST(Malformed, TrailingBytes) {
  EXPECT_THAT(refusal<char>(raw({1, 0, 0})), HasSubstr("bytes follow the end"));
}

TEST(Malformed, ALengthBeyondTheBytes) {
  EXPECT_THAT(refusal<std::string>(raw({1, 3, 'a', 'b'})), HasSubstr("a length says 3"));
  EXPECT_THAT(refusal<std::vector<std::uint64_t>>(raw({1, 2, 0, 0, 0, 0, 0, 0, 0, 0})), HasSubstr("a length says 2"));
  EXPECT_THAT(refusal<std::list<empty>>(raw({1, 2, 0})), HasSubstr("a length says 2"));
}

TEST(Malformed, ALengthThatWouldOverflowOrExhaustMemory) {
  const auto huge = raw({1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01});
  EXPECT_THAT(refusal<std::vector<double>>(huge), HasSubstr("a length says 18446744073709551615"));
  EXPECT_THAT(refusal<std::vector<std::string>>(huge), HasSubstr("a length says"));
  EXPECT_THAT((refusal<std::map<int, int>>(huge)), HasSubstr("a length says"));
  EXPECT_THAT(refusal<std::vector<empty>>(huge), HasSubstr("a length says"));
}

TEST(Malformed, ALengthOfMoreThan64Bits) {
  EXPECT_THAT(refusal<std::string>(raw({1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02})),
              HasSubstr("more than 64 bits"));
}

TEST(Malformed, ALengthThatIsLongerThanItNeedsToBe) {
  EXPECT_THAT(refusal<std::string>(raw({1, 0x81, 0x00, 'a'})), HasSubstr("shortest form"));
}

TEST(Malformed, ABoolThatIsNone) {
  EXPECT_THAT(refusal<bool>(raw({1, 2})), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(refusal<std::vector<bool>>(raw({1, 1, 2})), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(refusal<std::optional<char>>(raw({1, 2, 0})), HasSubstr("neither 0 nor 1"));
}

TEST(Malformed, AVariantThatHoldsNoAlternative) {
  EXPECT_THAT((refusal<std::variant<char, int>>(raw({1, 2, 0}))), HasSubstr("a variant of 2 holds alternative 2"));
}

TEST(Malformed, AKeyThatIsThereTwice) {
  EXPECT_THAT(refusal<std::set<char>>(raw({1, 2, 'a', 'a'})), HasSubstr("twice"));
  EXPECT_THAT((refusal<std::map<char, char>>(raw({1, 2, 'a', 'x', 'a', 'y'}))), HasSubstr("twice"));
}

TEST(Malformed, NestingIsBounded) {
  encoded deep = raw({1});
  for (int i = 0; i < 10'000; ++i)
    for (const int b : {0, 0, 0, 0, 1}) deep.bytes.push_back(static_cast<std::byte>(b));
  EXPECT_THAT(refusal<tree>(deep), HasSubstr("deeper than 256"));
}

TEST(Encode, RefusesWhatCouldNotBeReadBack) {
  tree root;
  tree* leaf = &root;
  for (int i = 0; i < 255; ++i) leaf = &leaf->children.emplace_back();
  EXPECT_EQ(decode<tree>(encode(root)).value(), root);
  leaf->children.emplace_back();
  EXPECT_NO_THROW(static_cast<void>(leaf));
  leaf->children.front().children.emplace_back();
  try {
    static_cast<void>(encode(root));
    FAIL() << "encoded what is too deep";
  } catch (const exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_THAT(e.what(), HasSubstr("deeper than 256"));
  }
}

struct throws_on_move {
  throws_on_move() = default;
  throws_on_move(throws_on_move&&) { throw std::runtime_error("no"); }
  throws_on_move(const throws_on_move&) = default;
  throws_on_move& operator=(const throws_on_move&) = default;
  template <class Archive>
  void serialize(Archive&) {}
};

TEST(Encode, RefusesAVariantWithoutAValue) {
  std::variant<int, throws_on_move> value = 1;
  EXPECT_THROW(value = throws_on_move(), std::runtime_error);
  ASSERT_TRUE(value.valueless_by_exception());
  EXPECT_THROW(static_cast<void>(encode(value)), exception);
}

struct picky {
  int value = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value);
    if (value < 0) throw std::domain_error("negative");
  }
};

TEST(Malformed, WhatATypesOwnFunctionThrowsIsTheCause) {
  const auto back = decode<picky>(raw({1, 0xff, 0xff, 0xff, 0xff}));
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), errc::malformed_data);
  ASSERT_NE(back.error().cause(), nullptr);
  EXPECT_EQ(back.error().cause()->message(), "negative");
}

struct hungry {
  template <class Archive>
  void serialize(Archive&) {
    if constexpr (Archive::is_loading::value) throw std::bad_alloc();
  }
};

TEST(Decode, NoMemoryIsItsOwnError) {
  EXPECT_EQ(decode<hungry>(encode(hungry{})).error().code(), errc::out_of_memory);
}

}  // namespace
}  // namespace glint
