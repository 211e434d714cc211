// SPDX-License-Identifier: Apache-2.0
// Objects as bytes: what comes back, and what is refused.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <glint/core/exchange.hpp>
#include <glint/gpu/storage.hpp>
#include "fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::any_ref;
using glint::errc;
using glint::export_bytes;
using glint::get;
using glint::import_bytes;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::tensor;

using bytes = std::vector<std::byte>;

class Exchange : public runtime_test {};

/// Bit by bit, from the polynomial alone.
std::uint64_t plain_crc64(std::span<const std::byte> data) {
  std::uint64_t rest = ~std::uint64_t{0};
  for (const std::byte b : data) {
    rest ^= std::to_integer<std::uint64_t>(b);
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ (rest & 1 ? 0xC96C5795D7870F42u : 0);
  }
  return ~rest;
}

/// The same bytes with the checksum that they should have: what is wrong then is found by something else.
bytes resealed(bytes data) {
  const auto body = std::span(data).first(data.size() - 8);
  const std::uint64_t checksum = plain_crc64(body);
  std::memcpy(data.data() + body.size(), &checksum, sizeof checksum);
  return data;
}

template <class T>
T there_and_back(T value) {
  return get(import_bytes<T>(export_bytes(put(std::move(value)))));
}

/// Asserts that the import is refused as malformed, with the type's name.
template <class T>
void expect_malformed(const bytes& data, const std::string& text) {
  try {
    (void)import_bytes<T>(data);
    FAIL() << "took bytes that are wrong: " << text;
  } catch (const glint::exception& e) {
    ASSERT_EQ(e.code(), errc::malformed_data) << e.what();
    ASSERT_EQ(e.error().subject(), "import of " + glint::type_name<T>()) << e.what();
    ASSERT_THAT(e.what(), testing::HasSubstr(text));
  }
}

struct sample {
  int number = 0;
  std::string text;
  std::vector<std::optional<double>> list;
  std::map<std::string, std::variant<int, std::string>> table;
  friend bool operator==(const sample&, const sample&) = default;
};
sample some_sample() {
  return {7, "seven", {1.5, std::nullopt, -2.0}, {{"a", 1}, {"b", "two"}}};
}

class layer {
 public:
  layer() = default;
  explicit layer(float first) : weights_(tensor<float>::from({first, 2, 3, 4, 5, 6}).reshape({2, 3})), name_("dense") {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(weights_, name_);
  }
  template <class Visit>
  void tensors(Visit&& visit) {
    visit(weights_);
  }
  [[nodiscard]] const tensor<float>& weights() const { return weights_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  tensor<float> weights_;
  std::string name_;
};

struct model {
  std::vector<layer> layers;
  std::unique_ptr<tensor<std::int64_t>> steps;  // so that a model cannot be copied
  tensor<double> none;
};
model some_model() {
  model made;
  made.layers.emplace_back(1.f);
  made.layers.emplace_back(10.f);
  made.steps = std::make_unique<tensor<std::int64_t>>(tensor<std::int64_t>::from({42}));
  return made;
}

template <class T>
std::vector<T> elements(const tensor<T>& t) {
  const auto values = t.values();
  return {values.begin(), values.end()};
}

TEST_F(Exchange, ValuesComeBack) {
  EXPECT_EQ(there_and_back(3), 3);
  EXPECT_EQ(there_and_back(std::string()), "");
  EXPECT_EQ(there_and_back(std::vector<double>{1, 2, 3}), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(there_and_back(some_sample()), some_sample());
  EXPECT_EQ(*there_and_back(std::make_unique<int>(5)), 5);
}

TEST_F(Exchange, TheImportIsAnObjectLikeAnyOther) {
  const auto object = import_bytes<int>(export_bytes(put(3)));
  EXPECT_EQ(get(submit<add>(object, 1), deadline), 4);
}

TEST_F(Exchange, TensorsComeWithTheirElements) {
  const auto back = there_and_back(tensor<float>::from({1, 2, 3, 4, 5, 6}).reshape({2, 3}));
  EXPECT_EQ(back.shape(), (glint::extents{2, 3}));
  EXPECT_EQ(elements(back), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(there_and_back(tensor<float>()).empty_handle());
  EXPECT_EQ(there_and_back(tensor<float>::zeros({0, 3})).shape(), (glint::extents{0, 3}));
}

TEST_F(Exchange, TensorsInsideOfMoveOnlyValuesToo) {
  const auto object = put(some_model());
  const model back = get(import_bytes<model>(export_bytes(object)));
  ASSERT_EQ(back.layers.size(), 2u);
  EXPECT_EQ(elements(back.layers[1].weights()), (std::vector<float>{10, 2, 3, 4, 5, 6}));
  EXPECT_EQ(back.layers[1].weights().shape(), (glint::extents{2, 3}));
  EXPECT_EQ(back.layers[0].name(), "dense");
  EXPECT_EQ(elements(*back.steps), std::vector<std::int64_t>{42});
  EXPECT_TRUE(back.none.empty_handle());
  EXPECT_EQ(get(object).layers[0].weights().values()[0], 1) << "the original is as it was";
}

TEST_F(Exchange, AViewWithGapsComesBackRowMajor) {
  const auto back = there_and_back(tensor<std::int16_t>::from({1, 2, 3, 4, 5, 6}).reshape({2, 3}).transposed());
  EXPECT_EQ(back.shape(), (glint::extents{3, 2}));
  EXPECT_EQ(elements(back), (std::vector<std::int16_t>{1, 4, 2, 5, 3, 6}));
}

TEST_F(Exchange, NothingBesideAViewLeavesTheProcess) {
  std::vector<std::uint64_t> values(1000, 0x5E12E75E12E75E12);  // secrets
  values[500] = 1;
  values[501] = 2;
  const auto all = tensor<std::uint64_t>::from(values, {1000});
  const bytes out = export_bytes(put(all.slice(500, 502)));
  EXPECT_LT(out.size(), 200u);
  EXPECT_EQ(elements(get(import_bytes<tensor<std::uint64_t>>(out))), (std::vector<std::uint64_t>{1, 2}));
}

tensor<float> on_device(glint::gpu_context& gpu, const tensor<float>& x) {
  return gpu.to_device(x);
}
tensor<float> broken(glint::gpu_context& gpu) {
  auto made = gpu.zeros<float>({4});
  gpu.run_on_host_device([] { throw std::runtime_error("bad cell"); });
  return made;
}

TEST_F(Exchange, TensorsOnADeviceAreBroughtToTheHost) {
  const auto object = submit<on_device>(tensor<float>::from({1, 2, 3}));
  const bytes out = export_bytes(object);
  EXPECT_FALSE(get(object).place().is_host());
  const auto back = import_bytes<tensor<float>>(out);
  EXPECT_TRUE(get(back).place().is_host());
  EXPECT_EQ(elements(get(back)), (std::vector<float>{1, 2, 3}));
}

TEST_F(Exchange, ExportWaitsForTheObjectAndThrowsItsFailure) {
  const auto go = make_event();
  const auto late = submit<after>(go, 5);
  const std::jthread setter([&] { (*go)->set(); });
  EXPECT_EQ(get(import_bytes<int>(export_bytes(late))), 5);
  try {
    (void)export_bytes(submit<broken>({.name = "bad"}));
    FAIL() << "exported what failed";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::kernel_failed);
    EXPECT_THAT(e.error().subject(), testing::HasSubstr("bad"));
  }
  EXPECT_EQ(thrown_by([] { (void)export_bytes(object_ref<int>()); }), errc::empty_ref);
}

/// A tensor that is encoded for other ends keeps its storage: the scope ends with the export.
TEST_F(Exchange, OtherEncodingsAreNotTouched) {
  const auto x = tensor<float>::from({1, 2});
  (void)export_bytes(put(x));
  const auto encoded = glint::encode(x);
  ASSERT_EQ(encoded.refs.size(), 1u);
  EXPECT_EQ(encoded.refs[0].get(), x.storage());
}

struct holds_refs {
  int number = 0;
  object_ref<int> typed;
  std::vector<any_ref> any;
};

TEST_F(Exchange, AValueWithRefsIsRefused) {
  for (const holds_refs& value : {holds_refs{1, put(1), {}}, holds_refs{1, {}, {put(std::string("x"))}}}) {
    try {
      (void)export_bytes(put(value));
      FAIL() << "a ref left the process";
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
      EXPECT_EQ(e.error().subject(), "export of " + glint::type_name<holds_refs>());
      EXPECT_THAT(e.error().message(), testing::HasSubstr("ref"));
      EXPECT_EQ(e.error().cause(), nullptr);
    }
  }
  EXPECT_EQ(there_and_back(holds_refs{3, {}, {any_ref()}}).number, 3) << "empty refs are no refs";
}

TEST_F(Exchange, AnotherTypeIsRefusedAndNamed) {
  const bytes out = export_bytes(put(std::string("text")));
  expect_malformed<std::vector<char>>(out, "an object of type " + glint::type_name<std::string>());
  expect_malformed<tensor<double>>(export_bytes(put(tensor<float>::from({1}))), glint::type_name<tensor<float>>());
}

TEST_F(Exchange, AnotherVersionIsRefused) {
  bytes out = export_bytes(put(1));
  out[8] = std::byte{2};
  expect_malformed<int>(out, "written in version 2, known is 1");
  expect_malformed<int>(resealed(out), "written in version 2, known is 1");
}

TEST_F(Exchange, AnotherFormatIsRefused) {
  bytes out = export_bytes(put(1));
  ASSERT_EQ(std::to_integer<char>(out[10]), 'g');  // of "glint", behind its length
  out[10] = std::byte{'f'};
  expect_malformed<int>(resealed(out), "of the format flint");
}

TEST_F(Exchange, BytesOfSomethingElseAreRefused) {
  expect_malformed<int>({}, "");
  expect_malformed<int>(bytes(100, std::byte{0}), "not an exported object");
  expect_malformed<int>(bytes(100, std::byte{0xFF}), "not an exported object");
}

TEST_F(Exchange, TheChecksumIsThatOfXz) {
  constexpr std::string_view check = "123456789";
  EXPECT_EQ(plain_crc64(std::as_bytes(std::span(check))), 0x995DC9BBDF1939FAu);
  for (std::size_t length = 0; length < 40; ++length) {  // every remainder of the eight bytes that are taken at once
    const bytes out = export_bytes(put(std::string(length, 'x')));
    EXPECT_EQ(resealed(out), out) << length;
  }
}

TEST_F(Exchange, EveryTruncationIsRefused) {
  bytes out = export_bytes(put(some_model()));
  (void)import_bytes<model>(out);
  for (std::size_t length = 0; length < out.size(); ++length) {
    expect_malformed<model>(bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(length)), "");
  }
  out.push_back(std::byte{0});
  expect_malformed<model>(out, "checksum");
}

TEST_F(Exchange, EveryFlippedBitIsRefused) {
  const bytes out = export_bytes(put(some_model()));
  for (std::size_t bit = 0; bit < 8 * out.size(); ++bit) {
    bytes altered = out;
    altered[bit / 8] ^= std::byte(1u << (bit % 8));
    expect_malformed<model>(altered, "");
  }
}

/// Whether bytes that are sealed rightly import or not: they must give a value or a refusal, and no harm.
template <class T>
void import_without_harm(const bytes& data) {
  try {
    (void)import_bytes<T>(data);
  } catch (const glint::exception& e) {
    ASSERT_TRUE(e.code() == errc::malformed_data || e.code() == errc::out_of_memory) << e.what();
    ASSERT_EQ(e.error().subject(), "import of " + glint::type_name<T>()) << e.what();
  }
}

TEST_F(Exchange, AlteredBytesWithARightChecksumDoNoHarm) {
  std::mt19937_64 random(test_seed());
  const bytes of_model = export_bytes(put(some_model()));
  const bytes of_sample = export_bytes(put(some_sample()));
  for (int round = 0; round < 3000; ++round) {
    for (const bytes* out : {&of_model, &of_sample}) {
      bytes altered = *out;
      const std::size_t flips = 1 + random() % 8;
      for (std::size_t i = 0; i < flips; ++i) altered[random() % (altered.size() - 8)] ^= std::byte(1u << random() % 8);
      if (random() % 4 == 0)
        altered.erase(altered.begin() + static_cast<std::ptrdiff_t>(random() % (altered.size() - 8)));
      altered = resealed(std::move(altered));
      out == &of_model ? import_without_harm<model>(altered) : import_without_harm<sample>(altered);
    }
  }
}

/// Each byte of the description of a tensor in turn: dtype, offset, rank, extents, strides, index.
TEST_F(Exchange, AnAlteredTensorNeverReachesOutsideOfItsElements) {
  const bytes out = export_bytes(put(tensor<float>::from({1, 2, 3, 4, 5, 6}).reshape({2, 3})));
  for (std::size_t i = 9; i < out.size() - 8; ++i) {
    for (const unsigned value : {0u, 1u, 2u, 0x7Fu, 0x80u, 0xFFu}) {
      bytes altered = out;
      altered[i] = std::byte(value);
      try {
        const auto imported = get(import_bytes<tensor<float>>(resealed(altered)));
        if (imported.contiguous()) (void)elements(imported);  // reads them all
      } catch (const glint::exception& e) {
        ASSERT_EQ(e.code(), errc::malformed_data) << e.what();
      }
    }
  }
}

TEST(ExchangeWithoutARuntime, IsRefused) {
  glint::init(small_node(1, 0));
  const bytes out = export_bytes(put(1));
  glint::shutdown();
  EXPECT_EQ(thrown_by([&] { (void)import_bytes<int>(out); }), errc::not_running);
}

}  // namespace
}  // namespace glint_test
