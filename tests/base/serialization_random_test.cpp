// SPDX-License-Identifier: Apache-2.0
// Random values, and what is left when their bytes are cut or altered. GLINT_TEST_SEED=n replays a run.
#include <gtest/gtest.h>

#include <cstdlib>

#include "serialization_values.hpp"

namespace glint {
namespace {

using namespace testing_values;

class SerializationRandom : public testing::Test {
 protected:
  SerializationRandom()
      : seed_(choose_seed()), source_(seed_), trace_(__FILE__, __LINE__, "GLINT_TEST_SEED=" + std::to_string(seed_)) {
    RecordProperty("seed", std::to_string(seed_));
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed_));
  }

  std::uint64_t seed_;
  value_source source_;

 private:
  static std::uint64_t choose_seed() {
    const char* given = std::getenv("GLINT_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }
  testing::ScopedTrace trace_;
};

TEST_F(SerializationRandom, EveryValueComesBack) {
  for (int i = 0; i < 300; ++i) {
    const everything value = source_.all();
    const auto back = decode<everything>(encode(value));
    ASSERT_TRUE(back) << "value " << i << ": " << back.error().describe();
    ASSERT_EQ(*back, value) << "value " << i;
  }
}

TEST_F(SerializationRandom, EveryTruncationIsMalformed) {
  for (int i = 0; i < 5; ++i) {
    const encoded whole = encode(source_.all());
    for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
      encoded cut;
      cut.bytes.assign(whole.bytes.begin(), whole.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const auto back = decode<everything>(cut);
      ASSERT_FALSE(back) << size << " of " << whole.bytes.size() << " bytes";
      ASSERT_EQ(back.error().code(), errc::malformed_data);
    }
  }
}

/// An altered value may still be one; then it encodes again. Else the error says so. Nothing else may happen.
void expect_value_or_malformed(const encoded& bytes) {
  const auto back = decode<everything>(bytes);
  if (back)
    EXPECT_FALSE(encode(*back).bytes.empty());
  else
    EXPECT_EQ(back.error().code(), errc::malformed_data);
}

TEST_F(SerializationRandom, NoFlippedBitCrashes) {
  for (int i = 0; i < 2; ++i) {
    encoded bytes = encode(source_.all());
    for (std::size_t bit = 0; bit < bytes.bytes.size() * 8; ++bit) {
      const auto mask = static_cast<std::byte>(1u << (bit % 8));
      bytes.bytes[bit / 8] ^= mask;
      expect_value_or_malformed(bytes);
      bytes.bytes[bit / 8] ^= mask;
    }
  }
}

TEST_F(SerializationRandom, NoBytesAtAllCrash) {
  for (int i = 0; i < 3000; ++i) {
    encoded bytes;
    bytes.bytes.push_back(std::byte{1});
    for (std::size_t n = source_.number<std::uint16_t>() % 400; n > 0; --n)
      bytes.bytes.push_back(source_.number<std::byte>());
    expect_value_or_malformed(bytes);
  }
}

}  // namespace
}  // namespace glint
