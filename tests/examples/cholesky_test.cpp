// SPDX-License-Identifier: Apache-2.0
#include "tiled_cholesky/factorization.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace cholesky {
namespace {

class Cholesky : public testing::Test {
 protected:
  void SetUp() override {
    glint::init({.cpus = 2, .backend = glint::device_backend::emulated, .log_level = glint::log_level::warning});
  }
  void TearDown() override { glint::shutdown(); }
};

/// L * L'.
matrix square_of(const matrix& l) {
  matrix made{l.size, std::vector<double>(l.values.size())};
  for (std::int64_t y = 0; y < l.size; ++y) {
    for (std::int64_t x = 0; x < l.size; ++x) {
      for (std::int64_t i = 0; i < l.size; ++i) made.at(y, x) += l.at(y, i) * l.at(x, i);
    }
  }
  return made;
}

TEST_F(Cholesky, IsWhatLapackMakesWhateverTheTiles) {
  for (const std::int64_t size : {1, 2, 17, 64, 100}) {
    const matrix whole = make_positive_definite(size, 3);
    matrix theirs = whole;
    factor_by_lapack(theirs);
    for (const std::int64_t side : {1, 5, 16, 64, 200}) {
      if (size / side > 20) continue;  // thousands of tasks on single numbers
      const matrix ours = put_together(factorize(cut(whole, side)));
      EXPECT_LT(relative_difference(ours, theirs), 1e-13) << size << " in tiles of " << side;
    }
  }
}

TEST_F(Cholesky, GivesTheMatrixBack) {
  const matrix whole = make_positive_definite(50, 4);
  EXPECT_LT(relative_difference(square_of(put_together(factorize(cut(whole, 16)))), whole), 1e-13);
}

TEST_F(Cholesky, WorksInTheTilesOwnMemory) {
  auto parts = cut(make_positive_definite(96, 5), 32);
  std::vector<const double*> before;
  for (const auto& row : parts.tiles) {
    for (const auto& one : row) before.push_back(glint::get(one).data());
  }
  parts = factorize(std::move(parts));
  std::size_t i = 0;
  for (const auto& row : parts.tiles) {
    for (const auto& one : row) EXPECT_EQ(glint::get(one).data(), before[i++]);
  }
}

TEST_F(Cholesky, LeavesWhatOthersHoldAsItWas) {
  const matrix whole = make_positive_definite(48, 6);
  const tiled_matrix parts = cut(whole, 16);
  matrix theirs = whole;
  factor_by_lapack(theirs);
  EXPECT_LT(relative_difference(put_together(factorize(parts)), theirs), 1e-13);
  EXPECT_LT(relative_difference(put_together(factorize(parts)), theirs), 1e-13);  // of the same tiles again
}

TEST_F(Cholesky, AMatrixThatIsNotPositiveDefiniteFailsFromThereOn) {
  matrix whole = make_positive_definite(40, 7);
  whole.at(25, 25) = -1;  // in the second tile of three
  const tiled_matrix made = factorize(cut(whole, 16));
  EXPECT_NO_THROW(glint::get(made.tiles[2][0]));
  const std::string reason = "the matrix is not positive definite: found at row 26";
  const auto failed = glint::try_get(made.tiles[1][1], std::chrono::seconds(60));
  ASSERT_TRUE(failed && !*failed);
  EXPECT_EQ(failed->error().code(), glint::errc::user_exception);
  EXPECT_EQ(failed->error().message(), reason);
  const auto behind = glint::try_get(made.tiles[2][2], std::chrono::seconds(60));
  ASSERT_TRUE(behind && !*behind);
  EXPECT_EQ(behind->error().code(), glint::errc::dependency_failed);
  EXPECT_EQ(behind->error().root_cause().message(), reason);
  try {
    factor_by_lapack(whole);
    FAIL() << "LAPACK has factored it";
  } catch (const not_positive_definite& e) {
    EXPECT_EQ(e.what(), reason);
  }
}

TEST(Matrix, DifferenceSeesWhatIsNotANumber) {
  const matrix one{1, {1.0}};
  EXPECT_EQ(relative_difference({1, {0.5}}, one), 0.5);
  const matrix two{2, {1.0, 0.0, 0.0, 1.0}};
  EXPECT_TRUE(std::isnan(relative_difference({2, {1.0, std::nan(""), 0.0, 1.0}}, two)));
}

}  // namespace
}  // namespace cholesky
