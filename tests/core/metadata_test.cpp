// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <latch>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::metadata;
using glint::object_metadata;
using glint::object_ref;
using glint::object_state;
using glint::put;
using glint::submit;
using glint::tensor;

class Metadata : public runtime_test {};

struct pair_of_tensors {
  tensor<float> a;
  std::vector<tensor<std::int16_t>> more;
  int tag = 0;
};

tensor<float> zeros_behind(glint::gpu_context& gpu, const shared_event& go) {
  auto made = gpu.zeros<float>({4, 2});
  gpu.run_on_host_device([go] { (*go)->wait(); });
  return made;
}

TEST_F(Metadata, NamesTypeFormatAndState) {
  const auto object = put(std::string("x"));
  const object_metadata about = metadata(object);
  EXPECT_EQ(about.type_name, glint::type_name<std::string>());
  EXPECT_EQ(about.format, "native");
  EXPECT_EQ(about.encoding, glint::export_format);
  EXPECT_EQ(about.state, object_state::ready);
  EXPECT_FALSE(about.failure);
  EXPECT_TRUE(about.tensors.empty());
  EXPECT_EQ(metadata(submit<[] {}>()).type_name, "void");
  EXPECT_EQ(metadata(put(glint::local_only(3))).encoding, "") << "it never leaves its process";
}

TEST_F(Metadata, StatesHaveNames) {
  EXPECT_EQ(to_string(object_state::pending), "pending");
  EXPECT_EQ(to_string(object_state::issued), "issued");
  EXPECT_EQ(to_string(object_state::ready), "ready");
  EXPECT_EQ(to_string(object_state::failed), "failed");
}

TEST_F(Metadata, APendingObjectHasAllButAValue) {
  const auto go = make_event();
  const auto late = submit<after>(go, 1);
  const object_metadata before = metadata(late);
  EXPECT_EQ(before.state, object_state::pending);
  EXPECT_EQ(before.bytes, 0u);
  EXPECT_EQ(before.type_name, "int");
  (*go)->set();
  get(late, deadline);
  const object_metadata now = metadata(late);
  EXPECT_EQ(now.state, object_state::ready);
  EXPECT_EQ(now.bytes, sizeof(int));
  EXPECT_EQ(now.created, before.created);
}

TEST_F(Metadata, AFailedObjectTellsItsError) {
  const auto failed = submit<throw_out_of_range>({.name = "bad"}, "no");
  ASSERT_TRUE(error_of(failed));
  const auto dependent = submit<echo>({.name = "dependent"}, failed);
  ASSERT_TRUE(error_of(dependent));
  const object_metadata about = metadata(dependent);
  EXPECT_EQ(about.state, object_state::failed);
  EXPECT_EQ(about.bytes, 0u);
  ASSERT_TRUE(about.failure);
  EXPECT_EQ(about.failure->code(), errc::dependency_failed);
  EXPECT_EQ(about.failure->subject(), "task dependent");
  ASSERT_NE(about.failure->cause(), nullptr);
  EXPECT_EQ(about.failure->cause()->code(), errc::user_exception);
}

/// The clock is coarse: what it says may be some milliseconds old.
TEST_F(Metadata, CreationIsWhenTheRefWasMade) {
  using clock = std::chrono::system_clock;
  const auto go = make_event();
  const auto before = clock::now();
  const auto late = submit<after>(go, 1);
  const auto after_submit = clock::now();
  EXPECT_GE(metadata(late).created, before - 100ms);
  EXPECT_LE(metadata(late).created, after_submit);
  // A moment that the coarse clock can tell from the first.
  const auto later = eventually([&] { return metadata(put(1)).created > after_submit; });
  EXPECT_TRUE(later);
  (*go)->set();
  get(late, deadline);
  EXPECT_LE(metadata(late).created, after_submit) << "not when it was ready";
}

TEST_F(Metadata, BytesAreTheValuesAndWhatItHolds) {
  EXPECT_EQ(metadata(put(1.0)).bytes, sizeof(double));
  EXPECT_EQ(metadata(put(std::vector<int>(1000))).bytes, sizeof(std::vector<int>) + 1000 * sizeof(int));
  EXPECT_EQ(metadata(put(std::string("short"))).bytes, sizeof(std::string)) << "it lies in the string itself";
  EXPECT_EQ(metadata(put(std::string(1000, 'x'))).bytes, sizeof(std::string) + 1000);
  const std::vector<std::string> texts{std::string(100, 'a'), "b"};
  EXPECT_EQ(metadata(put(texts)).bytes, sizeof(texts) + 2 * sizeof(std::string) + 100);
  using map = std::map<int, std::vector<int>>;
  EXPECT_EQ(metadata(put(map{{1, {1, 2}}, {2, {}}})).bytes,
            sizeof(map) + 2 * sizeof(map::value_type) + 2 * sizeof(int));
  EXPECT_EQ(metadata(put(std::make_unique<int>(1))).bytes, sizeof(std::unique_ptr<int>) + sizeof(int));
  EXPECT_EQ(metadata(put(std::unique_ptr<int>())).bytes, sizeof(std::unique_ptr<int>));
  using maybe = std::optional<std::vector<char>>;
  EXPECT_EQ(metadata(put(maybe(std::vector<char>(10)))).bytes, sizeof(maybe) + 10);
  EXPECT_EQ(metadata(put(maybe())).bytes, sizeof(maybe));
  using either = std::variant<int, std::vector<char>>;
  EXPECT_EQ(metadata(put(either(std::vector<char>(10)))).bytes, sizeof(either) + 10);
  using parts = std::pair<std::vector<char>, std::array<std::vector<char>, 2>>;
  EXPECT_EQ(metadata(put(parts{std::vector<char>(1), {std::vector<char>(2), std::vector<char>(3)}})).bytes,
            sizeof(parts) + 6);
  EXPECT_EQ(metadata(put(std::vector<bool>(80))).bytes, sizeof(std::vector<bool>) + 10);
  EXPECT_EQ(metadata(put(std::vector{put(1)})).bytes, sizeof(std::vector<int>) + sizeof(object_ref<int>));
}

struct tree {
  std::vector<tree> branches;
  std::vector<char> leaves;
};
TEST_F(Metadata, BytesOfATypeInsideItself) {
  tree root{{tree{{}, std::vector<char>(5)}, tree{}}, std::vector<char>(2)};
  EXPECT_EQ(metadata(put(std::move(root))).bytes, sizeof(tree) * 3 + 7);
}

TEST_F(Metadata, TensorsTellDtypeShapeAndPlace) {
  const pair_of_tensors value{tensor<float>::zeros({2, 3}), {tensor<std::int16_t>::from({1, 2}), {}}, 1};
  const object_metadata about = metadata(put(value));
  ASSERT_EQ(about.tensors.size(), 2u) << "empty handles are left out";
  EXPECT_EQ(about.tensors[0].dtype, glint::dtype::f32);
  EXPECT_EQ(about.tensors[0].shape, (glint::extents{2, 3}));
  EXPECT_TRUE(about.tensors[0].place.is_host());
  EXPECT_EQ(about.tensors[0].bytes, 24u);
  EXPECT_EQ(about.tensors[1].dtype, glint::dtype::i16);
  EXPECT_EQ(about.tensors[1].shape, (glint::extents{2}));
  EXPECT_EQ(about.bytes, sizeof(pair_of_tensors) + 2 * sizeof(tensor<std::int16_t>) + 24 + 4);
}

/// What is on a device is told before it has run, and nothing waits for it.
TEST_F(Metadata, AnIssuedObjectTellsItsTensorsOnTheDevice) {
  const auto go = make_event();
  const auto object = submit<zeros_behind>(go);
  EXPECT_TRUE(eventually([&] { return metadata(object).state == object_state::issued; }));
  const object_metadata about = metadata(object);
  ASSERT_EQ(about.tensors.size(), 1u);
  EXPECT_EQ(about.tensors[0].shape, (glint::extents{4, 2}));
  EXPECT_EQ(about.tensors[0].place, glint::memory_place{0});
  EXPECT_EQ(about.bytes, sizeof(tensor<float>) + 32);
  (*go)->set();
  get(object, deadline);
  EXPECT_EQ(metadata(object).state, object_state::ready);
}

TEST_F(Metadata, LooksAtTheValueAndCopiesNothing) {
  const auto object = put(tracked(1));
  tracked::reset();
  EXPECT_EQ(metadata(object).bytes, sizeof(tracked));
  EXPECT_EQ(tracked::copies + tracked::moves, 0);
}

TEST_F(Metadata, ARefToNothingThrows) {
  EXPECT_EQ(thrown_by([] { (void)metadata(object_ref<int>()); }), errc::empty_ref);
}

/// Asked by one thread while the object is made, published and used by others.
TEST_F(Metadata, MayBeAskedWhileTheObjectIsMade) {
  for (int round = 0; round < 200; ++round) {
    const auto made = submit<[](int n) { return std::vector<std::string>(static_cast<std::size_t>(n), "text"); }>(3);
    const auto size = submit<[](const std::vector<std::string>& v) { return v.size(); }>(made);
    object_metadata about = metadata(made);
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (about.state != object_state::ready && std::chrono::steady_clock::now() < end) about = metadata(made);
    ASSERT_EQ(about.bytes, sizeof(std::vector<int>) + 3 * sizeof(std::string));
    EXPECT_EQ(get(size, deadline), 3u);
  }
}

TEST(MetadataAtShutdown, AnObjectThatWasEmptiedHasFailed) {
  glint::init(small_node());
  const auto text = put(std::string("x"));
  const auto pending = never();
  std::atomic<bool> stop{false};
  std::latch asking(1);
  std::jthread asker([&] {
    asking.count_down();
    while (!stop) (void)metadata(text);  // while its value is taken away
  });
  asking.wait();
  glint::shutdown();
  stop = true;
  asker.join();
  for (const glint::any_ref& ref : {glint::any_ref(text), glint::any_ref(pending)}) {
    const object_metadata about = metadata(ref);
    EXPECT_EQ(about.state, object_state::failed);
    ASSERT_TRUE(about.failure);
    EXPECT_EQ(about.failure->code(), errc::shutdown);
    EXPECT_FALSE(about.failure->subject().empty());
  }
}

}  // namespace
}  // namespace glint_test
