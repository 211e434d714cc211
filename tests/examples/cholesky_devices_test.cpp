// SPDX-License-Identifier: Apache-2.0
// The factorization on devices, which are emulated, on CPUs, and on both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tiled_cholesky/factorization.hpp"

namespace cholesky {
namespace {

using ::testing::HasSubstr;

constexpr processors everywhere[] = {processors::cpus, processors::devices, processors::both};
constexpr std::uint64_t kib = 1024;

std::string name_of(processors on) {
  return on == processors::cpus ? "cpus" : on == processors::devices ? "devices" : "both";
}

/// A node for each case.
class CholeskyOnDevices : public testing::Test {
 protected:
  void begin(std::uint32_t devices, std::uint64_t memory_bytes = 1024 * kib) {
    glint::init({.cpus = 2,
                 .devices = devices,
                 .device_memory_bytes = memory_bytes,
                 .backend = glint::device_backend::emulated,
                 .log_level = glint::log_level::warning});
  }
  void TearDown() override { glint::shutdown(); }
};

class CholeskyWherever : public CholeskyOnDevices, public testing::WithParamInterface<processors> {};
INSTANTIATE_TEST_SUITE_P(ItRuns, CholeskyWherever, testing::ValuesIn(everywhere),
                         [](const auto& on) { return name_of(on.param); });

matrix by_lapack(matrix whole) {
  factor_by_lapack(whole);
  return whole;
}

/// The largest element of L * L' - A, by the largest one of A.
double residual(const matrix& l, const matrix& a) {
  matrix made{l.size, std::vector<double>(l.values.size())};
  for (std::int64_t y = 0; y < l.size; ++y) {
    for (std::int64_t x = 0; x < l.size; ++x) {
      for (std::int64_t i = 0; i < l.size; ++i) made.at(y, x) += l.at(y, i) * l.at(x, i);
    }
  }
  return relative_difference(made, a);
}

std::uint64_t bytes_of(const tiled_matrix& parts) {
  std::uint64_t bytes = 0;
  for (const auto& row : parts.tiles) {
    for (const auto& one : row) bytes += glint::metadata(one).tensors.at(0).bytes;
  }
  return bytes;
}

struct shape {
  std::int64_t size, side;
};

/// Tiles that divide the matrix and that do not, less than a panel of the kernels, more than one, and more than a block
/// of theirs; one tile alone.
TEST_P(CholeskyWherever, IsWhatLapackMakes) {
  begin(1);
  for (const shape of : {shape{1, 1}, shape{2, 1}, shape{17, 5}, shape{48, 16}, shape{70, 100}, shape{150, 70}}) {
    const matrix whole = make_positive_definite(of.size, 3);
    const matrix ours = put_together(factorize(cut(whole, of.side), GetParam()));
    EXPECT_LT(relative_difference(ours, by_lapack(whole)), 1e-13) << of.size << " in tiles of " << of.side;
    EXPECT_LT(residual(ours, whole), 1e-13) << of.size << " in tiles of " << of.side;
  }
}

TEST_F(CholeskyOnDevices, RunsWhereItIsTold) {
  begin(1);
  const matrix whole = make_positive_definite(60, 4);  // 35 bodies for five tiles along a side
  for (const processors on : everywhere) {
    const auto before = bodies_begun();
    wait_for(factorize(cut(whole, 12), on));
    const auto after = bodies_begun();
    const auto cpus = after.on_cpus - before.on_cpus;
    const auto devices = after.on_devices - before.on_devices;
    EXPECT_EQ(cpus + devices, 35u) << name_of(on);
    EXPECT_EQ(cpus > 0, on != processors::devices) << name_of(on);
    EXPECT_EQ(devices > 0, on != processors::cpus) << name_of(on);  // of both, each is tried at a new size
  }
  EXPECT_THAT(glint::variant_report(), HasSubstr("cholesky::subtract_product_on_device"));
}

/// Each tile is brought there once, and changed in place from then on.
TEST_F(CholeskyOnDevices, WorksInTheTilesOwnMemory) {
  begin(1);
  auto parts = cut(make_positive_definite(96, 5), 32);
  const std::uint64_t bytes = bytes_of(parts);
  parts = factorize(std::move(parts), processors::devices);
  wait_for(parts);
  EXPECT_EQ(glint::statistics().device_bytes_allocated, bytes);
  EXPECT_EQ(glint::statistics().bytes_to_devices, bytes);
}

TEST_P(CholeskyWherever, LeavesWhatOthersHoldAsItWas) {
  begin(1);
  const matrix whole = make_positive_definite(40, 6);
  const tiled_matrix parts = cut(whole, 16);
  const matrix theirs = by_lapack(whole);
  EXPECT_LT(relative_difference(put_together(factorize(parts, GetParam())), theirs), 1e-13);
  EXPECT_LT(relative_difference(put_together(factorize(parts, GetParam())), theirs), 1e-13) << "of the same tiles";
}

/// The matrix is more than three times what the device has: room for six tiles of 21.
TEST_F(CholeskyOnDevices, AMatrixThatIsLargerThanTheDeviceIsFactored) {
  constexpr std::uint64_t capacity = 12 * kib;
  begin(1, capacity);
  const matrix whole = make_positive_definite(93, 7);
  auto parts = cut(whole, 16);
  const std::uint64_t bytes = bytes_of(parts);
  ASSERT_GE(bytes, 3 * capacity);
  parts = factorize(std::move(parts), processors::devices);
  wait_for(parts);
  const auto did = glint::statistics();
  const std::uint64_t diagonal = 6 * 16 * 16 * sizeof(double);  // checks have brought it to the host already
  EXPECT_GE(did.bytes_spilled, bytes - capacity - diagonal) << "each tile was changed on the device";
  EXPECT_LT(relative_difference(put_together(parts), by_lapack(whole)), 1e-13);
}

TEST_F(CholeskyOnDevices, AMatrixThatIsLargerThanTheDeviceIsFactoredByBoth) {
  begin(1, 12 * kib);
  const matrix whole = make_positive_definite(93, 8);
  const auto before = bodies_begun();
  const matrix ours = put_together(factorize(cut(whole, 16), processors::both));
  EXPECT_LT(relative_difference(ours, by_lapack(whole)), 1e-13);
  EXPECT_GT(bodies_begun().on_devices, before.on_devices);
}

TEST_F(CholeskyOnDevices, TwoDevicesShareTheWork) {
  begin(2);
  const matrix whole = make_positive_definite(75, 9);
  for (const processors on : {processors::devices, processors::both}) {
    EXPECT_LT(relative_difference(put_together(factorize(cut(whole, 16), on)), by_lapack(whole)), 1e-13);
  }
}

TEST_F(CholeskyOnDevices, WithoutADeviceCpusDoBoth) {
  begin(0);
  const matrix whole = make_positive_definite(30, 10);
  EXPECT_LT(relative_difference(put_together(factorize(cut(whole, 16), processors::both)), by_lapack(whole)), 1e-13);
  try {
    wait_for(factorize(cut(whole, 16), processors::devices));
    FAIL() << "there is no device";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), glint::errc::no_device);
  }
}

/// A tile of 8 KiB for a device of 4: on both, all of it is for CPUs.
TEST_F(CholeskyOnDevices, TilesThatNeverFitAreRefusedOrStayOnCpus) {
  begin(1, 4 * kib);
  const matrix whole = make_positive_definite(96, 13);
  EXPECT_LT(relative_difference(put_together(factorize(cut(whole, 32), processors::both)), by_lapack(whole)), 1e-13);
  EXPECT_EQ(glint::statistics().bytes_to_devices, 0u);
  try {
    wait_for(factorize(cut(whole, 32), processors::devices));
    FAIL() << "where?";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), glint::errc::infeasible);
    EXPECT_THAT(e.what(), HasSubstr("cholesky::factor_on_device"));
  }
}

/// What a factorization says when it fails; "nothing" if it does not.
std::string reason_of(const matrix& whole, std::int64_t side, processors on) {
  try {
    wait_for(factorize(cut(whole, side), on));
  } catch (const glint::exception& e) {
    try {
      std::rethrow_if_nested(e);
    } catch (const not_positive_definite& why) {
      return why.what();
    }
    return e.what();
  }
  return "nothing";
}

TEST_P(CholeskyWherever, AMatrixThatIsNotPositiveDefiniteIsReportedWithItsRow) {
  begin(1);
  for (const std::int64_t row : {1, 16, 17, 39, 40}) {
    matrix whole = make_positive_definite(40, 11);
    whole.at(row - 1, row - 1) = -1;
    const std::string reason = "the matrix is not positive definite: found at row " + std::to_string(row);
    EXPECT_EQ(reason_of(whole, 16, GetParam()), reason);
    EXPECT_EQ(reason_of(whole, 40, GetParam()), reason) << "in a tile of two panels";
    EXPECT_THROW(factor_by_lapack(whole), not_positive_definite);
  }
}

/// 1 - 1 * 1 = 0: no factor either, though no root of a negative number is asked for.
TEST_P(CholeskyWherever, APivotOfZeroIsReportedToo) {
  begin(1);
  const matrix whole{3, {1, 1, 0, 1, 1, 0, 0, 0, 1}};
  for (const std::int64_t side : {1, 2, 3}) {
    EXPECT_EQ(reason_of(whole, side, GetParam()), "the matrix is not positive definite: found at row 2") << side;
  }
}

/// On a device nobody looks, and what is not a number goes on.
TEST_F(CholeskyOnDevices, BehindThatRowThereAreNoNumbers) {
  begin(1);
  matrix whole = make_positive_definite(40, 12);
  whole.at(20, 20) = -1;
  const tiled_matrix made = factorize(cut(whole, 16), processors::devices);
  EXPECT_THROW(wait_for(made), glint::exception);
  EXPECT_NO_THROW(glint::get(made.checks[0]));
  const tile second = glint::get(made.tiles[1][1]).to_host();
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(std::isnan(second.values()[i * 16 + i]), i >= 4) << i;
  const tile last = glint::get(made.tiles[2][2]).to_host();
  for (const double value : {last.values()[0], last.values()[63]}) EXPECT_TRUE(std::isnan(value));
  const tile before = glint::get(made.tiles[2][0]).to_host();
  for (const double value : before.values()) EXPECT_FALSE(std::isnan(value));
}

}  // namespace
}  // namespace cholesky
