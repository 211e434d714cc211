// SPDX-License-Identifier: Apache-2.0
#include <glint/base/exception.hpp>
#include <glint/base/serialization.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <variant>

namespace glint {
namespace {

struct number_object final : ref_counted {
  explicit number_object(int v) : value(v) {}
  int value;
};

/// Stands for core's refs: no default constructor, to be harder than they are.
class fake_ref {
 public:
  explicit fake_ref(intrusive_ptr<ref_counted> object) : object_(std::move(object)) {}
  [[nodiscard]] const intrusive_ptr<ref_counted>& object() const { return object_; }
  [[nodiscard]] int value() const { return static_cast<number_object&>(*object_).value; }

 private:
  intrusive_ptr<ref_counted> object_;
};

fake_ref make_ref(int value) {
  return fake_ref(make_intrusive<number_object>(value));
}

}  // namespace

template <>
struct ref_traits<fake_ref> {
  static constexpr bool is_ref = true;
  static intrusive_ptr<ref_counted> counted(const fake_ref& ref) { return ref.object(); }
  static fake_ref from_counted(intrusive_ptr<ref_counted> object) {
    if (object && dynamic_cast<number_object*>(object.get()) == nullptr)
      throw exception(error(errc::invalid_argument, "not a number"));
    return fake_ref(std::move(object));
  }
};

namespace {

struct holds_refs {
  std::vector<fake_ref> several;
  std::map<int, fake_ref> by_number;
  std::optional<fake_ref> maybe;
  std::variant<int, fake_ref> choice;
};

class serializes_refs {
 public:
  serializes_refs() = default;
  explicit serializes_refs(fake_ref r) : refs_{std::move(r)} {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(refs_);
  }
  [[nodiscard]] const fake_ref& ref() const { return refs_.front(); }

 private:
  std::vector<fake_ref> refs_;
};

static_assert(serializable<fake_ref> && serializable<holds_refs> && serializable<std::pair<int, fake_ref>>);

TEST(EncodeRefs, AreFoundAnywhereInsideInOrder) {
  const holds_refs value{{make_ref(1), make_ref(2)}, {{7, make_ref(3)}}, make_ref(4), make_ref(5)};
  const encoded out = encode(value);
  ASSERT_EQ(out.refs.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(static_cast<number_object&>(*out.refs[i]).value, static_cast<int>(i) + 1);
  const auto back = decode<holds_refs>(out);
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(back->several[1].value(), 2);
  EXPECT_EQ(back->by_number.at(7).value(), 3);
  EXPECT_EQ(back->maybe->value(), 4);
  EXPECT_EQ(std::get<fake_ref>(back->choice).value(), 5);
}

TEST(EncodeRefs, AreFoundInsideOfAClassesSerialize) {
  const auto back = decode<serializes_refs>(encode(serializes_refs(make_ref(9))));
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(back->ref().value(), 9);
}

TEST(EncodeRefs, EachElementHoldsACountOfItsOwn) {
  const fake_ref ref = make_ref(1);
  {
    const encoded out = encode(std::vector<fake_ref>{ref, ref});
    EXPECT_EQ(out.refs.size(), 2u);
    EXPECT_EQ(ref.object()->use_count(), 3u);
  }
  EXPECT_TRUE(ref.object()->unique());
}

TEST(EncodeRefs, AnEmptyRefStaysEmptyAndTakesNoElement) {
  const encoded out = encode(fake_ref(nullptr));
  EXPECT_TRUE(out.refs.empty());
  EXPECT_EQ(decode<fake_ref>(out).value().object(), nullptr);
}

TEST(DecodeRefs, MissingOnesAreMalformed) {
  encoded out = encode(std::vector<fake_ref>{make_ref(1), make_ref(2)});
  out.refs.pop_back();
  EXPECT_EQ(decode<std::vector<fake_ref>>(out).error().code(), errc::malformed_data);
}

TEST(DecodeRefs, LeftOverOnesAreMalformed) {
  encoded out = encode(make_ref(1));
  out.refs.push_back(out.refs.front());
  EXPECT_THAT(decode<fake_ref>(out).error().message(), testing::HasSubstr("left over"));
}

TEST(DecodeRefs, OnesOutOfOrderAreMalformed) {
  encoded out = encode(std::vector<fake_ref>{make_ref(1), make_ref(2)});
  std::swap(out.bytes[2], out.bytes[3]);
  EXPECT_EQ(decode<std::vector<fake_ref>>(out).error().code(), errc::malformed_data);
}

struct other_object final : ref_counted {};

TEST(DecodeRefs, OneOfAnotherTypeIsMalformedWithTheHooksErrorAsCause) {
  encoded out = encode(make_ref(1));
  out.refs.front() = make_intrusive<other_object>();
  const error e = decode<fake_ref>(out).error();
  EXPECT_EQ(e.code(), errc::malformed_data);
  ASSERT_NE(e.cause(), nullptr);
  EXPECT_EQ(e.cause()->message(), "not a number");
}

}  // namespace
}  // namespace glint
