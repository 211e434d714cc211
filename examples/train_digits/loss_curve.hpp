// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <glint/base/result.hpp>

namespace digits {

/// The mean loss of each step as an SVG picture: a logarithmic scale, since losses fall by powers; values
/// that are not above 0 and finite are left out. Complete in itself, the same text for the same losses.
[[nodiscard]] std::string loss_curve_svg(const std::vector<double>& losses);

/// Writes `text` to a file. Errors: io_error with the system's reason.
[[nodiscard]] glint::result<void> write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace digits
