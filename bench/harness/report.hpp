// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <span>
#include <string>

#include "harness/measure.hpp"

namespace glint_bench {

/// Prints the head of the table and what its columns mean.
void print_head(std::FILE* to, const std::string& title);
/// Prints a row as one line for ours and one a peer: median, least to greatest, ratio ours by peer.
void print_row(std::FILE* to, const measured_row& row);

/// An array of {name, unit, value, min, max, runs, peer, peer_value, ratio}: one object a row and peer; the last three
/// only where there is a peer. Value, min and max are ours.
[[nodiscard]] std::string to_json(std::span<const measured_row> rows);

/// Writes `text` and makes the folders on the way. False, with a message on standard error, if that failed.
[[nodiscard]] bool write_file(const std::string& path, const std::string& text);

}  // namespace glint_bench
